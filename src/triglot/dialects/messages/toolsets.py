"""The toolsets of the API, one entry of `tools` for a desktop or a browser that the client runs, as one function for each member.

A member is called by its own name and the name of its set, in two fields, because sets share names. A function has one name, so here it is
called `SET_MEMBER`. Source: `anthropic/types/{computer,browser}_*_input.py` and `anthropic/lib/tools/_toolsets` of the official SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from triglot.dialects.chat_request import function_tool
from triglot.dialects.messages.client_tools import Schema, choice, integers, number, object_schema, text

if TYPE_CHECKING:
    from triglot.generated.messages import models as wire


class Member(NamedTuple):
    """What a call of a set's member is called in a Messages answer: the `name` and the `toolset_name` of its block."""

    name: str
    toolset_name: str


class _Row(NamedTuple):
    """One member; a parameter whose name ends in `?` may be left out."""

    description: str
    parameters: dict[str, Schema] = {}  # noqa: RUF012 - never changed
    is_offered: bool = True


def toolset_members(tool: wire.Toolset) -> list[Member]:
    """The members that the client has not switched off, and those that it has switched on."""
    family, rows = _SETS[tool.type]
    configs = tool.configs or {}
    members = []
    for name, row in rows.items():
        config = configs.get(name)
        wanted = config.enabled if config is not None else None
        if row.is_offered if wanted is None else wanted:
            members.append(Member(name, family))
    return members


def toolset_functions(tool: wire.Toolset) -> list[dict[str, Any]]:
    """The functions to offer for the members."""
    _, rows = _SETS[tool.type]
    return [_function(member, rows[member.name]) for member in toolset_members(tool)]


def function_name(name: str, toolset_name: str | None) -> str:
    """The name of the function that stands for a tool, which may be a member of a set."""
    return name if toolset_name is None else f"{toolset_name}_{name}"


def describe_browser(state: wire.BrowserStateBlock) -> str:
    """The tabs of the client's browser and what happened to them, as a model can read it."""
    lines = ["Tabs of the browser:" if state.tabs else "The browser has no tabs."]
    for tab in state.tabs:
        active = " (active)" if tab.get("active") else ""
        lines.append(f"- {tab.get('tab_id')}{active}: {tab.get('title') or 'no title'}, {tab.get('url') or 'no address'}")
    for change in state.state_changes or ():
        details = ", ".join(f"{name} {value}" for name, value in change.items() if name != "type" and value is not None)
        lines.append(f"{change.get('type')}: {details}")
    return "\n".join(lines)


def _function(member: Member, row: _Row) -> dict[str, Any]:
    properties = {name.removesuffix("?"): schema for name, schema in row.parameters.items()}
    required = [name for name in row.parameters if not name.endswith("?")]
    return function_tool(function_name(*member), row.description, object_schema(properties, *required), strict=None)


_DIRECTIONS: Final = ["up", "down", "left", "right"]
_KEYS: Final = 'Keys are joined with "+", as in ctrl+s; some names: Return, Tab, Escape, BackSpace, Page_Down, Up.'

# Computer

_PLACE: Final = "x and y in pixels from the left and the top edge of the screen."
_CLICK: Final[dict[str, Schema]] = {
    "coordinate?": integers(2, f"{_PLACE} Default: where the cursor is."),
    "text?": text("Keys to hold down meanwhile, such as ctrl+shift."),
}
_COMPUTER: Final[dict[str, _Row]] = {
    "key": _Row(
        f"Press a key or combination. {_KEYS}", {"text": text("The keys."), "repeat?": number("integer", "How many times. Default: 1.")}
    ),
    "hold_key": _Row(
        f"Keep a key or combination down. {_KEYS}", {"text": text("The keys."), "duration": number("integer", "For how many seconds.")}
    ),
    "type": _Row("Type text on the keyboard.", {"text": text("The text.")}),
    "cursor_position": _Row("Tell where the cursor is, in pixels."),
    "mouse_move": _Row("Move the cursor without clicking.", {"coordinate": integers(2, _PLACE)}),
    "left_mouse_down": _Row("Press the left mouse button and keep it down."),
    "left_mouse_up": _Row("Let the left mouse button go."),
    "left_click": _Row("Click with the left mouse button.", _CLICK),
    "left_click_drag": _Row(
        "Drag with the left mouse button.",
        {
            "coordinate": integers(2, f"Where to: {_PLACE}"),
            "start_coordinate": integers(2, f"Where from: {_PLACE}"),
            "text?": _CLICK["text?"],
        },
    ),
    "right_click": _Row("Click with the right mouse button.", _CLICK),
    "middle_click": _Row("Click with the middle mouse button.", _CLICK),
    "double_click": _Row("Click twice with the left mouse button.", _CLICK),
    "triple_click": _Row("Click three times with the left mouse button.", _CLICK),
    "scroll": _Row(
        "Turn the mouse wheel.",
        {
            "scroll_direction": choice(_DIRECTIONS, "Where to scroll to."),
            "scroll_amount": number("integer", "How many notches of the wheel."),
            **_CLICK,
        },
    ),
    "wait": _Row("Pause.", {"duration": number("integer", "For how many seconds.")}),
    "screenshot": _Row("Show the screen."),
    "zoom": _Row(
        "Show a part of the screen enlarged.", {"region": integers(4, "Left, top, right and bottom edge, in pixels of a screenshot.")}
    ),
}

# Browser


def _tagged(tag: str, properties: dict[str, Schema]) -> Schema:
    return object_schema({"type": {"const": tag}, **properties}, "type", *properties)


