# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class CacheControl(TypedDict):
    type: Literal['ephemeral']
    ttl: NotRequired[Literal['5m', '1h']]


class CacheCreation(TypedDict):
    ephemeral_5m_input_tokens: int
    ephemeral_1h_input_tokens: int


class Capability(TypedDict):
    supported: bool


class CharLocation(TypedDict):
    type: Literal['char_location']
    cited_text: str
    document_index: int
    document_title: NotRequired[str | None]
    file_id: NotRequired[str | None]
    start_char_index: int
    end_char_index: int


class ClearedThinking(TypedDict):
    type: Literal['clear_thinking_20251015']
    cleared_input_tokens: int
    cleared_thinking_turns: int


class ClearedToolUses(TypedDict):
    type: Literal['clear_tool_uses_20250919']
    cleared_input_tokens: int
    cleared_tool_uses: int


class CompactionCapability(TypedDict):
    supported: bool
    summarize: Capability


class CompactionDelta(TypedDict):
    type: Literal['compaction_delta']
    content: NotRequired[str | None]
    encrypted_content: NotRequired[str | None]


class ContainerInfo(TypedDict):
    id: str
    expires_at: str
    skills: NotRequired[list[dict[str, Any]] | None]


class ContainerUploadBlock(TypedDict):
    type: Literal['container_upload']
    file_id: str


class ContentBlockLocation(TypedDict):
    type: Literal['content_block_location']
    cited_text: str
    document_index: int
    document_title: NotRequired[str | None]
    file_id: NotRequired[str | None]
    start_block_index: int
    end_block_index: int


class ContentBlockStopEvent(TypedDict):
    type: Literal['content_block_stop']
    index: int


class ContextManagementCapability(TypedDict):
    supported: bool
    clear_thinking_20251015: NotRequired[Capability | None]
    clear_tool_uses_20250919: NotRequired[Capability | None]
    compact_20260112: NotRequired[Capability | None]


class Diagnostics(TypedDict):
    cache_miss_reason: NotRequired[dict[str, Any] | None]


class DirectCaller(TypedDict):
    type: Literal['direct']


class EffortCapability(TypedDict):
    supported: bool
    low: Capability
    medium: Capability
    high: Capability
    xhigh: NotRequired[Capability | None]
    max: Capability


class ErrorDetails(TypedDict):
    error_code: Literal['thread_not_found']


ErrorType: TypeAlias = Literal['invalid_request_error', 'authentication_error', 'billing_error', 'permission_error', 'not_found_error', 'request_too_large', 'rate_limit_error', 'timeout_error', 'api_error', 'overloaded_error']


class FallbackCreditUsage(TypedDict):
    status: dict[str, Any]


class FallbackModel(TypedDict):
    model: str


class InputJsonDelta(TypedDict):
    type: Literal['input_json_delta']
    partial_json: str


class InputTransformation(TypedDict):
    type: Literal['thinking_dropped', 'thinking_mismatch_allowed']
    path: str
    reason: Literal['model_binding_mismatch', 'prefix_binding_mismatch', 'organization_binding_mismatch', 'end_user_binding_mismatch']


class IterationUsage(TypedDict):
    type: Literal['message', 'compaction', 'advisor_message', 'fallback_message']
    model: NotRequired[str | None]
    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    cache_creation: NotRequired[CacheCreation | None]


class McpTool(TypedDict):
    name: str
    description: NotRequired[str | None]
    input_schema: dict[str, Any]


class McpToolListingBlock(TypedDict):
    type: Literal['mcp_tool_listing']
    mcp_server_name: str
    tools: list[McpTool]


class McpToolUseBlock(TypedDict):
    type: Literal['mcp_tool_use']
    id: str
    name: str
    server_name: str
    input: dict[str, Any]


class MessageStopEvent(TypedDict):
    type: Literal['message_stop']


class OriginalTokensCount(TypedDict):
    original_input_tokens: int


class OutputTokensDetails(TypedDict):
    thinking_tokens: int


class PageLocation(TypedDict):
    type: Literal['page_location']
    cited_text: str
    document_index: int
    document_title: NotRequired[str | None]
    file_id: NotRequired[str | None]
    start_page_number: int
    end_page_number: int


class PingEvent(TypedDict):
    type: Literal['ping']


class ProgramCaller(TypedDict):
    type: Literal['code_execution_20250825', 'code_execution_20260120']
    tool_id: str


class RedactedThinkingBlock(TypedDict):
    type: Literal['redacted_thinking']
    data: str


