# Generated from specs/responses (sha256 54e290b72b2e). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AllowedToolsChoice(TypedDict):
    type: Literal['allowed_tools']
    mode: Literal['auto', 'required']
    tools: list[dict[str, Any]]


class ApplyPatchToolChoice(TypedDict):
    type: Literal['apply_patch']


class AudioData(TypedDict):
    data: str
    format: Literal['mp3', 'wav']


class AudioDelta(TypedDict):
    type: Literal['response.audio.delta']
    sequence_number: int
    delta: str


class AudioDone(TypedDict):
    type: Literal['response.audio.done']
    sequence_number: int


class AudioTranscriptDelta(TypedDict):
    type: Literal['response.audio.transcript.delta']
    sequence_number: int
    delta: str


class AudioTranscriptDone(TypedDict):
    type: Literal['response.audio.transcript.done']
    sequence_number: int


class CacheBreakpoint(TypedDict):
    mode: Literal['explicit']
    ttl: NotRequired[Literal['30m', '12h'] | None]


class CodeInterpreterCall(TypedDict):
    type: Literal['code_interpreter_call']
    id: str
    container_id: str
    code: NotRequired[str | None]
    outputs: NotRequired[list[dict[str, Any]] | None]
    status: Literal['in_progress', 'completed', 'incomplete', 'interpreting', 'failed']


class CodeInterpreterCallCodeDelta(TypedDict):
    type: Literal['response.code_interpreter_call_code.delta']
    sequence_number: int
    output_index: int
    item_id: str
    delta: str


class CodeInterpreterCallCodeDone(TypedDict):
    type: Literal['response.code_interpreter_call_code.done']
    sequence_number: int
    output_index: int
    item_id: str
    code: str


class CodeInterpreterCallCompleted(TypedDict):
    type: Literal['response.code_interpreter_call.completed']
    sequence_number: int
    output_index: int
    item_id: str


class CodeInterpreterCallInProgress(TypedDict):
    type: Literal['response.code_interpreter_call.in_progress']
    sequence_number: int
    output_index: int
    item_id: str


class CodeInterpreterCallInterpreting(TypedDict):
    type: Literal['response.code_interpreter_call.interpreting']
    sequence_number: int
    output_index: int
    item_id: str


class CodeInterpreterTool(TypedDict):
    type: Literal['code_interpreter']


class Compaction(TypedDict):
    type: Literal['compaction']
    id: str
    encrypted_content: str
    created_by: NotRequired[str | None]


class CompactionCompacting(TypedDict):
    type: Literal['response.compaction.compacting']
    sequence_number: int
    output_index: int
    item_id: str


class ComputerCallOutputItem(TypedDict):
    type: Literal['computer_call_output']
    id: str
    call_id: str
    output: dict[str, Any]
    acknowledged_safety_checks: NotRequired[list[dict[str, Any]] | None]
    status: Literal['in_progress', 'completed', 'incomplete', 'failed']
    created_by: NotRequired[str | None]


class ComputerTool(TypedDict):
    type: Literal['computer']


class ComputerUsePreviewTool(TypedDict):
    type: Literal['computer_use_preview']


class ConfigurationUpdateItem(TypedDict):
    type: Literal['configuration_update']
    id: str
    reasoning: NotRequired[dict[str, Any] | None]
    text: NotRequired[dict[str, Any] | None]


class ContainerFileCitation(TypedDict):
    type: Literal['container_file_citation']
    container_id: str
    file_id: str
    filename: str
    start_index: int
    end_index: int


class ConversationReference(TypedDict):
    id: str


class CreateFile(TypedDict):
    type: Literal['create_file']
    path: str
    diff: str


class CustomToolCallInputDelta(TypedDict):
    type: Literal['response.custom_tool_call_input.delta']
    sequence_number: int
    output_index: int
    item_id: str
    delta: str


class CustomToolCallInputDone(TypedDict):
    type: Literal['response.custom_tool_call_input.done']
    sequence_number: int
    output_index: int
    item_id: str
    input: str


class CustomToolChoice(TypedDict):
    type: Literal['custom']
    name: str


class CustomToolGrammar(TypedDict):
    type: Literal['grammar']
    syntax: Literal['lark', 'regex']
    definition: str


class CustomToolText(TypedDict):
    type: Literal['text']


class DeleteFile(TypedDict):
    type: Literal['delete_file']
    path: str


class DeletedConversation(TypedDict):
    id: str
    object: Literal['conversation.deleted']
    deleted: Literal[True]


class DeletedResponse(TypedDict):
    id: str
    object: Literal['response.deleted']
    deleted: Literal[True]


class DirectCaller(TypedDict):
    type: Literal['direct']


