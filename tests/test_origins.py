"""Which web pages may use the server, and what their browsers are told."""

from __future__ import annotations

from typing import Any

import pytest

from triglot.errors import ApiError, ErrorKind
from triglot.origins import Origins, read_origin

LOOPBACK = "127.0.0.1"
REFUSED, LET_IN = False, True


def lets_in(headers: dict[str, str], *allowed: str, address: str = LOOPBACK, is_socket: bool = False, **options: Any) -> bool:
    origins = Origins(allowed, **{"guarded": False, "local": True, **options})
    try:
        origins.check(headers, address=address, is_socket=is_socket)
    except ApiError as refused:
        error = refused
    else:
        return True
    assert error.kind is ErrorKind.PERMISSION
    assert "--allowed-origins" in error.message
    assert "TRIGLOT_API_KEYS" in error.message
    return False


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(
            (host, LET_IN)
            for host in ("127.0.0.1:8420", "localhost", "LocalHost:1", "localhost.", "[::1]:8420", "127.0.0.5", "a.localhost:80")
        ),
        *((host, LET_IN) for host in ("host.docker.internal:8420", "host.containers.internal")),
        *((host, REFUSED) for host in ("evil.example", "evil.example:8420", "192.168.1.5", "localhost.evil.example", "", "[::1", "*")),
        *((host, REFUSED) for host in ("127.0.0.1.evil.example", "0.0.0.0:8420", "notlocalhost", "localhost@evil.example")),
    ],
)
def test_a_name_that_was_made_to_point_here_is_refused(host: str, expected: bool) -> None:
    assert lets_in({"host": host}) is expected
    assert lets_in({"host": host}, "http://localhost:3000", "vscode-webview://*") is expected
    assert lets_in({"host": host}, "*")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        *((origin, LET_IN) for origin in ("http://localhost:3000", "http://127.0.0.1:8420", "https://[::1]", "tauri://localhost")),
        *((origin, REFUSED) for origin in ("http://evil.example", "null", "", "file://", "vscode-webview://abc", "http://[::1")),
        *((origin, REFUSED) for origin in ("http://127.0.0.1@evil.example", "http://localhost.evil.example")),
    ],
)
def test_a_page_from_elsewhere_is_refused(origin: str, expected: bool) -> None:
    assert lets_in({"origin": origin, "host": "localhost:8420"}) is expected


def test_programs_say_nothing_of_themselves() -> None:
    assert lets_in({})
    assert lets_in({}, is_socket=True)


def test_with_keys_nobody_is_asked_where_they_come_from() -> None:
    assert lets_in({"origin": "http://evil.example", "host": "evil.example"}, guarded=True)
    assert lets_in({"origin": "http://evil.example", "host": "evil.example"}, guarded=True, is_socket=True)


@pytest.mark.parametrize("options", [{"local": False}, {"address": "192.168.1.5"}, {"address": "/run/triglot.sock"}])
def test_a_server_that_others_reach_does_not_know_its_names(options: Any) -> None:
    assert lets_in({"origin": "http://other.example", "host": "gpu.example"}, **options)


@pytest.mark.parametrize("options", [{}, {"local": False}])
def test_a_websocket_is_for_pages_of_the_server_itself(options: Any) -> None:
    headers = {"host": "localhost:8420"}
    assert lets_in({**headers, "origin": "http://localhost:8420"}, is_socket=True, **options)
    assert not lets_in({**headers, "origin": "http://localhost:3000"}, is_socket=True, **options)
    assert lets_in({**headers, "origin": "http://localhost:3000"}, "http://localhost:3000", is_socket=True, **options)


@pytest.mark.parametrize(
    ("allowed", "origin", "expected"),
    [
        ("https://ui.example", "https://ui.example", LET_IN),
        ("https://ui.example", "http://ui.example", REFUSED),
        ("https://ui.example", "https://ui.example:8443", REFUSED),
        ("https://ui.example", "https://ui.example.evil.example", REFUSED),
        ("vscode-webview://*", "vscode-webview://0123abc", LET_IN),
        ("vscode-webview://*", "vscode-webview-evil://0123abc", REFUSED),
        ("*", "null", LET_IN),
    ],
)
def test_a_page_may_be_allowed(allowed: str, origin: str, expected: bool) -> None:
    assert lets_in({"origin": origin, "host": "localhost"}, allowed) is expected


def test_the_host_of_an_allowed_page_is_a_name_of_the_server() -> None:
    """A proxy serves the page, and passes requests on with its own name."""
    assert lets_in({"origin": "https://ui.example", "host": "ui.example"}, "https://ui.example")
    assert lets_in({"host": "ui.example:443"}, "https://ui.example")
    assert not lets_in({"host": "evil.example"}, "https://ui.example")


def test_an_allowed_page_may_read_its_answers() -> None:
    origins = Origins(("https://ui.example",), guarded=True, local=True)
    permitted = origins.permit({"origin": "https://ui.example"})
    assert permitted == {"access-control-allow-origin": "https://ui.example", "access-control-expose-headers": "*", "vary": "origin"}
    assert origins.permit({"origin": "http://localhost"}) == origins.permit({}) == {}


def test_a_browser_asks_first() -> None:
    origins = Origins(("https://ui.example",), guarded=True, local=True)
    question = {"origin": "https://ui.example", "access-control-request-method": "POST"}
    answer = origins.answer_preflight("OPTIONS", {**question, "access-control-request-headers": "authorization,content-type"})
    assert answer["access-control-allow-origin"] == "https://ui.example"
    assert (answer["access-control-allow-methods"], answer["access-control-allow-headers"]) == ("POST", "authorization,content-type")
    assert "access-control-allow-private-network" not in answer
    asked = origins.answer_preflight("OPTIONS", {**question, "access-control-request-private-network": "true"})
    assert asked["access-control-allow-private-network"] == "true"
    assert origins.answer_preflight("POST", question) == {}
    assert origins.answer_preflight("OPTIONS", {"origin": "https://ui.example"}) == {}
    assert origins.answer_preflight("OPTIONS", {**question, "origin": "http://evil.example"}) == {}


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (" http://localhost:3000/ ", "http://localhost:3000"),
        ("HTTPS://UI.example:443", "https://ui.example"),
        ("http://ui.example:80", "http://ui.example"),
        ("http://ui.example:443", "http://ui.example:443"),
        ("vscode-webview://*", "vscode-webview://*"),
        ("http://[::1]:80", "http://[::1]"),
        ("*", "*"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str, origin: str) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    ["", "null", "localhost:3000", "http://", "http://a/b", "http://a?b", "http://*.a", "http://a b", "http://a:x", "://a", "http://u@a"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin such as"):
        read_origin(text)
