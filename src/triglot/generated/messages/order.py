# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate
"""The legal order of a messages stream."""

from typing import Final

from triglot.order import OrderTable

EVENT_LINE: Final[str | None] = "type"
SENTINEL: Final[str | None] = None

TABLE: Final = OrderTable(
    start="idle",
    phases={
        "idle": {
            "message_start": "between_blocks",
            "ping": "idle",
            "error": "failed",
        },
        "between_blocks": {
            "content_block_start/text": "in_text",
            "content_block_start/thinking": "in_thinking",
            "content_block_start/redacted_thinking": "in_whole_block",
            "content_block_start/tool_use": "in_tool_use",
            "content_block_start/server_tool_use": "in_tool_use",
            "content_block_start/mcp_tool_use": "in_tool_use",
            "content_block_start/*": "in_other_block",
            "message_delta": "closing",
            "ping": "between_blocks",
            "error": "failed",
        },
        "in_text": {
            "content_block_delta/text_delta": "in_text",
            "content_block_delta/citations_delta": "in_text",
            "content_block_stop": "between_blocks",
            "ping": "in_text",
            "error": "failed",
        },
        "in_thinking": {
            "content_block_delta/thinking_delta": "in_thinking",
            "content_block_delta/signature_delta": "thinking_signed",
            "content_block_stop": "between_blocks",
            "ping": "in_thinking",
            "error": "failed",
        },
        "thinking_signed": {
            "content_block_stop": "between_blocks",
            "ping": "thinking_signed",
            "error": "failed",
        },
        "in_whole_block": {
            "content_block_stop": "between_blocks",
            "ping": "in_whole_block",
            "error": "failed",
        },
        "in_tool_use": {
            "content_block_delta/input_json_delta": "in_tool_use",
            "content_block_stop": "between_blocks",
            "ping": "in_tool_use",
            "error": "failed",
        },
        "in_other_block": {
            "content_block_delta/*": "in_other_block",
            "content_block_stop": "between_blocks",
            "ping": "in_other_block",
            "error": "failed",
        },
        "closing": {
            "message_stop": "done",
            "ping": "closing",
            "error": "failed",
        },
        "done": {},
        "failed": {},
    },
    terminal=frozenset(("done", "failed")),
    qualify={
        "content_block_start": ("content_block", "type"),
        "content_block_delta": ("delta", "type"),
    },
)