class ErrorDetail(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorEvent(TypedDict):
    type: Literal['error']
    sequence_number: int
    code: str | None
    message: str
    param: str | None


class ErrorResponse(TypedDict):
    error: ErrorDetail


class FileCitation(TypedDict):
    type: Literal['file_citation']
    file_id: str
    filename: str
    index: int


class FilePath(TypedDict):
    type: Literal['file_path']
    file_id: str
    index: int


class FileSearchCall(TypedDict):
    type: Literal['file_search_call']
    id: str
    queries: list[str]
    results: NotRequired[list[dict[str, Any]] | None]
    status: Literal['in_progress', 'searching', 'completed', 'incomplete', 'failed']


class FileSearchCallCompleted(TypedDict):
    type: Literal['response.file_search_call.completed']
    sequence_number: int
    output_index: int
    item_id: str


class FileSearchCallInProgress(TypedDict):
    type: Literal['response.file_search_call.in_progress']
    sequence_number: int
    output_index: int
    item_id: str


class FileSearchCallSearching(TypedDict):
    type: Literal['response.file_search_call.searching']
    sequence_number: int
    output_index: int
    item_id: str


class FileSearchTool(TypedDict):
    type: Literal['file_search']


class FunctionCallArgumentsDelta(TypedDict):
    type: Literal['response.function_call_arguments.delta']
    sequence_number: int
    output_index: int
    item_id: str
    delta: str


class FunctionCallArgumentsDone(TypedDict):
    type: Literal['response.function_call_arguments.done']
    sequence_number: int
    output_index: int
    item_id: str
    arguments: str


class FunctionToolChoice(TypedDict):
    type: Literal['function']
    name: str


class HostedToolChoice(TypedDict):
    type: Literal['file_search', 'web_search_preview', 'web_search_preview_2025_03_11', 'computer', 'computer_use', 'computer_use_preview', 'code_interpreter', 'image_generation']


class ImageGenerationCall(TypedDict):
    type: Literal['image_generation_call']
    id: str
    result: NotRequired[str | None]
    status: Literal['in_progress', 'completed', 'generating', 'failed']


class ImageGenerationCallCompleted(TypedDict):
    type: Literal['response.image_generation_call.completed']
    sequence_number: int
    output_index: int
    item_id: str


class ImageGenerationCallGenerating(TypedDict):
    type: Literal['response.image_generation_call.generating']
    sequence_number: int
    output_index: int
    item_id: str


class ImageGenerationCallInProgress(TypedDict):
    type: Literal['response.image_generation_call.in_progress']
    sequence_number: int
    output_index: int
    item_id: str


class ImageGenerationCallPartialImage(TypedDict):
    type: Literal['response.image_generation_call.partial_image']
    sequence_number: int
    output_index: int
    item_id: str
    partial_image_index: int
    partial_image_b64: str
    background: NotRequired[str | None]
    output_format: NotRequired[str | None]
    quality: NotRequired[str | None]
    size: NotRequired[str | None]


class ImageGenerationTool(TypedDict):
    type: Literal['image_generation']


class IncompleteDetails(TypedDict):
    reason: Literal['max_output_tokens', 'max_messages', 'content_filter', 'steered']


class InputAudio(TypedDict):
    type: Literal['input_audio']
    input_audio: AudioData


class InputFile(TypedDict):
    type: Literal['input_file']
    file_data: NotRequired[str | None]
    file_id: NotRequired[str | None]
    file_url: NotRequired[str | None]
    filename: NotRequired[str | None]
    detail: NotRequired[Literal['auto', 'low', 'high'] | None]
    prompt_cache_breakpoint: NotRequired[CacheBreakpoint | None]


class InputImage(TypedDict):
    type: Literal['input_image']
    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]
    detail: NotRequired[Literal['low', 'high', 'auto', 'original'] | None]
    prompt_cache_breakpoint: NotRequired[CacheBreakpoint | None]


class InputText(TypedDict):
    type: Literal['input_text']
    text: str
    prompt_cache_breakpoint: NotRequired[CacheBreakpoint | None]


class InputTokens(TypedDict):
    object: Literal['response.input_tokens']
    input_tokens: int


class InputTokensDetails(TypedDict):
    cached_tokens: int
    cache_write_tokens: int
    cache_write_tokens_details: NotRequired[dict[str, Any] | None]


ItemStatus: TypeAlias = Literal['in_progress', 'completed', 'incomplete']


class JsonObjectFormat(TypedDict):
    type: Literal['json_object']


class JsonSchemaFormat(TypedDict):
    type: Literal['json_schema']
    name: str
    schema: dict[str, Any]
    description: NotRequired[str | None]
    strict: NotRequired[bool | None]


class LocalShellAction(TypedDict):
    type: Literal['exec']
    command: list[str]
    env: dict[str, str]
    working_directory: NotRequired[str | None]
    user: NotRequired[str | None]
    timeout_ms: NotRequired[int | None]


