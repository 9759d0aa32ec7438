"""Compares the specs with the types of the official SDKs, field by field. Run as `python -m codegen.drift`."""
