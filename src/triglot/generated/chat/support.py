# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a chat request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
    "AllowedTool": Node(
        branches={"custom": "NamedCustomChoice/whole", "function": None},
        tag="type",
        unknown="OtherAllowedTool/whole",
    ),
    "AllowedTools": Node(
        children={"tools": "AllowedTools.tools"},
    ),
    "AllowedTools.tools": Node(
        items="AllowedTool",
    ),
    "AllowedToolsChoice": Node(
        children={"allowed_tools": "AllowedTools"},
    ),
    "AssistantMessage": Node(
        losses={
            "audio": Lossy("ignored", "no spoken answers are kept here"),
            "function_call": Lossy("ignored", "superseded; send `tool_calls`"),
            "name": Lossy("ignored", "most chat templates have no place for it"),
            "refusal": Lossy("ignored", "chat templates have no place for it"),
        },
        children={"content": "AssistantMessage.content", "tool_calls": "AssistantMessage.tool_calls"},
    ),
    "AssistantMessage.content": Node(
        items="ContentPart",
    ),
    "AssistantMessage.tool_calls": Node(
        items="ToolCall",
    ),
    "AudioPart": Node(
        losses={
            "prompt_cache_breakpoint": Lossy("ignored", "llama-server caches every prompt by its longest common prefix"),
        },
    ),
    "ContentPart": Node(
        branches={
            "file": "FilePart/whole",
            "image_url": "ImagePart",
            "input_audio": "AudioPart",
            "refusal": "RefusalPart/whole",
            "text": "TextPart",
        },
        tag="type",
    ),
    "CreateChatCompletion": Node(
        losses={
            "audio": Lossy("ignored", "local models answer in text"),
            "function_call": Lossy("ignored", "superseded; send `tool_choice`"),
            "functions": Lossy("ignored", "superseded; send `tools`"),
            "metadata": Lossy("ignored", "chat completions are not kept"),
            "modalities": Lossy("ignored", "local models answer in text", ["text"]),
            "moderation": Lossy("ignored", "no moderation model runs here"),
            "prediction": Lossy("ignored", "it saves time only; start the backend with a draft model instead"),
            "prompt_cache_options": Lossy("ignored", "llama-server finds the longest common prefix by itself"),
            "prompt_cache_retention": Lossy("ignored", "the cache lives as long as the slot"),
            "response_fields": Lossy("ignored", "llama-server applies it to plain completions only"),
            "safety_identifier": Lossy("ignored", "a local server does not tell its users apart"),
            "service_tier": Lossy("ignored", "a local server has no capacity tiers", "auto"),
            "store": Lossy("ignored", "chat completions are not kept", False),
            "user": Lossy("ignored", "a local server does not tell its users apart"),
            "verbosity": Lossy("ignored", "local models have no such control; ask for it in the prompt", "medium"),
            "web_search_options": Lossy("ignored", "nothing is searched here; offer a function tool that does"),
        },
        children={
            "messages": "CreateChatCompletion.messages",
            "response_format": "CreateChatCompletion.response_format",
            "stream_options": "CreateChatCompletion.stream_options",
            "tool_choice": "CreateChatCompletion.tool_choice",
            "tools": "CreateChatCompletion.tools",
        },
    ),
    "CreateChatCompletion.messages": Node(
        items="Message",
    ),
    "CreateChatCompletion.response_format": Node(
        branches={"json_schema": "JsonSchemaFormat"},
        tag="type",
    ),
    "CreateChatCompletion.stream_options": Node(
        losses={
            "include_obfuscation": Lossy("ignored", "chunks are relayed at their own size", False),
        },
    ),
    "CreateChatCompletion.tool_choice": Node(
        branches={"allowed_tools": "AllowedToolsChoice", "custom": "NamedCustomChoice/whole"},
        tag="type",
    ),
    "CreateChatCompletion.tools": Node(
        items="Tool",
    ),
    "CustomTool/whole": Node(
        whole=Lossy("ignored", "llama-server knows function tools only; the tool is dropped"),
        tag="type",
    ),
    "CustomToolCall/whole": Node(
        whole=Lossy("rejected", "llama-server knows function calls only; send the call as a function call"),
        tag="type",
    ),
    "DeveloperMessage": Node(
        losses={
            "name": Lossy("ignored", "chat templates have no place for it"),
        },
        children={"content": "MessageContent"},
    ),
    "FilePart/whole": Node(
        whole=Lossy("rejected", "llama-server reads no files; put the text into the message"),
        tag="type",
    ),
    "ImagePart": Node(
        losses={
            "prompt_cache_breakpoint": Lossy("ignored", "llama-server caches every prompt by its longest common prefix"),
        },
        children={"image_url": "ImageUrl"},
    ),
    "ImageUrl": Node(
        losses={
            "detail": Lossy("ignored", "the vision projector of a local model has one resolution", "auto"),
        },
    ),
    "JsonSchema": Node(
        losses={
            "description": Lossy("ignored", "llama-server does not show it to the model; say it in the prompt"),
        },
    ),
    "JsonSchemaFormat": Node(
        children={"json_schema": "JsonSchema"},
    ),
    "Message": Node(
        branches={
            "assistant": "AssistantMessage",
            "developer": "DeveloperMessage",
            "system": "SystemMessage",
            "tool": "ToolMessage",
            "user": "UserMessage",
        },
        tag="role",
    ),
    "MessageContent": Node(
        items="ContentPart",
    ),
    "NamedCustomChoice/whole": Node(
        whole=Lossy("ignored", "free-text tools are dropped"),
        tag="type",
    ),
    "OtherAllowedTool/whole": Node(
        whole=Lossy("ignored", "llama-server knows function tools only; the tool is dropped"),
        tag="type",
    ),
    "OtherTool/whole": Node(
        whole=Lossy("ignored", "llama-server knows function tools only; the tool is dropped"),
        tag="type",
    ),
    "RefusalPart/whole": Node(
        whole=Lossy("rejected", "llama-server knows no refusal parts; send the words as text"),
        tag="type",
    ),
    "SystemMessage": Node(
        losses={
            "name": Lossy("ignored", "chat templates have no place for it"),
        },
        children={"content": "MessageContent"},
    ),
    "TextPart": Node(
        losses={
            "prompt_cache_breakpoint": Lossy("ignored", "llama-server caches every prompt by its longest common prefix"),
        },
    ),
    "Tool": Node(
        branches={"custom": "CustomTool/whole", "function": None},
        tag="type",
        unknown="OtherTool/whole",
    ),
    "ToolCall": Node(
        branches={"custom": "CustomToolCall/whole"},
        tag="type",
    ),
    "ToolMessage": Node(
        children={"content": "MessageContent"},
    ),
    "UserMessage": Node(
        losses={
            "name": Lossy("ignored", "most chat templates have no place for it"),
        },
        children={"content": "MessageContent"},
    ),
}
CREATE_CHAT_COMPLETION: Final = SupportTable(_NODES, "CreateChatCompletion")
