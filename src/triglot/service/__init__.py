"""The handlers behind the generated resources: each joins its dialect with the backend."""
