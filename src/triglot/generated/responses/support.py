# Generated from specs/responses (sha256 4bbc7d39bcbb). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a responses request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
    "AdditionalTools/whole": Node(
        whole=Lossy("ignored", "tools inside the input are not offered to the model yet"),
        tag="type",
    ),
    "ApplyPatchCallOutput/whole": Node(
        whole=Lossy("ignored", "the patch tool is not offered to the model yet"),
        tag="type",
    ),
    "ApplyPatchTool/whole": Node(
        whole=Lossy("ignored", "the patch tool is not offered to the model yet"),
        tag="type",
    ),
    "ApplyPatchToolChoice/whole": Node(
        whole=Lossy("ignored", "the patch tool is not offered to the model yet"),
        tag="type",
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
            "prompt_cache_key": Lossy("ignored", "the backend finds shared prefixes by itself"),
            "prompt_cache_options": Lossy("ignored", "the backend caches each slot's whole prompt"),
            "prompt_cache_retention": Lossy("ignored", "a slot's cache lasts until the slot is used for something else"),
            "service_tier": Lossy("ignored", "a local server has no capacity tiers", "auto"),
        },
        children={"input": "CompactResponse.input"},
    ),
    "CompactResponse.input": Node(
        items="InputItem",
    ),
    "CompactionTrigger/whole": Node(
        whole=Lossy("rejected", "conversations are not compacted here yet"),
        tag="type",
    ),
    "ComputerCallOutput/whole": Node(
        whole=Lossy("ignored", "the computer tool is not offered to the model"),
        tag="type",
    ),
    "ComputerTool/whole": Node(
        whole=Lossy("ignored", "local models are not trained for it"),
        tag="type",
    ),
    "ComputerUsePreviewTool/whole": Node(
        whole=Lossy("ignored", "local models are not trained for it"),
        tag="type",
    ),
    "ConfigurationUpdate/whole": Node(
        whole=Lossy("ignored", "the settings of the request hold for all of it"),
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
            "generate_summary": Lossy("ignored", "thinking is shown in full as reasoning text"),
            "mode": Lossy("ignored", "a local model has one kind of reasoning"),
            "summary": Lossy("ignored", "thinking is shown in full as reasoning text"),
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
            "apply_patch": "ApplyPatchToolChoice/whole",
            "code_interpreter": "HostedToolChoice/whole",
            "computer": "HostedToolChoice/whole",
            "computer_use": "HostedToolChoice/whole",
            "computer_use_preview": "HostedToolChoice/whole",
            "custom": "CustomToolChoice/whole",
            "file_search": "HostedToolChoice/whole",
            "function": None,
            "image_generation": "HostedToolChoice/whole",
            "mcp": "McpToolChoice/whole",
            "programmatic_tool_calling": "ProgrammaticToolChoice/whole",
            "shell": "ShellToolChoice/whole",
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
            "client_metadata": Lossy("ignored", "meant for the operator of a hosted service"),
            "context_management": Lossy("ignored", "the input is never shortened"),
            "image": Lossy("ignored", "images are passed on as they are"),
            "moderation": Lossy("ignored", "there is no moderation model here"),
            "prompt": Lossy("rejected", "no prompts are stored here; send the text as instructions"),
            "prompt_cache_key": Lossy("ignored", "the backend finds shared prefixes by itself"),
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
            "generate_summary": Lossy("ignored", "thinking is shown in full as reasoning text"),
            "mode": Lossy("ignored", "a local model has one kind of reasoning"),
            "summary": Lossy("ignored", "thinking is shown in full as reasoning text"),
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
            "apply_patch": "ApplyPatchToolChoice/whole",
            "code_interpreter": "HostedToolChoice/whole",
            "computer": "HostedToolChoice/whole",
            "computer_use": "HostedToolChoice/whole",
            "computer_use_preview": "HostedToolChoice/whole",
            "custom": "CustomToolChoice/whole",
            "file_search": "HostedToolChoice/whole",
            "function": None,
            "image_generation": "HostedToolChoice/whole",
            "mcp": "McpToolChoice/whole",
            "programmatic_tool_calling": "ProgrammaticToolChoice/whole",
            "shell": "ShellToolChoice/whole",
            "web_search_preview": "HostedToolChoice/whole",
            "web_search_preview_2025_03_11": "HostedToolChoice/whole",
        },
        tag="type",
        unknown="OtherToolChoice/whole",
    ),
    "CreateResponse.tools": Node(
        items="Tool",
    ),
    "CustomTool/whole": Node(
        whole=Lossy("ignored", "custom tools are not offered to the model yet"),
        tag="type",
    ),
    "CustomToolCallOutput/whole": Node(
        whole=Lossy("ignored", "custom tools are not offered to the model yet"),
        tag="type",
    ),
    "CustomToolChoice/whole": Node(
        whole=Lossy("ignored", "custom tools are not offered to the model yet"),
        tag="type",
    ),
    "FileSearchTool/whole": Node(
        whole=Lossy("ignored", "a local server has no vector stores"),
        tag="type",
    ),
    "FunctionCallOutput": Node(
        losses={
            "caller": Lossy("ignored", "only the model itself calls tools"),
            "name": Lossy("ignored", "results are joined to calls by call_id"),
            "namespace": Lossy("ignored", "results are joined to calls by call_id"),
        },
        children={"output": "ToolResult"},
    ),
    "FunctionTool": Node(
        losses={
            "allowed_callers": Lossy("ignored", "only the model itself calls tools"),
            "async": Lossy("ignored", "the model waits for each result", False),
            "defer_loading": Lossy("ignored", "every function is offered from the start", False),
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
    "InputAudio/whole": Node(
        whole=Lossy("rejected", "sound is not passed on yet"),
        tag="type",
    ),
    "InputFile": Node(
        losses={
            "detail": Lossy("ignored", "documents are not read yet", "auto"),
            "file_data": Lossy("rejected", "documents are not read yet"),
            "file_id": Lossy("rejected", "there are no uploaded files here"),
            "file_url": Lossy("rejected", "nothing is fetched"),
            "filename": Lossy("ignored", "documents are not read yet"),
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
            "additional_tools": "AdditionalTools/whole",
            "apply_patch_call": "PriorApplyPatchCall/whole",
            "apply_patch_call_output": "ApplyPatchCallOutput/whole",
            "code_interpreter_call": "PriorCodeInterpreterCall/whole",
            "compaction": "PriorCompaction/whole",
            "compaction_trigger": "CompactionTrigger/whole",
            "computer_call": "PriorComputerCall/whole",
            "computer_call_output": "ComputerCallOutput/whole",
            "configuration_update": "ConfigurationUpdate/whole",
            "custom_tool_call": "PriorCustomToolCall/whole",
            "custom_tool_call_output": "CustomToolCallOutput/whole",
            "file_search_call": "PriorFileSearchCall/whole",
            "function_call": "PriorFunctionCall",
            "function_call_output": "FunctionCallOutput",
            "image_generation_call": "PriorImageGenerationCall/whole",
            "item_reference": "ItemReference/whole",
            "local_shell_call": "PriorLocalShellCall/whole",
            "local_shell_call_output": "LocalShellCallOutput/whole",
            "mcp_approval_request": "PriorMcpApprovalRequest/whole",
            "mcp_approval_response": "McpApprovalResponse/whole",
            "mcp_call": "PriorMcpCall/whole",
            "mcp_list_tools": "PriorMcpListTools/whole",
            "message": "InputMessage",
            "program": "PriorProgram/whole",
            "program_output": "PriorProgramOutput/whole",
            "reasoning": "PriorReasoning",
            "shell_call": "PriorShellCall/whole",
            "shell_call_output": "ShellCallOutput/whole",
            "tool_search_call": "PriorToolSearchCall/whole",
            "tool_search_output": "ToolSearchOutput/whole",
            "web_search_call": "PriorWebSearchCall/whole",
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
    "ItemReference/whole": Node(
        whole=Lossy("rejected", 'nothing is stored yet; send the item itself, as clients do with "store": false'),
        tag="type",
    ),
    "JsonSchemaFormat": Node(
        losses={
            "description": Lossy("ignored", "the backend's response formats have no place for it"),
        },
    ),
    "LocalShellCallOutput/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "LocalShellTool/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "McpApprovalResponse/whole": Node(
        whole=Lossy("ignored", "no MCP server is contacted from here"),
        tag="type",
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
            "input_audio": "InputAudio/whole",
            "input_file": "InputFile",
            "input_image": "InputImage",
            "input_text": "InputText",
            "output_text": "PriorText",
            "refusal": None,
        },
        tag="type",
        unknown="OtherPart/whole",
    ),
    "NamespaceTool/whole": Node(
        whole=Lossy("ignored", "tools in namespaces are not offered to the model yet"),
        tag="type",
    ),
    "OtherInputItem/whole": Node(
        whole=Lossy("ignored", "nothing is known about this item"),
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
    "PriorApplyPatchCall/whole": Node(
        whole=Lossy("ignored", "the patch tool is not offered to the model yet"),
        tag="type",
    ),
    "PriorCodeInterpreterCall/whole": Node(
        whole=Lossy("ignored", "code is not run here"),
        tag="type",
    ),
    "PriorCompaction/whole": Node(
        whole=Lossy("rejected", "another server's seal cannot be opened; without it the conversation is lost"),
        tag="type",
    ),
    "PriorComputerCall/whole": Node(
        whole=Lossy("ignored", "the computer tool is not offered to the model"),
        tag="type",
    ),
    "PriorCustomToolCall/whole": Node(
        whole=Lossy("ignored", "custom tools are not offered to the model yet"),
        tag="type",
    ),
    "PriorFileSearchCall/whole": Node(
        whole=Lossy("ignored", "a local server has no vector stores"),
        tag="type",
    ),
    "PriorFunctionCall": Node(
        losses={
            "async": Lossy("ignored", "the model waits for each result", False),
            "caller": Lossy("ignored", "only the model itself calls tools"),
            "namespace": Lossy("ignored", "tools in namespaces are not offered to the model yet"),
        },
    ),
    "PriorImageGenerationCall/whole": Node(
        whole=Lossy("ignored", "the backend draws no images"),
        tag="type",
    ),
    "PriorLocalShellCall/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "PriorMcpApprovalRequest/whole": Node(
        whole=Lossy("ignored", "no MCP server is contacted from here"),
        tag="type",
    ),
    "PriorMcpCall/whole": Node(
        whole=Lossy("ignored", "no MCP server is contacted from here"),
        tag="type",
    ),
    "PriorMcpListTools/whole": Node(
        whole=Lossy("ignored", "no MCP server is contacted from here"),
        tag="type",
    ),
    "PriorProgram/whole": Node(
        whole=Lossy("ignored", "programs are not run here"),
        tag="type",
    ),
    "PriorProgramOutput/whole": Node(
        whole=Lossy("ignored", "programs are not run here"),
        tag="type",
    ),
    "PriorReasoning": Node(
        losses={
            "encrypted_content": Lossy("ignored", "thinking is not sealed here yet, and another server's seal cannot be opened"),
            "summary": Lossy("ignored", "a summary is not what the model thought", []),
        },
    ),
    "PriorShellCall/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "PriorText": Node(
        losses={
            "annotations": Lossy("ignored", "the model reads the text alone", []),
            "logprobs": Lossy("ignored", "the model reads the text alone", []),
        },
    ),
    "PriorToolSearchCall/whole": Node(
        whole=Lossy("ignored", "tool search is not offered to the model yet"),
        tag="type",
    ),
    "PriorWebSearchCall/whole": Node(
        whole=Lossy("ignored", "a local server has no web search"),
        tag="type",
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
            "client_metadata": Lossy("ignored", "meant for the operator of a hosted service"),
            "context_management": Lossy("ignored", "the input is never shortened"),
            "image": Lossy("ignored", "images are passed on as they are"),
            "moderation": Lossy("ignored", "there is no moderation model here"),
            "prompt": Lossy("rejected", "no prompts are stored here; send the text as instructions"),
            "prompt_cache_key": Lossy("ignored", "the backend finds shared prefixes by itself"),
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
            "generate_summary": Lossy("ignored", "thinking is shown in full as reasoning text"),
            "mode": Lossy("ignored", "a local model has one kind of reasoning"),
            "summary": Lossy("ignored", "thinking is shown in full as reasoning text"),
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
            "apply_patch": "ApplyPatchToolChoice/whole",
            "code_interpreter": "HostedToolChoice/whole",
            "computer": "HostedToolChoice/whole",
            "computer_use": "HostedToolChoice/whole",
            "computer_use_preview": "HostedToolChoice/whole",
            "custom": "CustomToolChoice/whole",
            "file_search": "HostedToolChoice/whole",
            "function": None,
            "image_generation": "HostedToolChoice/whole",
            "mcp": "McpToolChoice/whole",
            "programmatic_tool_calling": "ProgrammaticToolChoice/whole",
            "shell": "ShellToolChoice/whole",
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
    "ResultFile/whole": Node(
        whole=Lossy("ignored", "only the text of a tool's result reaches the model"),
        tag="type",
    ),
    "ResultImage/whole": Node(
        whole=Lossy("ignored", "only the text of a tool's result reaches the model"),
        tag="type",
    ),
    "ResultPart": Node(
        branches={"input_file": "ResultFile/whole", "input_image": "ResultImage/whole", "input_text": "InputText"},
        tag="type",
        unknown="OtherResultPart/whole",
    ),
    "ShellCallOutput/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "ShellTool/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "ShellToolChoice/whole": Node(
        whole=Lossy("ignored", "the shell tool is not offered to the model yet"),
        tag="type",
    ),
    "Tool": Node(
        branches={
            "apply_patch": "ApplyPatchTool/whole",
            "code_interpreter": "CodeInterpreterTool/whole",
            "computer": "ComputerTool/whole",
            "computer_use_preview": "ComputerUsePreviewTool/whole",
            "custom": "CustomTool/whole",
            "file_search": "FileSearchTool/whole",
            "function": "FunctionTool",
            "image_generation": "ImageGenerationTool/whole",
            "local_shell": "LocalShellTool/whole",
            "mcp": "McpTool/whole",
            "namespace": "NamespaceTool/whole",
            "programmatic_tool_calling": "ProgrammaticTool/whole",
            "shell": "ShellTool/whole",
            "tool_search": "ToolSearchTool/whole",
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
    "ToolSearchOutput/whole": Node(
        whole=Lossy("ignored", "tool search is not offered to the model yet"),
        tag="type",
    ),
    "ToolSearchTool/whole": Node(
        whole=Lossy("ignored", "tool search is not offered to the model yet"),
        tag="type",
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
