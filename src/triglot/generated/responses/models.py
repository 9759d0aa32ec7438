# Generated from specs/responses (sha256 54e290b72b2e). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class AccessPrograms(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    cyber: Literal['standard', 'daybreak_blue', 'daybreak_red'] | None = None


class AllowedToolsChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['allowed_tools']
    mode: Literal['auto', 'required']
    tools: list[dict[str, Any]]


class ApplyPatchToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['apply_patch']


class AudioData(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    data: str
    format: Literal['mp3', 'wav']


class CacheBreakpoint(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    mode: Literal['explicit']
    ttl: Literal['30m', '12h'] | None = None


class CodeInterpreterTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['code_interpreter']


class CompactionTrigger(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['compaction_trigger']
    id: str | None = None


class ComputerCallOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['computer_call_output']
    call_id: str | None = None
    output: dict[str, Any] | None = None
    acknowledged_safety_checks: list[dict[str, Any]] | None = None
    id: str | None = None
    status: str | None = None


class ComputerTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['computer']


class ComputerUsePreviewTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['computer_use_preview']


class ContextManagement(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: str
    compact_threshold: int | None = None


class ConversationReference(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str


class CustomToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom']
    name: str


class CustomToolGrammar(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['grammar']
    syntax: Literal['lark', 'regex']
    definition: str


class CustomToolText(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']


class DirectCaller(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['direct']


class EncryptedPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['encrypted_content']
    encrypted_content: str


class FileSearchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['file_search']


class FunctionToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['function']
    name: str


class HostedToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['file_search', 'web_search_preview', 'web_search_preview_2025_03_11', 'computer', 'computer_use', 'computer_use_preview', 'code_interpreter', 'image_generation']


class ImageGenerationTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['image_generation']


class ImageOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    context_compression: Literal['auto', 'enabled', 'disabled'] | None = None


Includable = TypeAliasType("Includable", Literal['reasoning.encrypted_content', 'message.output_text.logprobs', 'message.input_image.image_url', 'file_search_call.results', 'web_search_call.results', 'web_search_call.action.sources', 'code_interpreter_call.outputs', 'computer_call_output.output.image_url'])


class InputAudio(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_audio']
    input_audio: AudioData


class InputFile(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_file']
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal['auto', 'low', 'high'] | None = 'auto'
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class InputImage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_image']
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal['low', 'high', 'auto', 'original'] | None = 'auto'
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class InputText(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_text']
    text: str
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class ItemReference(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['item_reference']
    id: str


ItemStatus = TypeAliasType("ItemStatus", Literal['in_progress', 'completed', 'incomplete'])


class JsonObjectFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['json_object']


class JsonSchemaFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['json_schema']
    name: str
    schema_: Annotated[dict[str, Any], Field(alias='schema')]
    description: str | None = None
    strict: bool | None = None


KnownAgentPart = TypeAliasType("KnownAgentPart", Annotated[InputText | InputImage | EncryptedPart, Field(discriminator='type')])


class ListConversationItemsQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    after: str | None = None
    include: list[Includable] | None = []
    limit: Annotated[int | None, Field(ge=1, le=100)] = 20
    order: Literal['asc', 'desc'] | None = 'desc'


class ListResponseInputItemsQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    after: str | None = None
    include: list[Includable] | None = []
    limit: Annotated[int | None, Field(ge=1, le=100)] = 20
    order: Literal['asc', 'desc'] | None = 'desc'


class LocalShellCallOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['local_shell_call_output']
    output: str | None = None
    id: str | None = None
    status: str | None = None


class LocalShellTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['local_shell']


class McpApprovalResponse(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_approval_response']
    approval_request_id: str | None = None
    approve: bool | None = None
    reason: str | None = None
    id: str | None = None


class McpTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp']
    server_label: str


class McpToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp']
    server_label: str
    name: str | None = None


MessagePhase = TypeAliasType("MessagePhase", Literal['commentary', 'final_answer'])


MessageRole = TypeAliasType("MessageRole", Literal['user', 'assistant', 'system', 'developer'])


Metadata = TypeAliasType("Metadata", dict[str, str])


class ModerationOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str
    policy: dict[str, Any] | None = None


class OtherAgentPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(input_text|input_image|encrypted_content)\\Z)')]


class OtherInputItem(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[
        str,
        Field(
            pattern='^(?!(message|function_call|function_call_output|reasoning|custom_tool_call|custom_tool_call_output|additional_tools|agent_message|configuration_update|item_reference|compaction|compaction_trigger|tool_search_call|tool_search_output|shell_call|shell_call_output|local_shell_call|local_shell_call_output|apply_patch_call|apply_patch_call_output|computer_call|computer_call_output|mcp_list_tools|mcp_approval_request|mcp_approval_response|mcp_call|web_search_call|file_search_call|code_interpreter_call|image_generation_call|program|program_output)\\Z)'
        ),
    ]


class OtherNamespaceMember(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(function|custom)\\Z)')]


class OtherPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(input_text|input_image|input_file|input_audio|output_text|refusal)\\Z)')]


class OtherResultPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(input_text|input_image|input_file)\\Z)')]


class OtherTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[
        str,
        Field(
            pattern='^(?!(function|custom|namespace|tool_search|shell|local_shell|apply_patch|programmatic_tool_calling|mcp|web_search|web_search_2025_08_26|web_search_preview|web_search_preview_2025_03_11|file_search|code_interpreter|image_generation|computer|computer_use_preview)\\Z)'
        ),
    ]


class OtherToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[
        str,
        Field(
            pattern='^(?!(allowed_tools|function|custom|mcp|apply_patch|shell|programmatic_tool_calling|file_search|web_search_preview|web_search_preview_2025_03_11|computer|computer_use|computer_use_preview|code_interpreter|image_generation)\\Z)'
        ),
    ]


class PlainTextFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']


class PriorCodeInterpreterCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['code_interpreter_call']
    id: str | None = None
    status: str | None = None


class PriorCompaction(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['compaction']
    encrypted_content: str
    id: str | None = None


class PriorComputerCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['computer_call']
    call_id: str | None = None
    id: str | None = None
    status: str | None = None


class PriorFileSearchCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['file_search_call']
    id: str | None = None
    status: str | None = None


class PriorImageGenerationCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['image_generation_call']
    result: str | None = None
    id: str | None = None
    status: str | None = None


class PriorLocalShellCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['local_shell_call']
    call_id: str | None = None
    action: dict[str, Any] | None = None
    id: str | None = None
    status: str | None = None


class PriorMcpApprovalRequest(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_approval_request']
    server_label: str | None = None
    name: str | None = None
    arguments: str | None = None
    id: str | None = None


class PriorMcpCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_call']
    server_label: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None
    id: str | None = None
    status: str | None = None


class PriorMcpListTools(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_list_tools']
    server_label: str | None = None
    id: str | None = None


class PriorProgram(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['program']
    id: str | None = None


class PriorProgramOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['program_output']
    id: str | None = None


class PriorReasoningPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: str
    text: str


class PriorRefusal(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['refusal']
    refusal: str


class PriorText(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['output_text']
    text: str
    annotations: list[dict[str, Any]] | None = []
    logprobs: list[dict[str, Any]] | None = []


class PriorToolSearchCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_search_call']
    call_id: str | None = None
    execution: str | None = None
    arguments: Any | None = None
    id: str | None = None
    status: str | None = None


class PriorWebSearchCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_search_call']
    action: dict[str, Any] | None = None
    id: str | None = None
    status: str | None = None


class ProgramCaller(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['program']
    caller_id: str


class ProgrammaticTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['programmatic_tool_calling']


class ProgrammaticToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['programmatic_tool_calling']


class PromptCacheOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    mode: Literal['implicit', 'explicit'] | None = None
    ttl: Literal['30m', '12h'] | None = None
    prewarm: bool | None = None
    comparison_response_id: str | None = None


class ReasoningOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    effort: Literal['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] | None = None
    summary: Literal['auto', 'concise', 'detailed'] | None = None
    generate_summary: Literal['auto', 'concise', 'detailed'] | None = None
    context: Literal['auto', 'current_turn', 'all_turns'] | None = None
    mode: str | None = None


class ResponseProcessed(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['response.processed']


class ResultFile(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_file']
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal['auto', 'low', 'high'] | None = 'auto'
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class ResultImage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_image']
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal['low', 'high', 'auto', 'original'] | None = 'auto'
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class ShellToolChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['shell']


SteerInput = TypeAliasType("SteerInput", str | list[dict[str, Any]])


class StreamOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    include_obfuscation: bool | None = False


TextFormat = TypeAliasType("TextFormat", Annotated[PlainTextFormat | JsonSchemaFormat | JsonObjectFormat, Field(discriminator='type')])


class TextOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    format: TextFormat | None = None
    verbosity: Literal['low', 'medium', 'high'] | None = 'medium'


ToolCaller = TypeAliasType("ToolCaller", Literal['direct', 'programmatic'])


ToolChoiceMode = TypeAliasType("ToolChoiceMode", Literal['none', 'auto', 'required'])


class ToolSearchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_search']
    execution: Literal['server', 'client'] | None = None
    description: str | None = None
    parameters: Any | None = None


class TypelessReference(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Annotated[None, Field(None)] = None
    role: Annotated[None, Field(None)] = None
    id: str


class UpdateConversation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    metadata: Metadata | None


class UpdatedReasoning(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    effort: Literal['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] | None = None


class UpdatedText(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    format: TextFormat | None = None


class WebSearchPreviewTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_search_preview', 'web_search_preview_2025_03_11']


class WebSearchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_search', 'web_search_2025_08_26']


AgentPart = TypeAliasType("AgentPart", Annotated[KnownAgentPart | OtherAgentPart, Field(union_mode='left_to_right')])


class ApplyPatchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['apply_patch']
    allowed_callers: list[ToolCaller] | None = None


Caller = TypeAliasType("Caller", Annotated[DirectCaller | ProgramCaller, Field(discriminator='type')])


class ConfigurationUpdate(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['configuration_update']
    reasoning: UpdatedReasoning | None = None
    text: UpdatedText | None = None
    id: str | None = None


class CreateConversationItemsQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    include: list[Includable] | None = []


CustomToolFormat = TypeAliasType("CustomToolFormat", Annotated[CustomToolText | CustomToolGrammar, Field(discriminator='type')])


class FunctionTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['function']
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    output_schema: dict[str, Any] | None = None
    defer_loading: bool | None = False
    allowed_callers: list[ToolCaller] | None = None
    async_: Annotated[bool | None, Field(alias='async')] = False


class GetConversationItemQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    include: list[Includable] | None = []


class GetResponseQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    include: list[Includable] | None = []
    include_obfuscation: bool | None = False
    starting_after: Annotated[int | None, Field(ge=0)] = None
    stream: bool | None = False


KnownMessagePart = TypeAliasType(
    "KnownMessagePart", Annotated[InputText | InputImage | InputFile | InputAudio | PriorText | PriorRefusal, Field(discriminator='type')]
)


KnownResultPart = TypeAliasType("KnownResultPart", Annotated[InputText | ResultImage | ResultFile, Field(discriminator='type')])


KnownToolChoice = TypeAliasType(
    "KnownToolChoice",
    Annotated[
        AllowedToolsChoice | FunctionToolChoice | CustomToolChoice | McpToolChoice | ApplyPatchToolChoice | ShellToolChoice | ProgrammaticToolChoice | HostedToolChoice,
        Field(discriminator='type'),
    ],
)


MessagePart = TypeAliasType("MessagePart", Annotated[KnownMessagePart | OtherPart, Field(union_mode='left_to_right')])


class PriorApplyPatchCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['apply_patch_call']
    call_id: str | None = None
    operation: dict[str, Any] | None = None
    id: str | None = None
    status: str | None = None
    caller: Caller | None = None


class PriorCustomToolCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom_tool_call']
    call_id: str
    name: str
    input: str
    namespace: str | None = None
    id: str | None = None
    caller: Caller | None = None
    async_: Annotated[bool | None, Field(alias='async')] = False


class PriorFunctionCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['function_call']
    call_id: str
    name: str
    arguments: str
    namespace: str | None = None
    id: str | None = None
    status: ItemStatus | None = None
    caller: Caller | None = None
    async_: Annotated[bool | None, Field(alias='async')] = False


class PriorReasoning(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['reasoning']
    content: list[PriorReasoningPart] | None = None
    summary: Annotated[list[PriorReasoningPart] | None, Field(validate_default=True)] = []
    encrypted_content: str | None = None
    id: str | None = None
    status: ItemStatus | None = None


class PriorShellCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['shell_call']
    call_id: str | None = None
    action: dict[str, Any] | None = None
    environment: dict[str, Any] | None = None
    id: str | None = None
    status: str | None = None
    caller: Caller | None = None


PromptVariable = TypeAliasType("PromptVariable", Annotated[str | MessagePart, Field(union_mode='left_to_right')])


PromptVariables = TypeAliasType("PromptVariables", dict[str, PromptVariable])


class ResponseSteer(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['response.steer']
    previous_response_id: str
    input: SteerInput


ResultPart = TypeAliasType("ResultPart", Annotated[KnownResultPart | OtherResultPart, Field(union_mode='left_to_right')])


class ShellCallOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['shell_call_output']
    call_id: str | None = None
    output: list[dict[str, Any]] | None = None
    max_output_length: int | None = None
    id: str | None = None
    status: str | None = None
    caller: Caller | None = None


class ShellTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['shell']
    environment: dict[str, Any] | None = None
    allowed_callers: list[ToolCaller] | None = None


ToolChoice = TypeAliasType("ToolChoice", Annotated[ToolChoiceMode | KnownToolChoice | OtherToolChoice, Field(union_mode='left_to_right')])


ToolResult = TypeAliasType("ToolResult", str | list[ResultPart])


class AgentMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['agent_message']
    author: str | None = None
    recipient: str | None = None
    content: list[AgentPart]
    id: str | None = None


class ApplyPatchCallOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['apply_patch_call_output']
    call_id: str | None = None
    output: str | None = None
    id: str | None = None
    status: str | None = None
    caller: Caller | None = None


class CustomTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom']
    name: str
    description: str | None = None
    format: CustomToolFormat | None = None
    defer_loading: bool | None = False
    allowed_callers: list[ToolCaller] | None = None
    async_: Annotated[bool | None, Field(alias='async')] = False


class CustomToolCallOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom_tool_call_output']
    call_id: str
    output: ToolResult
    id: str | None = None
    caller: Caller | None = None


class FunctionCallOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['function_call_output']
    call_id: str | None = None
    output: ToolResult
    name: str | None = None
    namespace: str | None = None
    id: str | None = None
    status: ItemStatus | None = None
    caller: Caller | None = None


KnownNamespaceMember = TypeAliasType("KnownNamespaceMember", Annotated[FunctionTool | CustomTool, Field(discriminator='type')])


MessageContent = TypeAliasType("MessageContent", str | list[MessagePart])


NamespaceMember = TypeAliasType("NamespaceMember", Annotated[KnownNamespaceMember | OtherNamespaceMember, Field(union_mode='left_to_right')])


class NamespaceTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['namespace']
    name: str
    description: str | None = None
    tools: list[NamespaceMember]


class PromptTemplate(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str
    version: str | None = None
    variables: PromptVariables | None = None


class TypelessMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Annotated[None, Field(None)] = None
    role: MessageRole
    content: MessageContent
    status: ItemStatus | None = None
    phase: MessagePhase | None = None


class InputMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['message']
    role: MessageRole
    content: MessageContent
    id: str | None = None
    status: ItemStatus | None = None
    phase: MessagePhase | None = None


KnownTool = TypeAliasType(
    "KnownTool",
    Annotated[
        FunctionTool | CustomTool | NamespaceTool | ToolSearchTool | ShellTool | LocalShellTool | ApplyPatchTool | ProgrammaticTool | McpTool | WebSearchTool | WebSearchPreviewTool | FileSearchTool | CodeInterpreterTool | ImageGenerationTool | ComputerTool | ComputerUsePreviewTool,
        Field(discriminator='type'),
    ],
)


Tool = TypeAliasType("Tool", Annotated[KnownTool | OtherTool, Field(union_mode='left_to_right')])


class ToolSearchOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_search_output']
    call_id: str | None = None
    execution: str | None = None
    tools: list[Tool]
    id: str | None = None
    status: str | None = None


class AdditionalTools(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['additional_tools']
    role: str | None = None
    tools: list[Tool]
    id: str | None = None


KnownInputItem = TypeAliasType(
    "KnownInputItem",
    Annotated[
        InputMessage | PriorFunctionCall | FunctionCallOutput | PriorReasoning | PriorCustomToolCall | CustomToolCallOutput | AdditionalTools | AgentMessage | ConfigurationUpdate | ItemReference | PriorCompaction | CompactionTrigger | PriorToolSearchCall | ToolSearchOutput | PriorShellCall | ShellCallOutput | PriorLocalShellCall | LocalShellCallOutput | PriorApplyPatchCall | ApplyPatchCallOutput | PriorComputerCall | ComputerCallOutput | PriorMcpListTools | PriorMcpApprovalRequest | McpApprovalResponse | PriorMcpCall | PriorWebSearchCall | PriorFileSearchCall | PriorCodeInterpreterCall | PriorImageGenerationCall | PriorProgram | PriorProgramOutput,
        Field(discriminator='type'),
    ],
)


InputItem = TypeAliasType("InputItem", Annotated[KnownInputItem | TypelessMessage | TypelessReference | OtherInputItem, Field(union_mode='left_to_right')])


class CreateConversation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    items: Annotated[list[InputItem] | None, Field(max_length=20)] = None
    metadata: Metadata | None = None


class CreateConversationItems(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    items: Annotated[list[InputItem], Field(max_length=20)]


Input = TypeAliasType("Input", str | list[InputItem])


class ResponseCreate(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['response.create']
    generate: bool | None = True
    stream_id: Annotated[str | None, Field(max_length=256, min_length=1, pattern='^[A-Za-z0-9_.-]+$')] = None
    stream: bool | None = True
    stream_options: StreamOptions | None = None
    background: bool | None = False
    model: str | None = None
    input: Input | None = None
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_choice: Annotated[ToolChoice | None, Field(validate_default=True)] = 'auto'
    parallel_tool_calls: bool | None = True
    max_tool_calls: int | None = None
    max_output_tokens: Annotated[int | None, Field(ge=1)] = None
    temperature: Annotated[float | None, Field(ge=0.0, le=2.0)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = 0
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    truncation: Literal['auto', 'disabled'] | None = 'disabled'
    include: list[Includable] | None = []
    metadata: Metadata | None = None
    store: bool | None = True
    previous_response_id: str | None = None
    conversation: str | ConversationReference | None = None
    prompt: PromptTemplate | None = None
    context_management: list[ContextManagement] | None = None
    t_max_predict_ms: Annotated[int | None, Field(ge=1)] = None
    use_adapter: str | bool | None = None
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    prompt_cache_key: str | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    prompt_cache_retention: Literal['in_memory', '24h'] | None = None
    service_tier: Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'] | None = 'auto'
    safety_identifier: str | None = None
    user: str | None = None
    client_metadata: dict[str, Any] | None = None
    moderation: ModerationOptions | None = None
    access_programs: AccessPrograms | None = None
    image: ImageOptions | None = None


ClientEvent = TypeAliasType("ClientEvent", Annotated[ResponseCreate | ResponseSteer | ResponseProcessed, Field(discriminator='type')])


class CompactResponse(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str | None
    input: Input | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    prompt_cache_retention: Literal['in_memory', '24h'] | None = None
    service_tier: Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'] | None = 'auto'
    image: ImageOptions | None = None


class CountInputTokens(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str | None = None
    input: Input | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | ConversationReference | None = None
    tools: list[Tool] | None = None
    tool_choice: Annotated[ToolChoice | None, Field(validate_default=True)] = 'auto'
    parallel_tool_calls: bool | None = True
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    truncation: Literal['auto', 'disabled'] | None = 'disabled'
    personality: str | None = None


class CreateResponse(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str | None = None
    input: Input | None = None
    instructions: str | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    tools: list[Tool] | None = None
    tool_choice: Annotated[ToolChoice | None, Field(validate_default=True)] = 'auto'
    parallel_tool_calls: bool | None = True
    max_tool_calls: int | None = None
    max_output_tokens: Annotated[int | None, Field(ge=1)] = None
    temperature: Annotated[float | None, Field(ge=0.0, le=2.0)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = 0
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    truncation: Literal['auto', 'disabled'] | None = 'disabled'
    include: list[Includable] | None = []
    metadata: Metadata | None = None
    store: bool | None = True
    previous_response_id: str | None = None
    conversation: str | ConversationReference | None = None
    background: bool | None = False
    prompt: PromptTemplate | None = None
    context_management: list[ContextManagement] | None = None
    t_max_predict_ms: Annotated[int | None, Field(ge=1)] = None
    use_adapter: str | bool | None = None
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    prompt_cache_key: str | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    prompt_cache_retention: Literal['in_memory', '24h'] | None = None
    service_tier: Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'] | None = 'auto'
    safety_identifier: str | None = None
    user: str | None = None
    client_metadata: dict[str, Any] | None = None
    moderation: ModerationOptions | None = None
    access_programs: AccessPrograms | None = None
    image: ImageOptions | None = None
