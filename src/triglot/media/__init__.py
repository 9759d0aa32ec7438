"""Images and documents that clients send, made into what a model server can read; and the web, where that is allowed."""
