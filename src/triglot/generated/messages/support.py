# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a messages request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
    "AdvisorTool/whole": Node(
        whole=Lossy("ignored", "one request has one backend model"),
        tag="type",
    ),
    "AssistantMessage": Node(
        children={"content": "AssistantMessage.content"},
    ),
    "AssistantMessage.content": Node(
        items="InputContentBlock",
    ),
    "BashTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model calls tools here"),
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "defer_loading": Lossy("ignored", "every tool of the request is given to the model at once", False),
        },
    ),
    "BrowserStateBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
    ),
    "CodeExecutionTool/whole": Node(
        whole=Lossy("ignored", "hosted code execution does not exist here"),
        tag="type",
    ),
    "ComputerTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model calls tools here"),
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "defer_loading": Lossy("ignored", "every tool of the request is given to the model at once", False),
        },
    ),
    "ContentSource": Node(
        children={"content": "ContentSource.content"},
    ),
    "ContentSource.content": Node(
        items="DocumentContentBlock",
    ),
    "CountMessageTokens": Node(
        losses={
            "billing_policy": Lossy("ignored", "nothing is billed"),
            "cache_control": Lossy("ignored", "caching does not change the count"),
            "compaction": Lossy("ignored", "the conversation is counted as it was sent"),
            "context_management": Lossy("ignored", "the conversation is counted as it was sent"),
            "mcp_servers": Lossy("ignored", "the gateway calls no MCP server"),
            "speed": Lossy("ignored", "speed does not change the count", "standard"),
        },
        children={
            "messages": "CountMessageTokens.messages",
            "output_config": "OutputConfig",
            "system": "SystemPrompt",
            "thinking": "ThinkingConfig",
            "tools": "CountMessageTokens.tools",
        },
    ),
    "CountMessageTokens.messages": Node(
        items="InputMessage",
    ),
    "CountMessageTokens.tools": Node(
        items="Tool",
    ),
    "CreateMessage": Node(
        losses={
            "billing_policy": Lossy("ignored", "nothing is billed"),
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "compaction": Lossy("rejected", "the gateway writes no summaries; an ordinary answer would be taken for one"),
            "container": Lossy("ignored", "hosted code execution does not exist here"),
            "context_management": Lossy("ignored", "the conversation reaches the model as it was sent"),
            "diagnostics": Lossy("ignored", "the backend keeps no record of earlier prompts"),
            "fallback_credit_token": Lossy("ignored", "nothing is billed"),
            "fallbacks": Lossy("ignored", "one request has one backend model"),
            "inference_geo": Lossy("ignored", "the model runs where the backend runs"),
            "mcp_servers": Lossy("ignored", "the gateway calls no MCP server"),
            "service_tier": Lossy("ignored", "a local server has no capacity tiers", "auto"),
            "speed": Lossy("ignored", "a local server has one speed", "standard"),
        },
        children={
            "messages": "CreateMessage.messages",
            "output_config": "OutputConfig",
            "system": "SystemPrompt",
            "thinking": "ThinkingConfig",
            "thread": "CreateMessage.thread",
            "tools": "CreateMessage.tools",
        },
    ),
    "CreateMessage.messages": Node(
        items="InputMessage",
    ),
    "CreateMessage.thread": Node(
        branches={"continue": "ThreadContinue/whole", "create": "ThreadCreate/whole"},
        tag="type",
    ),
    "CreateMessage.tools": Node(
        items="Tool",
    ),
    "DocumentBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "citations": Lossy("ignored", "local models mark no sources"),
        },
        children={"source": "DocumentSource"},
    ),
    "DocumentContentBlock": Node(
        branches={"image": "ImageBlock", "text": "InputTextBlock"},
        tag="type",
    ),
    "DocumentSource": Node(
        branches={"base64": None, "content": "ContentSource", "file": "FileDocumentSource/whole", "text": None, "url": None},
        tag="type",
        unknown="UnknownDocumentSource/whole",
    ),
    "FileDocumentSource/whole": Node(
        whole=Lossy("ignored", "the gateway stores no files; a line in its place says so"),
        tag="type",
    ),
    "FileImageSource/whole": Node(
        whole=Lossy("rejected", "the gateway stores no files; send the image as base64"),
        tag="type",
    ),
    "ImageBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "transformations": Lossy("ignored", "images above the size limit are always scaled down"),
        },
        children={"source": "ImageSource"},
    ),
    "ImageSource": Node(
        branches={"file": "FileImageSource/whole"},
        tag="type",
    ),
    "InputCompactionBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "encrypted_content": Lossy("ignored", "only the provider that sealed it can read it"),
            "signature": Lossy("ignored", "summaries are never verified"),
            "tool_changes": Lossy("ignored", "the tools are those of the request"),
        },
    ),
    "InputContainerUploadBlock/whole": Node(
        whole=Lossy("ignored", "the file is not here; a line in its place says so"),
        tag="type",
    ),
    "InputContentBlock": Node(
        branches={
            "advisor_tool_result": "InputServerToolResultBlock",
            "bash_code_execution_tool_result": "InputServerToolResultBlock",
            "code_execution_tool_result": "InputServerToolResultBlock",
            "compaction": "InputCompactionBlock",
            "container_upload": "InputContainerUploadBlock/whole",
            "document": "DocumentBlock",
            "fallback": "InputFallbackBlock/whole",
            "image": "ImageBlock",
            "mcp_tool_listing": "InputMcpToolListingBlock/whole",
            "mcp_tool_result": "InputMcpToolResultBlock",
            "mcp_tool_use": "InputMcpToolUseBlock",
            "redacted_thinking": "InputRedactedThinkingBlock/whole",
            "search_result": "SearchResultBlock",
            "server_tool_use": "InputServerToolUseBlock",
            "text": "InputTextBlock",
            "text_editor_code_execution_tool_result": "InputServerToolResultBlock",
            "thinking": None,
            "tool_addition": "ToolChangeBlock/whole",
            "tool_removal": "ToolChangeBlock/whole",
            "tool_result": "ToolResultBlock",
            "tool_search_tool_result": "InputServerToolResultBlock",
            "tool_use": "InputToolUseBlock",
            "web_fetch_tool_result": "InputServerToolResultBlock",
            "web_search_tool_result": "InputServerToolResultBlock",
        },
        tag="type",
        unknown="UnknownInputContentBlock/whole",
    ),
    "InputFallbackBlock/whole": Node(
        whole=Lossy("ignored", "the mark is not part of the prompt"),
        tag="type",
    ),
    "InputMcpToolListingBlock/whole": Node(
        whole=Lossy("ignored", "the gateway calls no MCP server"),
        tag="type",
    ),
    "InputMcpToolResultBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
        children={"content": "InputMcpToolResultBlock.content"},
    ),
    "InputMcpToolResultBlock.content": Node(
        items="InputTextBlock",
    ),
    "InputMcpToolUseBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
    ),
    "InputMessage": Node(
        branches={"assistant": "AssistantMessage", "system": "SystemMessage", "user": "UserMessage"},
        tag="role",
    ),
    "InputRedactedThinkingBlock/whole": Node(
        whole=Lossy("ignored", "only the provider that sealed it can read it"),
        tag="type",
    ),
    "InputServerToolResultBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
        children={"caller": "InputServerToolResultBlock.caller"},
    ),
    "InputServerToolResultBlock.caller": Node(
        branches={"code_execution_20250825": "ProgramCaller/whole", "code_execution_20260120": "ProgramCaller/whole", "direct": None},
        tag="type",
        unknown="UnknownToolCaller/whole",
    ),
    "InputServerToolUseBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
        children={"caller": "InputServerToolUseBlock.caller"},
    ),
    "InputServerToolUseBlock.caller": Node(
        branches={"code_execution_20250825": "ProgramCaller/whole", "code_execution_20260120": "ProgramCaller/whole", "direct": None},
        tag="type",
        unknown="UnknownToolCaller/whole",
    ),
    "InputTextBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "citations": Lossy("ignored", "the text itself is kept"),
        },
    ),
    "InputToolUseBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
        children={"caller": "InputToolUseBlock.caller"},
    ),
    "InputToolUseBlock.caller": Node(
        branches={"code_execution_20250825": "ProgramCaller/whole", "code_execution_20260120": "ProgramCaller/whole", "direct": None},
        tag="type",
        unknown="UnknownToolCaller/whole",
    ),
    "McpToolset/whole": Node(
        whole=Lossy("ignored", "the gateway calls no MCP server"),
        tag="type",
    ),
    "MemoryTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model calls tools here"),
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "defer_loading": Lossy("ignored", "every tool of the request is given to the model at once", False),
        },
    ),
    "OutputConfig": Node(
        losses={
            "task_budget": Lossy("ignored", "local models are not told of a budget; max_tokens bounds each answer"),
        },
    ),
    "ProgramCaller/whole": Node(
        whole=Lossy("ignored", "only the model calls tools here"),
        tag="type",
    ),
    "SearchResultBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "citations": Lossy("ignored", "local models mark no sources"),
        },
        children={"content": "SearchResultBlock.content"},
    ),
    "SearchResultBlock.content": Node(
        items="InputTextBlock",
    ),
    "SystemContentBlock": Node(
        branches={"text": "InputTextBlock", "tool_addition": "ToolChangeBlock/whole", "tool_removal": "ToolChangeBlock/whole"},
        tag="type",
        unknown="UnknownSystemContentBlock/whole",
    ),
    "SystemMessage": Node(
        losses={
            "clear_at": Lossy("ignored", "the message stays as long as it is sent", "never"),
            "output_config": Lossy("ignored", "one request has one effort"),
        },
        children={"content": "SystemMessage.content"},
    ),
    "SystemMessage.content": Node(
        items="SystemContentBlock",
    ),
    "SystemPrompt": Node(
        items="InputTextBlock",
    ),
    "TextEditorTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model calls tools here"),
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "defer_loading": Lossy("ignored", "every tool of the request is given to the model at once", False),
        },
    ),
    "ThinkingAdaptive": Node(
        losses={
            "block_binding": Lossy("ignored", "a signature binds thinking to its server, not to its conversation; altered thinking is dropped"),
        },
    ),
    "ThinkingConfig": Node(
        branches={"adaptive": "ThinkingAdaptive", "enabled": "ThinkingEnabled"},
        tag="type",
    ),
    "ThinkingEnabled": Node(
        losses={
            "block_binding": Lossy("ignored", "a signature binds thinking to its server, not to its conversation; altered thinking is dropped"),
        },
    ),
    "ThreadContinue/whole": Node(
        whole=Lossy("rejected", "conversations are not kept; send all messages"),
        tag="type",
    ),
    "ThreadCreate/whole": Node(
        whole=Lossy("ignored", "conversations are not kept"),
        tag="type",
    ),
    "Tool": Node(
        branches={
            "advisor_20260301": "AdvisorTool/whole",
            "bash_20241022": "BashTool",
            "bash_20250124": "BashTool",
            "browser_toolset_20260801": "Toolset",
            "code_execution_20250522": "CodeExecutionTool/whole",
            "code_execution_20250825": "CodeExecutionTool/whole",
            "code_execution_20260120": "CodeExecutionTool/whole",
            "code_execution_20260521": "CodeExecutionTool/whole",
            "computer_20241022": "ComputerTool",
            "computer_20250124": "ComputerTool",
            "computer_20251124": "ComputerTool",
            "computer_toolset_20260801": "Toolset",
            "custom": "Tool/-",
            "mcp_toolset": "McpToolset/whole",
            "memory_20250818": "MemoryTool",
            "text_editor_20241022": "TextEditorTool",
            "text_editor_20250124": "TextEditorTool",
            "text_editor_20250429": "TextEditorTool",
            "text_editor_20250728": "TextEditorTool",
            "tool_search_tool_bm25": "ToolSearchTool/whole",
            "tool_search_tool_bm25_20251119": "ToolSearchTool/whole",
            "tool_search_tool_regex": "ToolSearchTool/whole",
            "tool_search_tool_regex_20251119": "ToolSearchTool/whole",
            "web_fetch_20250910": "WebFetchTool/whole",
            "web_fetch_20260209": "WebFetchTool/whole",
            "web_fetch_20260309": "WebFetchTool/whole",
            "web_fetch_20260318": "WebFetchTool/whole",
            "web_search_20250305": "WebSearchTool/whole",
            "web_search_20260209": "WebSearchTool/whole",
            "web_search_20260318": "WebSearchTool/whole",
        },
        tag="type",
        unknown="UnknownTool/whole",
        untagged="Tool/-",
    ),
    "Tool/-": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model calls tools here"),
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
            "defer_loading": Lossy("ignored", "every tool of the request is given to the model at once", False),
        },
    ),
    "ToolChangeBlock/whole": Node(
        whole=Lossy("ignored", "the tools are those of the request throughout"),
        tag="type",
    ),
    "ToolReferenceBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
    ),
    "ToolResultBlock": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
        children={"content": "ToolResultBlock.content"},
    ),
    "ToolResultBlock.content": Node(
        items="ToolResultContentBlock",
    ),
    "ToolResultContentBlock": Node(
        branches={
            "browser_state": "BrowserStateBlock",
            "document": "DocumentBlock",
            "image": "ImageBlock",
            "search_result": "SearchResultBlock",
            "text": "InputTextBlock",
            "tool_reference": "ToolReferenceBlock",
        },
        tag="type",
        unknown="UnknownToolResultContentBlock/whole",
    ),
    "ToolSearchTool/whole": Node(
        whole=Lossy("ignored", "every tool of the request is given to the model at once"),
        tag="type",
    ),
    "Toolset": Node(
        losses={
            "cache_control": Lossy("ignored", "the backend keeps every prompt prefix in its slot by itself"),
        },
        children={"configs": "Toolset.configs"},
    ),
    "Toolset.configs": Node(
        values="Toolset.configs{}",
    ),
    "Toolset.configs{}": Node(
        losses={
            "defer_loading": Lossy("ignored", "every tool of the request is given to the model at once", False),
        },
    ),
    "UnknownDocumentSource/whole": Node(
        whole=Lossy("ignored", "a line in its place says that it could not be read"),
        tag="type",
    ),
    "UnknownInputContentBlock/whole": Node(
        whole=Lossy("ignored", "the block is left out of the prompt"),
        tag="type",
    ),
    "UnknownSystemContentBlock/whole": Node(
        whole=Lossy("ignored", "the block is left out of the prompt"),
        tag="type",
    ),
    "UnknownTool/whole": Node(
        whole=Lossy("ignored", "the tool is left out"),
        tag="type",
    ),
    "UnknownToolCaller/whole": Node(
        whole=Lossy("ignored", "only the model calls tools here"),
        tag="type",
    ),
    "UnknownToolResultContentBlock/whole": Node(
        whole=Lossy("ignored", "the part is left out of the result"),
        tag="type",
    ),
    "UserMessage": Node(
        children={"content": "UserMessage.content"},
    ),
    "UserMessage.content": Node(
        items="InputContentBlock",
    ),
    "WebFetchTool/whole": Node(
        whole=Lossy("ignored", "the gateway fetches nothing from the web"),
        tag="type",
    ),
    "WebSearchTool/whole": Node(
        whole=Lossy("ignored", "the gateway searches no web"),
        tag="type",
    ),
}
COUNT_MESSAGE_TOKENS: Final = SupportTable(_NODES, "CountMessageTokens")
CREATE_MESSAGE: Final = SupportTable(_NODES, "CreateMessage")
LIST_MODELS_QUERY: Final = SupportTable(_NODES, "ListModelsQuery")
