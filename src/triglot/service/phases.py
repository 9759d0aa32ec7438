"""How long each phase of a request may take."""

from __future__ import annotations

from typing import Final, NamedTuple

from triglot.errors import ApiError, ErrorKind

HEADER: Final = "x-triglot-timeout"

_TOO_LATE: Final = {
    "facts": "The backend did not tell what it is within {limit:g} s: it hangs, or loads its model. Try again later, or raise {flag}.",
    "queue": "No place came free at the backend within {limit:g} s: other requests have them all. Try again later, or raise {flag}.",
    "connect": "The backend did not take the connection within {limit:g} s: it hangs, or is not there. Try again, or raise {flag}.",
    "first_token": "The backend gave no token within {limit:g} s; it may still be reading the prompt. Send a shorter one, or raise {flag}.",
    "idle": "The backend gave nothing more for {limit:g} s in the middle of its answer. Try again, or raise {flag}.",
    "whole": "The backend did not give its answer, in one piece, within {limit:g} s. Ask for a stream, or raise {flag}.",
    "total": "The request took longer than the {limit:g} s that it may take altogether. Ask for less, or raise {flag}.",
}


class Phases(NamedTuple):
    """Limits in seconds; `None`: for ever.

    Attributes:
        queue: until the backend has a place for the request; it may have to load its model before, or to tell how many places it has.
        connect: until the backend has taken the connection.
        first_token: from then on until the model's first token, the reading of the prompt included.
        idle: between two signs of progress of an answer; if it comes in one piece, between two of its parts.
        whole: from the connection to the end of an answer that the backend gives in one piece. It has no first token.
        total: from the request's arrival to the end of its answer.
    """

    queue: float | None = None
    connect: float | None = None
    first_token: float | None = None
    idle: float | None = None
    whole: float | None = None
    total: float | None = None

    def lowered(self, header: str | None) -> Phases:
        """These limits, none higher than a request's own header says.

        Args:
            header: such as `queue=5, first_token=30`.

        Raises:
            ApiError: it cannot be read.
        """
        if header is None:
            return self
        wanted = [_read_limit(part.strip()) for part in header.split(",") if part.strip()]
        return self._replace(**{name: _lower(getattr(self, name), seconds) for name, seconds in wanted})

    def too_late(self, phase: str, waited_for: str | None = None) -> ApiError:
        """The error of a request that ran into a limit.

        Args:
            phase: whose limit it is.
            waited_for: what was waited for, if that is not what gave the phase its name.
        """
        message = _TOO_LATE[waited_for or phase].format(limit=getattr(self, phase), flag=f"--{phase.replace('_', '-')}-timeout-s")
        return ApiError(ErrorKind.BACKEND_TIMEOUT, message, details={"phase": phase})


def _read_limit(part: str) -> tuple[str, float]:
    name, _, text = part.partition("=")
    name = name.strip().lower().replace("-", "_")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if name not in Phases._fields or not 0 < seconds < float("inf"):
        known = ", ".join(f"{field}=SECONDS" for field in Phases._fields)
        raise ApiError(ErrorKind.INVALID_REQUEST, f"The header {HEADER} has {part!r}, which is none of {known}.", param=HEADER)
    return name, seconds


def _lower(limit: float | None, wanted: float) -> float:
    return wanted if limit is None else min(limit, wanted)
