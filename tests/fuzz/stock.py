"""Gives made-up requests something real to work on: where they name a response, a conversation or an item, a stored one is put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemathesis.python import asgi

if TYPE_CHECKING:
    from schemathesis import Case

PLACES = {"response_id", "conversation_id", "item_id"}


def place_stored(app: Any, case: Case, *, background: bool) -> bool:
    """Change a request so that whatever it names is there; say whether it names anything.

    Args:
        app: the application, which makes the responses and conversations.
        case: the request.
        background: whether a response that the path names was made in the background.
    """
    stock = _Stock(app, background=background)
    path = case.path_parameters or {}
    for name in PLACES & path.keys():
        path[name] = getattr(stock, name)
    named = bool(PLACES & path.keys())
    if isinstance(case.body, dict):
        named |= _place_in_body(case.body, stock)
    return named


def _place_in_body(body: dict[str, Any], stock: _Stock) -> bool:
    named = False
    if isinstance(body.get("previous_response_id"), str):
        body["previous_response_id"] = stock.response_id
        named = True
    match body.get("conversation"):
        case str():
            body["conversation"] = stock.conversation_id
            named = True
        case dict() as reference:
            reference["id"] = stock.conversation_id
            named = True
    for field in ("input", "items"):
        for item in body.get(field) if isinstance(body.get(field), list) else ():
            if isinstance(item, dict) and _is_reference(item):
                item["id"] = stock.item_id
                named = True
    return named


def _is_reference(item: dict[str, Any]) -> bool:
    return item.get("type") == "item_reference" or (item.get("type") is None and item.get("role") is None)


class _Stock:
    """What is there; made when it is asked for."""

    def __init__(self, app: Any, *, background: bool) -> None:
        self._app = app
        self._background = background
        self._made: dict[str, str] = {}

    @property
    def response_id(self) -> str:
        return self._make("response_id", "/v1/responses", {"model": "m", "input": "hello", "background": self._background})

    @property
    def conversation_id(self) -> str:
        return self._make("conversation_id", "/v1/conversations", {"items": [{"role": "user", "content": "hello"}]})

    @property
    def item_id(self) -> str:
        if "item_id" not in self._made:
            [item] = self._ask("GET", f"/v1/conversations/{self.conversation_id}/items?limit=1")["data"]
            self._made["item_id"] = item["id"]
        return self._made["item_id"]

    def _make(self, name: str, path: str, body: dict[str, Any]) -> str:
        if name not in self._made:
            self._made[name] = self._ask("POST", path, body)["id"]
        return self._made[name]

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        with asgi.get_client(self._app) as client:
            answer = client.request(method, f"http://{asgi.HOST}{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()
