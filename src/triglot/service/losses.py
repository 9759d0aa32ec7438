"""What of a request has no effect, told to the client instead of kept from it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from triglot.errors import ApiError, ErrorKind
from triglot.support import find_losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.support import Loss, SupportTable
    from triglot.web import RequestContext

log = logging.getLogger("triglot")

HEADER: Final = "x-triglot-loss"
_MAX_HEADER: Final = 2000


def report_losses(table: SupportTable, context: RequestContext) -> list[Loss]:
    """Name the ignored fields of the request in a header of the answer and in the debug log; gives them.

    Args:
        table: says which fields are ignored.
        context: the request.

    Raises:
        ApiError: the request has a field that cannot be met and must not be ignored.
    """
    losses = find_request_losses(table, context)
    tell_losses(losses, context)
    return losses


def find_request_losses(table: SupportTable, context: RequestContext) -> list[Loss]:
    """The ignored fields of the request.

    Raises:
        ApiError: one of its fields cannot be met and must not be ignored.
    """
    return refuse_rejected(find_losses(table, context.document))


def refuse_rejected(losses: Sequence[Loss]) -> list[Loss]:
    """The losses, if all of them can be borne.

    Raises:
        ApiError: one of them cannot.
    """
    for loss in losses:
        if loss.level == "rejected":
            raise ApiError(ErrorKind.UNSUPPORTED, f"{loss} cannot be served here: {loss.reason}.", param=loss.path)
    return list(losses)


def tell_losses(losses: Sequence[Loss], context: RequestContext) -> None:
    """Name losses in a header of the answer and in the debug log."""
    if not losses:
        return
    context.log.note_losses(losses)
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s: ignored %s", context.request_id, "; ".join(f"{loss}: {loss.reason}" for loss in losses))
    names = "; ".join(map(str, losses))
    text = names if len(names) <= _MAX_HEADER else names[:_MAX_HEADER].rpartition(";")[0] + "; ..."
    # a header carries ASCII without control characters; a client may have put anything into the names of its fields
    context.answer_headers[HEADER] = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
