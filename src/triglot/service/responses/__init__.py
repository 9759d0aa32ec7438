"""OpenAI Responses: one turn from request to last event, what it continues, and what is kept of it."""
