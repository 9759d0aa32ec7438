"""What clients call their requests, so that they can be found again: to be stopped, or to be sent where their prompt is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.state.cancels import LONGEST_NAME, Names

if TYPE_CHECKING:
    from collections.abc import Mapping

_SESSION_HEADERS: Final = ("x-session-id", "session-id", "x-claude-code-session-id")  # ours, Codex's and Claude Code's


def names_of(headers: Mapping[str, str], document: Any, owner: str) -> Names:
    """The names that a client gives to a request of any dialect.

    A field wins over a header, because all requests of a WebSocket have the same headers. What is too long for a name is none.

    Args:
        headers: of the request, names in lower case.
        document: its decoded body; anything but an object has no names.
        owner: whose request it is.
    """
    fields: dict[str, Any] = document if isinstance(document, dict) else {}
    return Names(
        owner,
        cancel_id=_first(fields.get("cancel_id"), headers.get("x-cancel-id")),
        session_id=_first(
            fields.get("session_id"), *(headers.get(name) for name in _SESSION_HEADERS), _codex_session(fields), _claude_session(fields)
        ),
    )


def _first(*candidates: Any) -> str | None:
    return next((name for name in candidates if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME), None)


def _codex_session(fields: Mapping[str, Any]) -> Any:
    """Codex tells of itself on WebSockets, too, where it has no headers for each request."""
    notes = fields.get("client_metadata")
    return notes.get("session_id") if isinstance(notes, dict) else None


def _claude_session(fields: Mapping[str, Any]) -> Any:
    """Claude Code's user id is a JSON text. Anybody else's is none, or holds no session."""
    metadata = fields.get("metadata")
    user_id = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user_id, str) or not user_id.startswith("{"):
        return None
    try:
        return msgspec.json.decode(user_id, type=_UserId).session_id
    except (msgspec.DecodeError, RecursionError):
        return None


class _UserId(msgspec.Struct):
    session_id: str | None = None
