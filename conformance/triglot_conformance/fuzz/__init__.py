"""Requests made up from the contract, valid and broken ones, and what must hold of their answers. Needs the extra `fuzz`."""


class FuzzError(Exception):
    """A fuzz run could not be done."""
