"""triglot: three API dialects in front of one local model server."""

__version__ = "0.1.0.dev0"