class LocalShellCall(TypedDict):
    type: Literal['local_shell_call']
    id: str
    call_id: str
    action: LocalShellAction
    status: ItemStatus


class LocalShellCallOutputItem(TypedDict):
    type: Literal['local_shell_call_output']
    id: str
    output: str
    status: NotRequired[ItemStatus | None]


class LocalShellTool(TypedDict):
    type: Literal['local_shell']


class McpApprovalRequest(TypedDict):
    type: Literal['mcp_approval_request']
    id: str
    server_label: str
    name: str
    arguments: str


class McpApprovalResponseItem(TypedDict):
    type: Literal['mcp_approval_response']
    id: str
    approval_request_id: str
    approve: bool
    reason: NotRequired[str | None]


class McpCall(TypedDict):
    type: Literal['mcp_call']
    id: str
    server_label: str
    name: str
    arguments: str
    approval_request_id: NotRequired[str | None]
    output: NotRequired[str | None]
    error: NotRequired[dict[str, Any] | None]
    status: NotRequired[Literal['in_progress', 'completed', 'incomplete', 'calling', 'failed']]


class McpCallArgumentsDelta(TypedDict):
    type: Literal['response.mcp_call_arguments.delta']
    sequence_number: int
    output_index: int
    item_id: str
    delta: str


class McpCallArgumentsDone(TypedDict):
    type: Literal['response.mcp_call_arguments.done']
    sequence_number: int
    output_index: int
    item_id: str
    arguments: str


class McpCallCompleted(TypedDict):
    type: Literal['response.mcp_call.completed']
    sequence_number: int
    output_index: int
    item_id: str


class McpCallFailed(TypedDict):
    type: Literal['response.mcp_call.failed']
    sequence_number: int
    output_index: int
    item_id: str


class McpCallInProgress(TypedDict):
    type: Literal['response.mcp_call.in_progress']
    sequence_number: int
    output_index: int
    item_id: str


class McpListToolsCompleted(TypedDict):
    type: Literal['response.mcp_list_tools.completed']
    sequence_number: int
    output_index: int
    item_id: str


class McpListToolsFailed(TypedDict):
    type: Literal['response.mcp_list_tools.failed']
    sequence_number: int
    output_index: int
    item_id: str


class McpListToolsInProgress(TypedDict):
    type: Literal['response.mcp_list_tools.in_progress']
    sequence_number: int
    output_index: int
    item_id: str


class McpTool(TypedDict):
    type: Literal['mcp']
    server_label: str


class McpToolChoice(TypedDict):
    type: Literal['mcp']
    server_label: str
    name: NotRequired[str | None]


class McpToolDescription(TypedDict):
    name: str
    description: NotRequired[str | None]
    input_schema: Any
    annotations: NotRequired[Any]


MessagePhase: TypeAlias = Literal['commentary', 'final_answer']


MessageRole: TypeAlias = Literal['user', 'assistant', 'system', 'developer']


Metadata: TypeAlias = dict[str, str]


class OtherListedItem(TypedDict):
    type: str
    id: str


class OtherListedPart(TypedDict):
    type: str


class OtherNamespaceMember(TypedDict):
    type: str


class OtherResultPart(TypedDict):
    type: str


class OtherTool(TypedDict):
    type: str


class OtherToolChoice(TypedDict):
    type: str


class OutputTokensDetails(TypedDict):
    reasoning_tokens: int


class PartialItem(TypedDict):
    type: Literal['reasoning', 'compaction', 'custom_tool_call', 'custom_tool_call_output', 'additional_tools', 'configuration_update', 'tool_search_call', 'tool_search_output', 'shell_call', 'shell_call_output', 'local_shell_call', 'local_shell_call_output', 'apply_patch_call', 'apply_patch_call_output', 'program', 'program_output', 'mcp_list_tools', 'mcp_approval_request', 'mcp_approval_response', 'mcp_call', 'web_search_call', 'file_search_call', 'code_interpreter_call', 'image_generation_call', 'computer_call', 'computer_call_output']
    id: str


class PlainTextFormat(TypedDict):
    type: Literal['text']


class PriorRefusal(TypedDict):
    type: Literal['refusal']
    refusal: str


class PriorText(TypedDict):
    type: Literal['output_text']
    text: str
    annotations: NotRequired[list[dict[str, Any]] | None]
    logprobs: NotRequired[list[dict[str, Any]] | None]


class Program(TypedDict):
    type: Literal['program']
    id: str
    call_id: str
    code: str
    fingerprint: str


class ProgramCaller(TypedDict):
    type: Literal['program']
    caller_id: str


class ProgramOutput(TypedDict):
    type: Literal['program_output']
    id: str
    call_id: str
    result: str
    status: Literal['completed', 'incomplete']


