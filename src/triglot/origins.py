"""Which web pages may use the server.

A browser lets any page send requests to any server, one on loopback too, and tells only by `Origin` which page asks. A page whose own name
has been made to point here (DNS rebinding) is of the server's origin, and is told from others only by `Host`. Programs send no `Origin`.

Source: the Fetch standard, sections 3.1 to 3.3 (`Origin`, CORS), and 4.8 (preflights).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from triglot.errors import ApiError, ErrorKind
from triglot.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANY: Final = "*"
_ANY_HOST: Final = "://*"
# Containers reach this machine by them. Nobody can make them point elsewhere, nor names below .localhost: ICANN's .internal, RFC 6761.
_THIS_MACHINE: Final = frozenset({"host.docker.internal", "gateway.docker.internal", "host.containers.internal"})
_LONGEST: Final = 200
_MEANS: Final = "name it in --allowed-origins (TRIGLOT_ALLOWED_ORIGINS), or set TRIGLOT_API_KEYS"


class Origins:
    """Tells pages and names that may be used from others.

    Args:
        allowed: origins of pages that may use the server: `http://localhost:3000`, `vscode-webview://*` for all of a scheme, or `*`.
        guarded: whether every client has to show a key. No page knows it that is not meant to.
        local: whether only this machine can reach the server: others cannot be known by their names.
    """

    def __init__(self, allowed: Sequence[str], *, guarded: bool, local: bool) -> None:
        self._allowed = frozenset(allowed)
        self._hosts = {_host_of(origin.partition("://")[2]) for origin in allowed} - {"", ANY}
        self._guarded = guarded
        self._local = local

    def check(self, headers: Mapping[str, str], *, address: str, is_socket: bool) -> None:
        """Let a request in.

        Args:
            headers: of the request, names in lower case.
            address: at which it has arrived.
            is_socket: whether it opens a WebSocket, for which browsers ask nobody: only pages of the server itself may then.

        Raises:
            ApiError: PERMISSION; it may come from a page that is not to use the server.
        """
        if self._guarded:
            return
        origin, host = headers.get("origin"), headers.get("host")
        is_local = self._local and is_loopback(address)
        if is_local and host is not None and not self._is_ours(_host_of(host)):
            message = (
                f"Without API keys this server answers only to names of this machine, not to {host[:_LONGEST]}. If a proxy passes it on"
            )
            raise ApiError(ErrorKind.PERMISSION, f"{message}, {_MEANS}.")
        if origin is None or self.allows(origin):
            return
        page = origin.partition("://")[2]
        if (is_socket and page != host) or (is_local and not is_this_machine(_host_of(page))):
            message = f"Web pages of {origin[:_LONGEST]} may not use this server. If this one is to"
            raise ApiError(ErrorKind.PERMISSION, f"{message}, {_MEANS}.")

    def allows(self, origin: str) -> bool:
        """Whether an origin has been allowed."""
        return bool(self._allowed) and not self._allowed.isdisjoint({ANY, origin, origin.partition("://")[0] + _ANY_HOST})

    def permit(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What an answer tells a browser whose page has been allowed: that it may read it.

        Args:
            headers: of the request, names in lower case.
        """
        origin = headers.get("origin")
        if origin is None or not self.allows(origin):
            return {}
        return {"access-control-allow-origin": origin, "access-control-expose-headers": ANY, "vary": "origin"}

    def answer_preflight(self, method: str, headers: Mapping[str, str]) -> dict[str, str]:
        """The answer to a browser that asks whether an allowed page may send a request; empty for any other request."""
        wanted = headers.get("access-control-request-method")
        if method != "OPTIONS" or wanted is None or not (permitted := self.permit(headers)):
            return {}
        permitted |= {"access-control-allow-methods": wanted, "access-control-max-age": "600"}
        if (names := headers.get("access-control-request-headers")) is not None:
            permitted["access-control-allow-headers"] = names
        if headers.get("access-control-request-private-network") == "true":
            permitted["access-control-allow-private-network"] = "true"
        return permitted

    def _is_ours(self, host: str) -> bool:
        return is_this_machine(host) or host in self._hosts or ANY in self._allowed


def is_this_machine(host: str) -> bool:
    """Whether a name, without a port, means this machine to everybody who is on it, or in a container on it."""
    return host in _THIS_MACHINE or host.endswith(".localhost") or is_loopback(host)


def read_origin(text: str) -> str:
    """An origin as browsers write it.

    Raises:
        ValueError: it is none.
    """
    origin = text.strip().rstrip("/").lower()
    scheme, separator, host = origin.partition("://")
    if origin == ANY or (scheme and separator and host == ANY):
        return origin
    try:
        url = urlsplit(origin)
        usable = bool(scheme and url.hostname) and url.netloc == host and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable or not origin.isascii() or not origin.isprintable() or any(mark in host for mark in " *@"):
        raise ValueError(f"{text.strip()!r} is no origin such as http://localhost:3000, vscode-webview://* or *")
    default = {"http": ":80", "https": ":443"}.get(scheme, "/")
    return origin.removesuffix(default)


def _host_of(authority: str) -> str:
    """The name in a `Host` header, without its port; empty if there is none."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""