_POINT: Final = _tagged(
    "coordinate", {"x": number("integer", "Pixels from the left edge."), "y": number("integer", "Pixels from the top edge.")}
)
_ELEMENT: Final = _tagged("ref", {"ref": text("Reference of an element, such as ref_7, from read_page or find.")})
_ANYWHERE: Final[Schema] = {"anyOf": [_POINT, _ELEMENT], "description": "A point of the visible page, or an element."}
_TAB: Final[dict[str, Schema]] = {"tab_id?": text("The tab. Default: the active one.")}
_BROWSER_CLICK: Final[dict[str, Schema]] = {
    "target": _ANYWHERE,
    "modifiers?": text("Keys to hold down meanwhile, such as ctrl+shift."),
    **_TAB,
}
_BROWSER: Final[dict[str, _Row]] = {
    "navigate": _Row("Open a page.", {"url": text('Its address; or "back", "forward" or "reload".'), **_TAB}),
    "list_tabs": _Row("List the open tabs with id, title and address."),
    "new_tab": _Row("Open an empty tab and tell its id."),
    "switch_tab": _Row("Make a tab the active one.", {"tab_id": text("The tab.")}),
    "close_tab": _Row("Close a tab.", {"tab_id": text("The tab.")}),
    "read_page": _Row(
        "Show the page as a tree of elements with references such as [ref_7], by which other tools find them.",
        {
            "depth?": number("integer", "How deep to go. Default: 15."),
            "filter?": choice(["all", "interactive"], "interactive: only what can be operated; all: also what is out of view."),
            "ref?": text("The element to begin at. Default: the whole page."),
            **_TAB,
        },
    ),
    "get_page_text": _Row("Show the text of the page.", _TAB),
    "read_console": _Row("Show what the page wrote to its console since the last time.", _TAB, is_offered=False),
    "read_network": _Row("Show the network requests of the page since the last time.", _TAB, is_offered=False),
    "find": _Row(
        "Find elements by a description and give references to them.", {"query": text("What to find, such as search bar."), **_TAB}
    ),
    "form_input": _Row(
        "Set the value of a form element.",
        {
            "target": _ELEMENT,
            "value": {"type": ["string", "number", "boolean"], "description": "The value; true or false for a checkbox."},
            **_TAB,
        },
    ),
    "file_upload": _Row(
        "Give files to a file input. Needs paths or document_ids.",
        {
            "target": _ELEMENT,
            "document_ids?": {"type": "array", "items": {"type": "string"}, "description": "Ids of files that were made ready."},
            "paths?": {"type": "array", "items": {"type": "string"}, "description": "Paths on the computer of the browser."},
            **_TAB,
        },
        is_offered=False,
    ),
    "scroll_to": _Row("Scroll until an element is in view.", {"target": _ELEMENT, **_TAB}),
    "screenshot": _Row("Show the visible part of the page.", _TAB),
    "zoom": _Row(
        "Show a part of the page enlarged.", {"region": integers(4, "Left, top, right and bottom edge, in pixels of a screenshot."), **_TAB}
    ),
    "left_click": _Row("Click with the left mouse button.", _BROWSER_CLICK),
    "right_click": _Row("Click with the right mouse button.", _BROWSER_CLICK),
    "middle_click": _Row("Click with the middle mouse button.", _BROWSER_CLICK),
    "double_click": _Row("Click twice with the left mouse button.", _BROWSER_CLICK),
    "triple_click": _Row("Click three times with the left mouse button.", _BROWSER_CLICK),
    "hover": _Row("Move the cursor onto something without clicking.", {"target": _ANYWHERE, **_TAB}),
    "left_click_drag": _Row("Drag with the left mouse button.", {"from": _POINT, "target": _POINT, **_TAB}),
    "left_mouse_down": _Row("Press the left mouse button and keep it down.", {"target": _POINT, **_TAB}),
    "left_mouse_up": _Row("Let the left mouse button go.", {"target": _POINT, **_TAB}),
    "mouse_move": _Row("Move the cursor to a point without clicking.", {"target": _POINT, **_TAB}),
    "scroll": _Row(
        "Turn the mouse wheel.",
        {
            "scroll_direction": choice(_DIRECTIONS, "Where to scroll to."),
            "target": _POINT,
            "scroll_amount?": number("integer", "How many notches of the wheel, 1 to 10. Default: 3."),
            **_TAB,
        },
    ),
    "type": _Row("Type text where the focus is.", {"text": text("The text."), **_TAB}),
    "key": _Row(
        f"Press a key or combination, or several, with spaces between them. {_KEYS}",
        {"text": text("The keys."), "repeat?": number("integer", "How many times. Default: 1."), **_TAB},
    ),
    "hold_key": _Row(
        f"Keep a key or combination down. {_KEYS}",
        {"text": text("The keys."), "duration": number("number", "For how many seconds, 30 at most."), **_TAB},
    ),
    "wait": _Row("Pause.", {"duration": number("number", "For how many seconds, 30 at most."), **_TAB}),
    "javascript_exec": _Row(
        "Run JavaScript in the page and give the value of its last expression.",
        {"text": text("The code, without return."), **_TAB},
        is_offered=False,
    ),
}

_SETS: Final[dict[Literal["computer_toolset_20260801", "browser_toolset_20260801"], tuple[str, dict[str, _Row]]]] = {
    "computer_toolset_20260801": ("computer", _COMPUTER),
    "browser_toolset_20260801": ("browser", _BROWSER),
}
