# Generated from toy (sha256 4488b8b86b1a). DO NOT EDIT.
# Regenerate: nox -s generate
"""What `specs/` says, as code: one package a dialect."""

from typing import Final, NamedTuple


class Route(NamedTuple):
    """One path of a dialect.

    Attributes:
        path: Falcon's path template.
        resource: class of the resource; it is made with the dialect's service.
        methods: HTTP method -> the header that a request must carry to belong to this dialect, or None.
    """

    path: str
    resource: type
    methods: dict[str, str | None]


DIALECTS: Final = ("parrot",)
