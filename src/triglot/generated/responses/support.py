# Generated from specs/responses (sha256 54e290b72b2e). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a responses request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
    "AdditionalTools": Node(
        children={"tools": "AdditionalTools.tools"},
    ),
    "AdditionalTools.tools": Node(
        items="Tool",
    ),
    "AgentMessage": Node(
        children={"content": "AgentMessage.content"},
    ),
    "AgentMessage.content": Node(
        items="AgentPart",
    ),
    "AgentPart": Node(
        branches={"encrypted_content": None, "input_image": "InputImage", "input_text": "InputText"},
        tag="type",
        unknown="OtherAgentPart/whole",
    ),
    "ApplyPatchCallOutput": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "ApplyPatchTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "ClientEvent": Node(
        branches={"response.create": "ResponseCreate", "response.steer": "ResponseSteer/whole"},
        tag="type",
    ),
    "CodeInterpreterTool/whole": Node(
        whole=Lossy("ignored", "code is not run here"),
        tag="type",
    ),
    "CompactResponse": Node(
        losses={
            "image": Lossy("ignored", "images are passed on as they are"),
            "prompt_cache_options": Lossy("ignored", "the backend caches each slot's whole prompt"),
            "prompt_cache_retention": Lossy("ignored", "a slot's cache lasts until the slot is used for something else"),
            "service_tier": Lossy("ignored", "a local server has no capacity tiers", "auto"),
        },
        children={"input": "CompactResponse.input"},
    ),
    "CompactResponse.input": Node(
        items="InputItem",
    ),
    "ComputerCallOutput": Node(
        losses={
            "acknowledged_safety_checks": Lossy("ignored", "the computer tool is not offered here"),
            "output": Lossy("ignored", "the computer tool is not offered here and the screenshot is not shown"),
        },
    ),
    "ComputerTool/whole": Node(
        whole=Lossy("ignored", "local models are not trained for it"),
        tag="type",
    ),
    "ComputerUsePreviewTool/whole": Node(
        whole=Lossy("ignored", "local models are not trained for it"),
        tag="type",
    ),
    "ConfigurationUpdate": Node(
        children={"text": "ConfigurationUpdate.text"},
    ),
    "ConfigurationUpdate.text": Node(
        children={"format": "ConfigurationUpdate.text.format"},
    ),
    "ConfigurationUpdate.text.format": Node(
        branches={"json_schema": "JsonSchemaFormat"},
        tag="type",
    ),
    "CountInputTokens": Node(
        losses={
            "personality": Lossy("ignored", "a local model has learnt no such manner"),
            "truncation": Lossy("ignored", "the whole input is counted", "disabled"),
        },
        children={
            "input": "CountInputTokens.input",
            "reasoning": "CountInputTokens.reasoning",
            "text": "CountInputTokens.text",
            "tool_choice": "CountInputTokens.tool_choice",
            "tools": "CountInputTokens.tools",
        },
    ),
    "CountInputTokens.input": Node(
        items="InputItem",
    ),
    "CountInputTokens.reasoning": Node(
        losses={
            "context": Lossy("ignored", "all reasoning in the input is given to the template, which decides"),
            "mode": Lossy("ignored", "a local model has one kind of reasoning"),
        },
    ),
    "CountInputTokens.text": Node(
        losses={
            "verbosity": Lossy("ignored", "local models are not trained for it", "medium"),
        },
        children={"format": "CountInputTokens.text.format"},
    ),
    "CountInputTokens.text.format": Node(
        branches={"json_schema": "JsonSchemaFormat"},
        tag="type",
    ),
    "CountInputTokens.tool_choice": Node(
        branches={
            "allowed_tools": None,
            "apply_patch": None,
            "code_interpreter": "HostedToolChoice/whole",
            "computer": "HostedToolChoice/whole",
            "computer_use": "HostedToolChoice/whole",
            "computer_use_preview": "HostedToolChoice/whole",
            "custom": None,
            "file_search": "HostedToolChoice/whole",
            "function": None,
            "image_generation": "HostedToolChoice/whole",
            "mcp": "McpToolChoice/whole",
            "programmatic_tool_calling": "ProgrammaticToolChoice/whole",
            "shell": None,
            "web_search_preview": "HostedToolChoice/whole",
            "web_search_preview_2025_03_11": "HostedToolChoice/whole",
        },
        tag="type",
        unknown="OtherToolChoice/whole",
    ),
    "CountInputTokens.tools": Node(
        items="Tool",
    ),
    "CreateConversation": Node(
        children={"items": "CreateConversation.items"},
    ),
    "CreateConversation.items": Node(
        items="InputItem",
    ),
    "CreateConversationItems": Node(
        children={"items": "CreateConversationItems.items"},
    ),
    "CreateConversationItems.items": Node(
        items="InputItem",
    ),
    "CreateResponse": Node(
        losses={
            "access_programs": Lossy("ignored", "a local model has no access programs"),
            "context_management": Lossy("ignored", "the input is never shortened"),
            "image": Lossy("ignored", "images are passed on as they are"),
            "moderation": Lossy("ignored", "there is no moderation model here"),
            "prompt": Lossy("rejected", "no prompts are stored here; send the text as instructions"),
            "prompt_cache_options": Lossy("ignored", "the backend caches each slot's whole prompt"),
            "prompt_cache_retention": Lossy("ignored", "a slot's cache lasts until the slot is used for something else"),
            "safety_identifier": Lossy("ignored", "end users are not tracked"),
            "service_tier": Lossy("ignored", "a local server has no capacity tiers", "auto"),
            "user": Lossy("ignored", "end users are not tracked"),
        },
        children={
            "input": "CreateResponse.input",
            "reasoning": "CreateResponse.reasoning",
            "stream_options": "CreateResponse.stream_options",
            "text": "CreateResponse.text",
            "tool_choice": "CreateResponse.tool_choice",
            "tools": "CreateResponse.tools",
        },
    ),
    "CreateResponse.input": Node(
        items="InputItem",
    ),
    "CreateResponse.reasoning": Node(
        losses={
            "context": Lossy("ignored", "all reasoning in the input is given to the template, which decides"),
            "mode": Lossy("ignored", "a local model has one kind of reasoning"),
        },
    ),
    "CreateResponse.stream_options": Node(
        losses={
            "include_obfuscation": Lossy("ignored", "padding is not added; it protects against listeners on a public network", False),
        },
    ),
    "CreateResponse.text": Node(
        losses={
            "verbosity": Lossy("ignored", "local models are not trained for it", "medium"),
        },
        children={"format": "CreateResponse.text.format"},
    ),
    "CreateResponse.text.format": Node(
        branches={"json_schema": "JsonSchemaFormat"},
        tag="type",
    ),
    "CreateResponse.tool_choice": Node(
        branches={
            "allowed_tools": None,
            "apply_patch": None,
            "code_interpreter": "HostedToolChoice/whole",
            "computer": "HostedToolChoice/whole",
            "computer_use": "HostedToolChoice/whole",
            "computer_use_preview": "HostedToolChoice/whole",
            "custom": None,
            "file_search": "HostedToolChoice/whole",
            "function": None,
            "image_generation": "HostedToolChoice/whole",
            "mcp": "McpToolChoice/whole",
            "programmatic_tool_calling": "ProgrammaticToolChoice/whole",
            "shell": None,
            "web_search_preview": "HostedToolChoice/whole",
            "web_search_preview_2025_03_11": "HostedToolChoice/whole",
        },
        tag="type",
        unknown="OtherToolChoice/whole",
    ),
    "CreateResponse.tools": Node(
        items="Tool",
    ),
    "CustomTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model itself calls tools"),
            "async": Lossy("ignored", "the model waits for each result", False),
            "defer_loading": Lossy("ignored", "every tool is offered from the start", False),
        },
    ),
    "CustomToolCallOutput": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
        children={"output": "ToolResult"},
    ),
    "FileSearchTool/whole": Node(
        whole=Lossy("ignored", "a local server has no vector stores"),
        tag="type",
    ),
    "FunctionCallOutput": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
        children={"output": "ToolResult"},
    ),
    "FunctionTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model itself calls tools"),
            "async": Lossy("ignored", "the model waits for each result", False),
            "defer_loading": Lossy("ignored", "every tool is offered from the start", False),
            "output_schema": Lossy("ignored", "chat templates have no place for it"),
        },
    ),
    "GetResponseQuery": Node(
        losses={
            "include": Lossy("ignored", "a stored response is given back as it was made", []),
            "include_obfuscation": Lossy("ignored", "padding is not added; it protects against listeners on a public network", False),
        },
    ),
    "HostedToolChoice/whole": Node(
        whole=Lossy("ignored", "hosted tools do not exist here"),
        tag="type",
    ),
    "ImageGenerationTool/whole": Node(
        whole=Lossy("ignored", "the backend draws no images"),
        tag="type",
    ),
    "InputFile": Node(
        losses={
            "detail": Lossy("ignored", "the text of its pages is read and not their look", "auto"),
            "file_id": Lossy("rejected", "there are no uploaded files here"),
            "prompt_cache_breakpoint": Lossy("ignored", "the backend caches each slot's whole prompt"),
        },
    ),
    "InputImage": Node(
        losses={
            "detail": Lossy("ignored", "the backend's projector decides", "auto"),
            "file_id": Lossy("rejected", "there are no uploaded files here"),
            "prompt_cache_breakpoint": Lossy("ignored", "the backend caches each slot's whole prompt"),
        },
    ),
    "InputItem": Node(
        branches={
            "additional_tools": "AdditionalTools",
            "agent_message": "AgentMessage",
            "apply_patch_call": "PriorApplyPatchCall",
            "apply_patch_call_output": "ApplyPatchCallOutput",
            "code_interpreter_call": None,
            "compaction": None,
            "compaction_trigger": None,
            "computer_call": None,
            "computer_call_output": "ComputerCallOutput",
            "configuration_update": "ConfigurationUpdate",
            "custom_tool_call": "PriorCustomToolCall",
            "custom_tool_call_output": "CustomToolCallOutput",
            "file_search_call": None,
            "function_call": "PriorFunctionCall",
            "function_call_output": "FunctionCallOutput",
            "image_generation_call": "PriorImageGenerationCall",
            "item_reference": None,
            "local_shell_call": None,
            "local_shell_call_output": None,
            "mcp_approval_request": None,
            "mcp_approval_response": None,
            "mcp_call": None,
            "mcp_list_tools": None,
            "message": "InputMessage",
            "program": None,
            "program_output": None,
            "reasoning": None,
            "shell_call": "PriorShellCall",
            "shell_call_output": "ShellCallOutput",
            "tool_search_call": None,
            "tool_search_output": "ToolSearchOutput",
            "web_search_call": None,
        },
        tag="type",
        unknown="OtherInputItem/whole",
        untagged="InputItem/-",
    ),
    "InputItem/-": Node(
        losses={
            "phase": Lossy("ignored", "chat templates know no phases"),
        },
        children={"content": "MessageContent"},
    ),
    "InputMessage": Node(
        losses={
            "phase": Lossy("ignored", "chat templates know no phases"),
        },
        children={"content": "MessageContent"},
    ),
    "InputText": Node(
        losses={
            "prompt_cache_breakpoint": Lossy("ignored", "the backend caches each slot's whole prompt"),
        },
    ),
    "JsonSchemaFormat": Node(
        losses={
            "description": Lossy("ignored", "the backend's response formats have no place for it"),
        },
    ),
    "McpTool/whole": Node(
        whole=Lossy("ignored", "no MCP server is contacted from here"),
        tag="type",
    ),
    "McpToolChoice/whole": Node(
        whole=Lossy("ignored", "no MCP server is contacted from here"),
        tag="type",
    ),
    "MessageContent": Node(
        items="MessagePart",
    ),
    "MessagePart": Node(
        branches={
            "input_audio": None,
            "input_file": "InputFile",
            "input_image": "InputImage",
            "input_text": "InputText",
            "output_text": "PriorText",
            "refusal": None,
        },
        tag="type",
        unknown="OtherPart/whole",
    ),
    "NamespaceMember": Node(
        branches={"custom": "CustomTool", "function": "FunctionTool"},
        tag="type",
        unknown="OtherNamespaceMember/whole",
    ),
    "NamespaceTool": Node(
        children={"tools": "NamespaceTool.tools"},
    ),
    "NamespaceTool.tools": Node(
        items="NamespaceMember",
    ),
    "OtherAgentPart/whole": Node(
        whole=Lossy("ignored", "nothing is known about this part"),
        tag="type",
    ),
    "OtherInputItem/whole": Node(
        whole=Lossy("ignored", "nothing is known about this item"),
        tag="type",
    ),
    "OtherNamespaceMember/whole": Node(
        whole=Lossy("ignored", "nothing is known about this tool"),
        tag="type",
    ),
    "OtherPart/whole": Node(
        whole=Lossy("ignored", "nothing is known about this part"),
        tag="type",
    ),
    "OtherResultPart/whole": Node(
        whole=Lossy("ignored", "nothing is known about this part"),
        tag="type",
    ),
    "OtherTool/whole": Node(
        whole=Lossy("ignored", "nothing is known about this tool"),
        tag="type",
    ),
    "OtherToolChoice/whole": Node(
        whole=Lossy("ignored", "nothing is known about this choice"),
        tag="type",
    ),
    "PriorApplyPatchCall": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "PriorCustomToolCall": Node(
        losses={
            "async": Lossy("ignored", "the model waits for each result", False),
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "PriorFunctionCall": Node(
        losses={
            "async": Lossy("ignored", "the model waits for each result", False),
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "PriorImageGenerationCall": Node(
        losses={
            "result": Lossy("ignored", "the model is told of the image but not shown it"),
        },
    ),
    "PriorShellCall": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "PriorText": Node(
        losses={
            "annotations": Lossy("ignored", "the model reads the text alone", []),
            "logprobs": Lossy("ignored", "the model reads the text alone", []),
        },
    ),
    "ProgrammaticTool/whole": Node(
        whole=Lossy("ignored", "programs are not run here"),
        tag="type",
    ),
    "ProgrammaticToolChoice/whole": Node(
        whole=Lossy("ignored", "programs are not run here"),
        tag="type",
    ),
    "ResponseCreate": Node(
        losses={
            "access_programs": Lossy("ignored", "a local model has no access programs"),
            "background": Lossy("ignored", "a response on a WebSocket is made while the connection lasts", False),
            "context_management": Lossy("ignored", "the input is never shortened"),
            "image": Lossy("ignored", "images are passed on as they are"),
            "moderation": Lossy("ignored", "there is no moderation model here"),
            "prompt": Lossy("rejected", "no prompts are stored here; send the text as instructions"),
            "prompt_cache_options": Lossy("ignored", "the backend caches each slot's whole prompt"),
            "prompt_cache_retention": Lossy("ignored", "a slot's cache lasts until the slot is used for something else"),
            "safety_identifier": Lossy("ignored", "end users are not tracked"),
            "service_tier": Lossy("ignored", "a local server has no capacity tiers", "auto"),
            "stream": Lossy("ignored", "a WebSocket always gets the events as they come", True),
            "user": Lossy("ignored", "end users are not tracked"),
        },
        children={
            "input": "ResponseCreate.input",
            "reasoning": "ResponseCreate.reasoning",
            "stream_options": "ResponseCreate.stream_options",
            "text": "ResponseCreate.text",
            "tool_choice": "ResponseCreate.tool_choice",
            "tools": "ResponseCreate.tools",
        },
    ),
    "ResponseCreate.input": Node(
        items="InputItem",
    ),
    "ResponseCreate.reasoning": Node(
        losses={
            "context": Lossy("ignored", "all reasoning in the input is given to the template, which decides"),
            "mode": Lossy("ignored", "a local model has one kind of reasoning"),
        },
    ),
    "ResponseCreate.stream_options": Node(
        losses={
            "include_obfuscation": Lossy("ignored", "padding is not added; it protects against listeners on a public network", False),
        },
    ),
    "ResponseCreate.text": Node(
        losses={
            "verbosity": Lossy("ignored", "local models are not trained for it", "medium"),
        },
        children={"format": "ResponseCreate.text.format"},
    ),
    "ResponseCreate.text.format": Node(
        branches={"json_schema": "JsonSchemaFormat"},
        tag="type",
    ),
    "ResponseCreate.tool_choice": Node(
        branches={
            "allowed_tools": None,
            "apply_patch": None,
            "code_interpreter": "HostedToolChoice/whole",
            "computer": "HostedToolChoice/whole",
            "computer_use": "HostedToolChoice/whole",
            "computer_use_preview": "HostedToolChoice/whole",
            "custom": None,
            "file_search": "HostedToolChoice/whole",
            "function": None,
            "image_generation": "HostedToolChoice/whole",
            "mcp": "McpToolChoice/whole",
            "programmatic_tool_calling": "ProgrammaticToolChoice/whole",
            "shell": None,
            "web_search_preview": "HostedToolChoice/whole",
            "web_search_preview_2025_03_11": "HostedToolChoice/whole",
        },
        tag="type",
        unknown="OtherToolChoice/whole",
    ),
    "ResponseCreate.tools": Node(
        items="Tool",
    ),
    "ResponseSteer/whole": Node(
        whole=Lossy("rejected", "a response cannot be steered; send the input once it is complete"),
        tag="type",
    ),
    "ResultFile": Node(
        losses={
            "detail": Lossy("ignored", "the text of its pages is read and not their look", "auto"),
            "file_id": Lossy("rejected", "there are no uploaded files here"),
            "prompt_cache_breakpoint": Lossy("ignored", "the backend caches each slot's whole prompt"),
        },
    ),
    "ResultImage": Node(
        losses={
            "detail": Lossy("ignored", "the backend's projector decides", "auto"),
            "file_id": Lossy("rejected", "there are no uploaded files here"),
            "prompt_cache_breakpoint": Lossy("ignored", "the backend caches each slot's whole prompt"),
        },
    ),
    "ResultPart": Node(
        branches={"input_file": "ResultFile", "input_image": "ResultImage", "input_text": "InputText"},
        tag="type",
        unknown="OtherResultPart/whole",
    ),
    "ShellCallOutput": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "ShellTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model itself calls tools"),
        },
    ),
    "Tool": Node(
        branches={
            "apply_patch": "ApplyPatchTool",
            "code_interpreter": "CodeInterpreterTool/whole",
            "computer": "ComputerTool/whole",
            "computer_use_preview": "ComputerUsePreviewTool/whole",
            "custom": "CustomTool",
            "file_search": "FileSearchTool/whole",
            "function": "FunctionTool",
            "image_generation": "ImageGenerationTool/whole",
            "local_shell": None,
            "mcp": "McpTool/whole",
            "namespace": "NamespaceTool",
            "programmatic_tool_calling": "ProgrammaticTool/whole",
            "shell": "ShellTool",
            "tool_search": None,
            "web_search": "WebSearchTool/whole",
            "web_search_2025_08_26": "WebSearchTool/whole",
            "web_search_preview": "WebSearchPreviewTool/whole",
            "web_search_preview_2025_03_11": "WebSearchPreviewTool/whole",
        },
        tag="type",
        unknown="OtherTool/whole",
    ),
    "ToolResult": Node(
        items="ResultPart",
    ),
    "ToolSearchOutput": Node(
        children={"tools": "ToolSearchOutput.tools"},
    ),
    "ToolSearchOutput.tools": Node(
        items="Tool",
    ),
    "WebSearchPreviewTool/whole": Node(
        whole=Lossy("ignored", "a local server has no web search"),
        tag="type",
    ),
    "WebSearchTool/whole": Node(
        whole=Lossy("ignored", "a local server has no web search"),
        tag="type",
    ),
}
CLIENT_EVENT: Final = SupportTable(_NODES, "ClientEvent")
COMPACT_RESPONSE: Final = SupportTable(_NODES, "CompactResponse")
COUNT_INPUT_TOKENS: Final = SupportTable(_NODES, "CountInputTokens")
CREATE_CONVERSATION: Final = SupportTable(_NODES, "CreateConversation")
CREATE_CONVERSATION_ITEMS: Final = SupportTable(_NODES, "CreateConversationItems")
CREATE_CONVERSATION_ITEMS_QUERY: Final = SupportTable(_NODES, "CreateConversationItemsQuery")
CREATE_RESPONSE: Final = SupportTable(_NODES, "CreateResponse")
GET_CONVERSATION_ITEM_QUERY: Final = SupportTable(_NODES, "GetConversationItemQuery")
GET_RESPONSE_QUERY: Final = SupportTable(_NODES, "GetResponseQuery")
LIST_CONVERSATION_ITEMS_QUERY: Final = SupportTable(_NODES, "ListConversationItemsQuery")
LIST_RESPONSE_INPUT_ITEMS_QUERY: Final = SupportTable(_NODES, "ListResponseInputItemsQuery")
UPDATE_CONVERSATION: Final = SupportTable(_NODES, "UpdateConversation")
