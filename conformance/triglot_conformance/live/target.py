"""The server under test, as its user names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}
_REDACTED = "[redacted]"
_PATH_SIGNS = "/%:@!$&'()*+,;=~"
_SHORTEST_SECRET = 8  # what is shorter than a key can be an ordinary word, such as `none`
_SECRET_HEADERS = {"authorization", "x-api-key", "api-key", "cookie", "set-cookie", "proxy-authorization"}


class TargetError(Exception):
    """The address cannot be one of a server."""


@dataclass(frozen=True)
class Target:
    """Where requests go, and with which key.

    Attributes:
        root: path in front of `/v1`, without a slash at its end.
        key: sent as a bearer token, and as `x-api-key` to Messages; None for none.
        model: put in the place of the model that a case names; empty until it is known.
        timeout_s: for one whole answer.
        extra: headers that every request carries, such as those that a proxy in front asks for. Reports do not show their values.
    """

    scheme: str
    host: str
    port: int
    root: str = ""
    key: str | None = field(default=None, repr=False)
    model: str = ""
    timeout_s: float = 60.0
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The base URL, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{'' if self.port == _PORTS[self.scheme] else f':{self.port}'}{self.root}"

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        return urlsplit(self.url).netloc

    def headers(self, dialect: str, own: Mapping[str, str]) -> dict[str, str]:
        """What a request of a dialect carries: what a case says of its own, and over it the key and what the user gives.

        Unless one of them says something else, answers must not be compressed.
        """
        keyed = {} if self.key is None else {"x-api-key": self.key} if dialect == "messages" else {"Authorization": f"Bearer {self.key}"}
        given = {**keyed, **self.extra}
        names = {name.lower() for name in given}
        plain = {} if "accept-encoding" in {*names, *(name.lower() for name in own)} else {"Accept-Encoding": "identity"}
        return plain | {name: value for name, value in own.items() if name.lower() not in names} | given

    def mask(self, text: str) -> str:
        """What a server says, with the secrets that it repeats made stars; no report can tell them then. The length stays."""
        told = {self.key or "", *self.extra.values(), *(value.rpartition(" ")[2] for value in self.extra.values())}
        for secret in sorted(told, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "*" * len(secret))
        return text

    def redact(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers as a report may show them."""
        secret = _SECRET_HEADERS | {name.lower() for name in self.extra}
        return {name: _REDACTED if name.lower() in secret else value for name, value in headers.items()}


def parse_target(
    url: str, *, key: str | None = None, model: str = "", timeout_s: float = 60.0, extra: Mapping[str, str] | None = None
) -> Target:
    """Read a base URL; `/v1` at its end is taken off.

    Raises:
        TargetError: it is none, or the key or the model is nothing that can be sent.
    """
    if key is not None:
        key = key.strip()  # files of secrets often end in a line end
        if not key.isascii() or not key.isprintable() or not key:
            raise TargetError("The key is empty, or has characters that no header can hold.")
    if not is_text(model):
        raise TargetError("The name of the model is not UTF-8.")
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise TargetError(f"{url} is not a URL: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TargetError(f"{url} is not the URL of a server; say http://HOST:PORT")
    if parts.username or parts.password:
        raise TargetError("Put the key into --api-key or --api-key-env, not into the URL.")
    if parts.query or parts.fragment:
        raise TargetError(f"{url} has a query or a fragment; say the base URL alone, such as http://HOST:PORT")
    try:
        host = parts.hostname.encode("idna").decode()
    except UnicodeError:
        raise TargetError(f"{url} has no name of a host that there can be") from None
    root = quote(parts.path, safe=_PATH_SIGNS, errors="replace").rstrip("/").removesuffix("/v1").rstrip("/")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], root, key, model, timeout_s, extra or {})


def is_text(text: str) -> bool:
    """Whether a text is one that UTF-8 can hold: without halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
