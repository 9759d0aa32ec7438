"""OpenAI Chat Completions, the dialect that the backend speaks too."""
