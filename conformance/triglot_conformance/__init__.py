"""A conformance suite for servers that speak Chat Completions, Responses or Messages.

Cases are data, checked by a schema; the oracle reads the contract in `specs/`. Nothing here imports the gateway: an oracle that shares its
code would share its bugs.
"""