class ProgrammaticTool(TypedDict):
    type: Literal['programmatic_tool_calling']


class ProgrammaticToolChoice(TypedDict):
    type: Literal['programmatic_tool_calling']


class ReasoningOptions(TypedDict):
    effort: NotRequired[Literal['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] | None]
    summary: NotRequired[Literal['auto', 'concise', 'detailed'] | None]
    generate_summary: NotRequired[Literal['auto', 'concise', 'detailed'] | None]
    context: NotRequired[Literal['auto', 'current_turn', 'all_turns'] | None]
    mode: NotRequired[str | None]


class ReasoningSummaryTextDelta(TypedDict):
    type: Literal['response.reasoning_summary_text.delta']
    sequence_number: int
    output_index: int
    item_id: str
    summary_index: int
    delta: str


class ReasoningSummaryTextDone(TypedDict):
    type: Literal['response.reasoning_summary_text.done']
    sequence_number: int
    output_index: int
    item_id: str
    summary_index: int
    text: str


class ReasoningText(TypedDict):
    type: Literal['reasoning_text']
    text: str


class ReasoningTextDelta(TypedDict):
    type: Literal['response.reasoning_text.delta']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    delta: str


class ReasoningTextDone(TypedDict):
    type: Literal['response.reasoning_text.done']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    text: str


class Refusal(TypedDict):
    type: Literal['refusal']
    refusal: str


class RefusalDelta(TypedDict):
    type: Literal['response.refusal.delta']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    delta: str


class RefusalDone(TypedDict):
    type: Literal['response.refusal.done']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    refusal: str


ResponseErrorCode: TypeAlias = Literal['server_error', 'rate_limit_exceeded', 'invalid_prompt', 'context_length_exceeded', 'server_is_overloaded', 'insufficient_quota', 'data_residency_mismatch', 'bio_policy', 'misalignment_policy_violation', 'vector_store_timeout', 'invalid_image', 'invalid_image_format', 'invalid_base64_image', 'invalid_image_url', 'image_too_large', 'image_too_small', 'image_parse_error', 'image_content_policy_violation', 'invalid_image_mode', 'image_file_too_large', 'unsupported_image_media_type', 'empty_image_file', 'failed_to_download_image', 'image_file_not_found']


ResponseStatus: TypeAlias = Literal['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']


class ResultFile(TypedDict):
    type: Literal['input_file']
    file_data: NotRequired[str | None]
    file_id: NotRequired[str | None]
    file_url: NotRequired[str | None]
    filename: NotRequired[str | None]
    detail: NotRequired[Literal['auto', 'low', 'high'] | None]
    prompt_cache_breakpoint: NotRequired[CacheBreakpoint | None]


class ResultImage(TypedDict):
    type: Literal['input_image']
    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]
    detail: NotRequired[Literal['low', 'high', 'auto', 'original'] | None]
    prompt_cache_breakpoint: NotRequired[CacheBreakpoint | None]


class ShellAction(TypedDict):
    commands: list[str]
    timeout_ms: NotRequired[int | None]
    max_output_length: NotRequired[int | None]


class ShellCallCommandAdded(TypedDict):
    type: Literal['response.shell_call_command.added']
    sequence_number: int
    output_index: int
    command_index: int
    command: str


class ShellCallCommandDelta(TypedDict):
    type: Literal['response.shell_call_command.delta']
    sequence_number: int
    output_index: int
    command_index: int
    delta: str
    obfuscation: NotRequired[str | None]


class ShellCallCommandDone(TypedDict):
    type: Literal['response.shell_call_command.done']
    sequence_number: int
    output_index: int
    command_index: int
    command: str


class ShellExit(TypedDict):
    type: Literal['exit']
    exit_code: int


class ShellOutputDelta(TypedDict):
    stdout: NotRequired[str | None]
    stderr: NotRequired[str | None]


class ShellTimeout(TypedDict):
    type: Literal['timeout']


class ShellToolChoice(TypedDict):
    type: Literal['shell']


class SocketErrorDetail(TypedDict):
    type: str
    code: str | None
    message: str
    param: str | None
    headers: NotRequired[dict[str, Any] | None]


class Steer(TypedDict):
    id: str
    previous_response_id: str


class SteerAccepted(TypedDict):
    type: Literal['response.steer.accepted']
    sequence_number: int
    steer: Steer
    stream_id: NotRequired[str | None]


class SteerError(TypedDict):
    type: Literal['invalid_request_error']
    code: str
    message: str


SteerInput: TypeAlias = str | list[dict[str, Any]]


class SteerPending(TypedDict):
    type: Literal['response.steer.pending']
    sequence_number: int
    steer: Steer
    reason: str
    required_input: list[dict[str, Any]]
    stream_id: NotRequired[str | None]


class StreamedTopLogprob(TypedDict):
    token: NotRequired[str | None]
    logprob: NotRequired[float | None]


class SummaryText(TypedDict):
    type: Literal['summary_text']
    text: str


TextFormat: TypeAlias = PlainTextFormat | JsonSchemaFormat | JsonObjectFormat


class TextOptions(TypedDict):
    format: NotRequired[TextFormat | None]
    verbosity: NotRequired[Literal['low', 'medium', 'high'] | None]


ToolCaller: TypeAlias = Literal['direct', 'programmatic']


ToolChoiceMode: TypeAlias = Literal['none', 'auto', 'required']


class ToolSearchCall(TypedDict):
    type: Literal['tool_search_call']
    id: str
    call_id: NotRequired[str | None]
    execution: Literal['server', 'client']
    arguments: Any
    status: ItemStatus
    created_by: NotRequired[str | None]


class ToolSearchTool(TypedDict):
    type: Literal['tool_search']
    execution: NotRequired[Literal['server', 'client'] | None]
    description: NotRequired[str | None]
    parameters: NotRequired[Any]


class TopLogprob(TypedDict):
    token: str
    bytes: list[int]
    logprob: float


class UpdateFile(TypedDict):
    type: Literal['update_file']
    path: str
    diff: str


class UrlCitation(TypedDict):
    type: Literal['url_citation']
    url: str
    title: str
    start_index: int
    end_index: int


class Usage(TypedDict):
    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int


class WebSearchCall(TypedDict):
    type: Literal['web_search_call']
    id: str
    action: dict[str, Any]
    status: Literal['in_progress', 'searching', 'completed', 'incomplete', 'failed']


class WebSearchCallCompleted(TypedDict):
    type: Literal['response.web_search_call.completed']
    sequence_number: int
    output_index: int
    item_id: str


class WebSearchCallInProgress(TypedDict):
    type: Literal['response.web_search_call.in_progress']
    sequence_number: int
    output_index: int
    item_id: str


class WebSearchCallSearching(TypedDict):
    type: Literal['response.web_search_call.searching']
    sequence_number: int
    output_index: int
    item_id: str


class WebSearchPreviewTool(TypedDict):
    type: Literal['web_search_preview', 'web_search_preview_2025_03_11']


class WebSearchTool(TypedDict):
    type: Literal['web_search', 'web_search_2025_08_26']


Annotation: TypeAlias = FileCitation | UrlCitation | ContainerFileCitation | FilePath


class ApplyPatchTool(TypedDict):
    type: Literal['apply_patch']
    allowed_callers: NotRequired[list[ToolCaller] | None]


Caller: TypeAlias = DirectCaller | ProgramCaller


class ComputerCall(TypedDict):
    type: Literal['computer_call']
    id: str
    call_id: str
    pending_safety_checks: list[dict[str, Any]]
    action: NotRequired[dict[str, Any] | None]
    actions: NotRequired[list[dict[str, Any]] | None]
    status: ItemStatus


class Conversation(TypedDict):
    id: str
    object: Literal['conversation']
    created_at: int
    metadata: Metadata


CustomToolCall = TypedDict(
    'CustomToolCall',
    {
        'type': Literal['custom_tool_call'],
        'id': str,
        'call_id': str,
        'name': str,
        'input': str,
        'status': NotRequired[ItemStatus],
        'namespace': NotRequired[str | None],
        'caller': NotRequired[Caller | None],
        'async': NotRequired[bool | None],
        'created_by': NotRequired[str | None],
    },
)


CustomToolFormat: TypeAlias = CustomToolText | CustomToolGrammar


class FailedSteer(TypedDict):
    id: NotRequired[str | None]
    previous_response_id: str
    input: SteerInput


FunctionCall = TypedDict(
    'FunctionCall',
    {
        'type': Literal['function_call'],
        'id': str,
        'call_id': str,
        'name': str,
        'arguments': str,
        'status': ItemStatus,
        'namespace': NotRequired[str | None],
        'caller': NotRequired[Caller | None],
        'async': NotRequired[bool | None],
        'created_by': NotRequired[str | None],
    },
)


FunctionTool = TypedDict(
    'FunctionTool',
    {
        'type': Literal['function'],
        'name': str,
        'description': NotRequired[str | None],
        'parameters': NotRequired[dict[str, Any] | None],
        'strict': NotRequired[bool | None],
        'output_schema': NotRequired[dict[str, Any] | None],
        'defer_loading': NotRequired[bool | None],
        'allowed_callers': NotRequired[list[ToolCaller] | None],
        'async': NotRequired[bool | None],
    },
)


KnownListedPart: TypeAlias = InputText | InputImage | InputFile | InputAudio | PriorText | PriorRefusal


KnownResultPart: TypeAlias = InputText | ResultImage | ResultFile


KnownToolChoice: TypeAlias = AllowedToolsChoice | FunctionToolChoice | CustomToolChoice | McpToolChoice | ApplyPatchToolChoice | ShellToolChoice | ProgrammaticToolChoice | HostedToolChoice


ListedPart: TypeAlias = KnownListedPart | OtherListedPart


class McpListTools(TypedDict):
    type: Literal['mcp_list_tools']
    id: str
    server_label: str
    tools: list[McpToolDescription]
    error: NotRequired[str | None]


class OutputTextAnnotationAdded(TypedDict):
    type: Literal['response.output_text.annotation.added']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    annotation_index: int
    annotation: Annotation | None


PatchOperation: TypeAlias = CreateFile | UpdateFile | DeleteFile


class Reasoning(TypedDict):
    type: Literal['reasoning']
    id: str
    summary: list[SummaryText]
    content: NotRequired[list[ReasoningText] | None]
    encrypted_content: NotRequired[str | None]
    status: NotRequired[ItemStatus | None]


class ReasoningSummaryPartAdded(TypedDict):
    type: Literal['response.reasoning_summary_part.added']
    sequence_number: int
    output_index: int
    item_id: str
    summary_index: int
    part: SummaryText


class ReasoningSummaryPartDone(TypedDict):
    type: Literal['response.reasoning_summary_part.done']
    sequence_number: int
    output_index: int
    item_id: str
    summary_index: int
    part: SummaryText
    status: NotRequired[Literal['incomplete'] | None]


class ResponseError(TypedDict):
    code: ResponseErrorCode
    message: str
    param: NotRequired[str | None]
    type: NotRequired[str | None]
    misalignment: NotRequired[dict[str, Any] | None]


ResultPart: TypeAlias = KnownResultPart | OtherResultPart


class ShellCall(TypedDict):
    type: Literal['shell_call']
    id: str
    call_id: str
    action: ShellAction
    status: ItemStatus
    environment: NotRequired[dict[str, Any] | None]
    caller: NotRequired[Caller | None]
    created_by: NotRequired[str | None]


class ShellCallOutputContentDelta(TypedDict):
    type: Literal['response.shell_call_output_content.delta']
    sequence_number: int
    output_index: int
    item_id: str
    command_index: int
    delta: ShellOutputDelta


ShellOutcome: TypeAlias = ShellExit | ShellTimeout


class ShellOutput(TypedDict):
    stdout: str
    stderr: str
    outcome: ShellOutcome
    created_by: NotRequired[str | None]


class ShellTool(TypedDict):
    type: Literal['shell']
    environment: NotRequired[dict[str, Any] | None]
    allowed_callers: NotRequired[list[ToolCaller] | None]


class SocketError(TypedDict):
    type: Literal['error']
    status: int
    error: SocketErrorDetail
    headers: NotRequired[dict[str, Any] | None]
    sequence_number: NotRequired[int | None]
    stream_id: NotRequired[str | None]


class SteerFailed(TypedDict):
    type: Literal['response.steer.failed']
    sequence_number: int
    steer: FailedSteer
    error: SteerError
    stream_id: NotRequired[str | None]


class StreamedLogprob(TypedDict):
    token: str
    logprob: float
    top_logprobs: NotRequired[list[StreamedTopLogprob] | None]


class TokenLogprob(TypedDict):
    token: str
    bytes: list[int]
    logprob: float
    top_logprobs: list[TopLogprob]


ToolChoice: TypeAlias = ToolChoiceMode | KnownToolChoice | OtherToolChoice


ToolResult: TypeAlias = str | list[ResultPart]


class ApplyPatchCall(TypedDict):
    type: Literal['apply_patch_call']
    id: str
    call_id: str
    operation: PatchOperation
    status: Literal['in_progress', 'completed']
    caller: NotRequired[Caller | None]
    created_by: NotRequired[str | None]


class ApplyPatchCallOutputItem(TypedDict):
    type: Literal['apply_patch_call_output']
    id: str
    call_id: str
    status: Literal['completed', 'failed']
    output: NotRequired[str | None]
    caller: NotRequired[Caller | None]
    created_by: NotRequired[str | None]


CustomTool = TypedDict(
    'CustomTool',
    {
        'type': Literal['custom'],
        'name': str,
        'description': NotRequired[str | None],
        'format': NotRequired[CustomToolFormat | None],
        'defer_loading': NotRequired[bool | None],
        'allowed_callers': NotRequired[list[ToolCaller] | None],
        'async': NotRequired[bool | None],
    },
)


class CustomToolCallOutputItem(TypedDict):
    type: Literal['custom_tool_call_output']
    id: str
    call_id: str
    output: ToolResult
    status: ItemStatus
    caller: NotRequired[Caller | None]
    created_by: NotRequired[str | None]


class FunctionCallOutputItem(TypedDict):
    type: Literal['function_call_output']
    id: str
    call_id: NotRequired[str | None]
    output: ToolResult
    status: ItemStatus
    name: NotRequired[str | None]
    namespace: NotRequired[str | None]
    caller: NotRequired[Caller | None]
    created_by: NotRequired[str | None]


KnownNamespaceMember: TypeAlias = FunctionTool | CustomTool


class ListedMessage(TypedDict):
    type: Literal['message']
    id: str
    role: MessageRole
    status: ItemStatus
    content: list[ListedPart]
    phase: NotRequired[MessagePhase | None]


NamespaceMember: TypeAlias = KnownNamespaceMember | OtherNamespaceMember


class NamespaceTool(TypedDict):
    type: Literal['namespace']
    name: str
    description: NotRequired[str | None]
    tools: list[NamespaceMember]


class OutputText(TypedDict):
    type: Literal['output_text']
    text: str
    annotations: list[Annotation]
    logprobs: NotRequired[list[TokenLogprob] | None]


class OutputTextDelta(TypedDict):
    type: Literal['response.output_text.delta']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    delta: str
    logprobs: list[StreamedLogprob]


class OutputTextDone(TypedDict):
    type: Literal['response.output_text.done']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    text: str
    logprobs: list[StreamedLogprob]


class ShellCallOutputContentDone(TypedDict):
    type: Literal['response.shell_call_output_content.done']
    sequence_number: int
    output_index: int
    item_id: str
    command_index: int
    output: list[ShellOutput]


class ShellCallOutputItem(TypedDict):
    type: Literal['shell_call_output']
    id: str
    call_id: str
    output: list[ShellOutput]
    max_output_length: NotRequired[int | None]
    status: ItemStatus
    caller: NotRequired[Caller | None]
    created_by: NotRequired[str | None]


SteerEvent: TypeAlias = SteerAccepted | SteerPending | SteerFailed


StreamedPart: TypeAlias = OutputText | Refusal | ReasoningText


class ContentPartAdded(TypedDict):
    type: Literal['response.content_part.added']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    part: StreamedPart


class ContentPartDone(TypedDict):
    type: Literal['response.content_part.done']
    sequence_number: int
    output_index: int
    item_id: str
    content_index: int
    part: StreamedPart


KnownTool: TypeAlias = FunctionTool | CustomTool | NamespaceTool | ToolSearchTool | ShellTool | LocalShellTool | ApplyPatchTool | ProgrammaticTool | McpTool | WebSearchTool | WebSearchPreviewTool | FileSearchTool | CodeInterpreterTool | ImageGenerationTool | ComputerTool | ComputerUsePreviewTool


OutputContent: TypeAlias = OutputText | Refusal


Tool: TypeAlias = KnownTool | OtherTool


class ToolSearchOutputItem(TypedDict):
    type: Literal['tool_search_output']
    id: str
    call_id: NotRequired[str | None]
    execution: Literal['server', 'client']
    tools: list[Tool]
    status: ItemStatus
    created_by: NotRequired[str | None]


class AdditionalToolsItem(TypedDict):
    type: Literal['additional_tools']
    id: str
    role: Literal['unknown', 'user', 'assistant', 'system', 'critic', 'discriminator', 'developer', 'tool']
    tools: list[Tool]


KnownListedItem: TypeAlias = ListedMessage | Reasoning | FunctionCall | FunctionCallOutputItem | CustomToolCall | CustomToolCallOutputItem | ToolSearchCall | ToolSearchOutputItem | AdditionalToolsItem | ConfigurationUpdateItem | ShellCall | ShellCallOutputItem | LocalShellCall | LocalShellCallOutputItem | ApplyPatchCall | ApplyPatchCallOutputItem | Compaction | Program | ProgramOutput | McpListTools | McpApprovalRequest | McpApprovalResponseItem | McpCall | WebSearchCall | FileSearchCall | CodeInterpreterCall | ImageGenerationCall | ComputerCall | ComputerCallOutputItem


ListedItem: TypeAlias = KnownListedItem | PartialItem | OtherListedItem


class Message(TypedDict):
    type: Literal['message']
    id: str
    role: Literal['assistant']
    status: ItemStatus
    content: list[OutputContent]
    phase: NotRequired[MessagePhase | None]


OutputItem: TypeAlias = Message | Reasoning | FunctionCall | FunctionCallOutputItem | CustomToolCall | CustomToolCallOutputItem | ToolSearchCall | ToolSearchOutputItem | AdditionalToolsItem | ShellCall | ShellCallOutputItem | LocalShellCall | LocalShellCallOutputItem | ApplyPatchCall | ApplyPatchCallOutputItem | Compaction | Program | ProgramOutput | McpListTools | McpApprovalRequest | McpApprovalResponseItem | McpCall | WebSearchCall | FileSearchCall | CodeInterpreterCall | ImageGenerationCall | ComputerCall | ComputerCallOutputItem


class OutputItemAdded(TypedDict):
    type: Literal['response.output_item.added']
    sequence_number: int
    output_index: int
    item: OutputItem


class OutputItemDone(TypedDict):
    type: Literal['response.output_item.done']
    sequence_number: int
    output_index: int
    item: OutputItem


class Response(TypedDict):
    id: str
    object: Literal['response']
    created_at: float
    completed_at: float | None
    status: ResponseStatus
    error: ResponseError | None
    incomplete_details: IncompleteDetails | None
    model: str
    output: list[OutputItem]
    usage: Usage | None
    instructions: str | list[dict[str, Any]] | None
    tools: list[Tool]
    tool_choice: ToolChoice
    parallel_tool_calls: bool
    max_tool_calls: int | None
    max_output_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_logprobs: int | None
    text: TextOptions
    reasoning: ReasoningOptions | None
    truncation: Literal['auto', 'disabled'] | None
    metadata: Metadata | None
    store: bool
    background: bool | None
    previous_response_id: str | None
    conversation: NotRequired[ConversationReference | None]
    prompt: NotRequired[dict[str, Any] | None]
    prompt_cache_key: str | None
    prompt_cache_options: NotRequired[dict[str, Any] | None]
    prompt_cache_retention: NotRequired[Literal['in_memory', '24h'] | None]
    prompt_cache_diagnostics: NotRequired[dict[str, Any] | None]
    safety_identifier: str | None
    service_tier: Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'] | None
    user: str | None
    access_programs: NotRequired[dict[str, Any] | None]
    image: NotRequired[dict[str, Any] | None]
    input_transformations: NotRequired[list[dict[str, Any]] | None]
    moderation: NotRequired[dict[str, Any] | None]
    tool_usage: NotRequired[dict[str, Any] | None]


class ResponseCompleted(TypedDict):
    type: Literal['response.completed']
    sequence_number: int
    response: Response


class ResponseCreated(TypedDict):
    type: Literal['response.created']
    sequence_number: int
    response: Response


class ResponseFailed(TypedDict):
    type: Literal['response.failed']
    sequence_number: int
    response: Response


class ResponseInProgress(TypedDict):
    type: Literal['response.in_progress']
    sequence_number: int
    response: Response


class ResponseIncomplete(TypedDict):
    type: Literal['response.incomplete']
    sequence_number: int
    response: Response


class ResponseQueued(TypedDict):
    type: Literal['response.queued']
    sequence_number: int
    response: Response


StreamEvent: TypeAlias = ResponseCreated | ResponseQueued | ResponseInProgress | ResponseCompleted | ResponseIncomplete | ResponseFailed | ErrorEvent | OutputItemAdded | OutputItemDone | ContentPartAdded | ContentPartDone | OutputTextDelta | OutputTextAnnotationAdded | OutputTextDone | RefusalDelta | RefusalDone | ReasoningTextDelta | ReasoningTextDone | ReasoningSummaryPartAdded | ReasoningSummaryPartDone | ReasoningSummaryTextDelta | ReasoningSummaryTextDone | FunctionCallArgumentsDelta | FunctionCallArgumentsDone | CustomToolCallInputDelta | CustomToolCallInputDone | ShellCallCommandAdded | ShellCallCommandDelta | ShellCallCommandDone | ShellCallOutputContentDelta | ShellCallOutputContentDone | McpListToolsInProgress | McpListToolsCompleted | McpListToolsFailed | McpCallInProgress | McpCallArgumentsDelta | McpCallArgumentsDone | McpCallCompleted | McpCallFailed | WebSearchCallInProgress | WebSearchCallSearching | WebSearchCallCompleted | FileSearchCallInProgress | FileSearchCallSearching | FileSearchCallCompleted | CodeInterpreterCallInProgress | CodeInterpreterCallCodeDelta | CodeInterpreterCallCodeDone | CodeInterpreterCallInterpreting | CodeInterpreterCallCompleted | ImageGenerationCallInProgress | ImageGenerationCallGenerating | ImageGenerationCallPartialImage | ImageGenerationCallCompleted | CompactionCompacting | AudioDelta | AudioDone | AudioTranscriptDelta | AudioTranscriptDone


class CompactedResponse(TypedDict):
    id: str
    object: Literal['response.compaction']
    created_at: int
    output: list[ListedItem]
    usage: Usage


class ItemList(TypedDict):
    object: Literal['list']
    data: list[ListedItem]
    first_id: str | None
    last_id: str | None
    has_more: bool


ServerEvent: TypeAlias = StreamEvent | SteerEvent | SocketError
