"""The names by which the model knows the tools of a request."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from triglot.dialects.responses.callee import CalleeKind

_LONGEST: Final = 64
_BAD: Final = re.compile(r"[^a-zA-Z0-9_-]")


class CallNames:
    """Gives each tool one function name that every backend takes: letters, digits, `_` and `-`, 64 at most.

    A tool keeps its own name where that is possible, a member of a namespace is called `NAMESPACE__NAME`. A name depends on the tool alone
    unless two tools would have the same; then the first keeps it. So a conversation reads the same from turn to turn, as the backend's
    prompt cache wants it, if its tools are named before its calls.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[CalleeKind, str | None, str], str] = {}
        self._taken: set[str] = set()

    def name_call(self, kind: CalleeKind, name: str, namespace: str | None = None) -> str:
        """The function name of a tool, whether or not it is offered now.

        Args:
            kind: of the tool.
            name: its own name.
            namespace: the group it belongs to.
        """
        key = (kind, namespace or None, name)
        known = self._names.get(key)
        if known is None:
            plain = name if not namespace else f"{namespace.removesuffix('__')}__{name}"
            known = plain if _is_valid(plain) and plain not in self._taken else _distinct(plain, repr(key))
            self._names[key] = known
            self._taken.add(known)
        return known


def _is_valid(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and not _BAD.search(name)


def _distinct(name: str, identity: str) -> str:
    mark = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{_BAD.sub('_', name)[: _LONGEST - 9]}_{mark}"