class RefusalDetails(TypedDict):
    type: Literal['refusal']
    category: NotRequired[Literal['cyber', 'bio', 'frontier_llm', 'reasoning_extraction', 'general_harms'] | None]
    explanation: NotRequired[str | None]
    recommended_model: NotRequired[str | None]
    fallback_credit_token: NotRequired[str | None]
    fallback_has_prefill_claim: NotRequired[bool | None]


class SearchResultLocation(TypedDict):
    type: Literal['search_result_location']
    cited_text: str
    search_result_index: int
    source: str
    title: NotRequired[str | None]
    start_block_index: int
    end_block_index: int


class ServerToolUsage(TypedDict):
    web_fetch_requests: int
    web_search_requests: int


class ServerToolsCapability(TypedDict):
    supported: bool
    code_execution: Capability
    web_search: Capability


class SignatureDelta(TypedDict):
    type: Literal['signature_delta']
    signature: str


StopReason: TypeAlias = Literal['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'pause_turn', 'compaction', 'refusal', 'model_context_window_exceeded'] | None


class TextDelta(TypedDict):
    type: Literal['text_delta']
    text: str


class ThinkingBlock(TypedDict):
    type: Literal['thinking']
    thinking: str
    signature: str


class ThinkingDelta(TypedDict):
    type: Literal['thinking_delta']
    thinking: str
    estimated_tokens: NotRequired[int | None]


class ThinkingTypes(TypedDict):
    adaptive: Capability
    between_tools: Capability
    disabled: Capability
    enabled: Capability


class ToolChange(TypedDict):
    type: Literal['tool_reference', 'mcp_tool_reference', 'mcp_toolset_reference', 'tool_definition']
    name: NotRequired[str]
    server_name: NotRequired[str]
    definition: NotRequired[dict[str, Any]]


class ToolChangeBlock(TypedDict):
    type: Literal['tool_addition', 'tool_removal']
    tool: ToolChange
    cache_control: NotRequired[CacheControl | None]


class UnknownToolCaller(TypedDict):
    type: str


class Usage(TypedDict):
    input_tokens: int
    cache_creation_input_tokens: int | None
    cache_read_input_tokens: int | None
    output_tokens: int
    cache_creation: NotRequired[CacheCreation | None]
    output_tokens_details: NotRequired[OutputTokensDetails | None]
    server_tool_use: NotRequired[ServerToolUsage | None]
    service_tier: NotRequired[Literal['standard', 'priority', 'batch'] | None]
    speed: NotRequired[Literal['standard', 'fast'] | None]
    inference_geo: NotRequired[str | None]
    iterations: NotRequired[list[IterationUsage] | None]
    fallback_credit: NotRequired[FallbackCreditUsage | None]


class WebSearchResultLocation(TypedDict):
    type: Literal['web_search_result_location']
    cited_text: str
    encrypted_index: str
    title: NotRequired[str | None]
    url: str


AppliedContextEdit: TypeAlias = ClearedToolUses | ClearedThinking


class AppliedContextManagement(TypedDict):
    applied_edits: list[AppliedContextEdit]


class CompactionBlock(TypedDict):
    type: Literal['compaction']
    content: NotRequired[str | None]
    encrypted_content: NotRequired[str | None]
    signature: NotRequired[str | None]
    tool_changes: NotRequired[list[ToolChangeBlock] | None]


class ErrorObject(TypedDict):
    type: ErrorType
    message: str
    details: NotRequired[ErrorDetails]


class ErrorResponse(TypedDict):
    type: Literal['error']
    error: ErrorObject
    request_id: str | None


FallbackBlock = TypedDict(
    'FallbackBlock',
    {
        'type': Literal['fallback'],
        'from': FallbackModel,
        'to': FallbackModel,
        'trigger': dict[str, Any],
    },
)


KnownCitation: TypeAlias = CharLocation | PageLocation | ContentBlockLocation | WebSearchResultLocation | SearchResultLocation


KnownToolCaller: TypeAlias = DirectCaller | ProgramCaller


class MessageDelta(TypedDict):
    stop_reason: StopReason
    stop_sequence: str | None
    stop_details: NotRequired[RefusalDetails | None]
    container: NotRequired[ContainerInfo | None]


class MessageDeltaUsage(TypedDict):
    input_tokens: int | None
    cache_creation_input_tokens: int | None
    cache_read_input_tokens: int | None
    output_tokens: int
    output_tokens_details: NotRequired[OutputTokensDetails | None]
    server_tool_use: NotRequired[ServerToolUsage | None]
    iterations: NotRequired[list[IterationUsage] | None]
    fallback_credit: NotRequired[FallbackCreditUsage | None]


class MessageTokensCount(TypedDict):
    input_tokens: int
    context_management: NotRequired[OriginalTokensCount | None]


class TextBlock(TypedDict):
    type: Literal['text']
    text: str
    citations: NotRequired[list[KnownCitation] | None]


class ThinkingCapability(TypedDict):
    supported: bool
    types: ThinkingTypes


ToolCaller: TypeAlias = KnownToolCaller | UnknownToolCaller


class ToolUseBlock(TypedDict):
    type: Literal['tool_use']
    id: str
    name: str
    input: dict[str, Any]
    caller: NotRequired[ToolCaller | None]
    toolset_name: NotRequired[str | None]


class CitationsDelta(TypedDict):
    type: Literal['citations_delta']
    citation: KnownCitation


ContentBlockDelta: TypeAlias = TextDelta | CitationsDelta | ThinkingDelta | SignatureDelta | InputJsonDelta | CompactionDelta


class ContentBlockDeltaEvent(TypedDict):
    type: Literal['content_block_delta']
    index: int
    delta: ContentBlockDelta


class ErrorEvent(TypedDict):
    type: Literal['error']
    error: ErrorObject
    request_id: NotRequired[str | None]


class McpToolResultBlock(TypedDict):
    type: Literal['mcp_tool_result']
    tool_use_id: str
    content: str | list[TextBlock]
    is_error: bool


class MessageDeltaEvent(TypedDict):
    type: Literal['message_delta']
    delta: MessageDelta
    usage: MessageDeltaUsage
    context_management: NotRequired[AppliedContextManagement | None]
    input_transformations: NotRequired[list[InputTransformation] | None]


class ModelCapabilities(TypedDict):
    batch: Capability
    citations: Capability
    code_execution: Capability
    compaction: NotRequired[CompactionCapability | None]
    context_management: ContextManagementCapability
    effort: EffortCapability
    image_input: Capability
    pdf_input: Capability
    server_tools: ServerToolsCapability
    structured_outputs: Capability
    thinking: ThinkingCapability


class ModelInfo(TypedDict):
    type: Literal['model']
    id: str
    display_name: str
    created_at: str
    lifecycle: Literal['active', 'deprecated', 'retired']
    max_input_tokens: int | None
    max_tokens: int | None
    line: NotRequired[Literal['haiku', 'sonnet', 'opus', 'fable', 'mythos'] | None]
    capabilities: NotRequired[ModelCapabilities | None]
    deprecated_at: NotRequired[str | None]
    retires_at: NotRequired[str | None]
    allowed_fallback_models: NotRequired[list[str] | None]


class ModelList(TypedDict):
    data: list[ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


class ServerToolResultBlock(TypedDict):
    type: Literal['web_search_tool_result', 'web_fetch_tool_result', 'code_execution_tool_result', 'bash_code_execution_tool_result', 'text_editor_code_execution_tool_result', 'tool_search_tool_result', 'advisor_tool_result']
    tool_use_id: str
    content: list[dict[str, Any]] | dict[str, Any]
    caller: NotRequired[ToolCaller | None]


class ServerToolUseBlock(TypedDict):
    type: Literal['server_tool_use']
    id: str
    name: str
    input: dict[str, Any]
    caller: NotRequired[ToolCaller | None]


ContentBlock: TypeAlias = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock | ServerToolUseBlock | ServerToolResultBlock | McpToolUseBlock | McpToolResultBlock | McpToolListingBlock | ContainerUploadBlock | CompactionBlock | FallbackBlock


class ContentBlockStartEvent(TypedDict):
    type: Literal['content_block_start']
    index: int
    content_block: ContentBlock


class Message(TypedDict):
    id: str
    type: Literal['message']
    role: Literal['assistant']
    model: str
    content: list[ContentBlock]
    stop_reason: StopReason
    stop_sequence: str | None
    usage: Usage
    stop_details: NotRequired[RefusalDetails | None]
    container: NotRequired[ContainerInfo | None]
    context_management: NotRequired[AppliedContextManagement | None]
    diagnostics: NotRequired[Diagnostics | None]
    input_transformations: NotRequired[list[InputTransformation] | None]


class MessageStartEvent(TypedDict):
    type: Literal['message_start']
    message: Message


MessageStreamEvent: TypeAlias = MessageStartEvent | ContentBlockStartEvent | ContentBlockDeltaEvent | ContentBlockStopEvent | MessageDeltaEvent | MessageStopEvent | PingEvent | ErrorEvent
