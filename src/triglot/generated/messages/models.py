# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class AdvisorTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['advisor_20260301']
    name: Literal['advisor']
    model: str


class Base64ImageSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['base64']
    media_type: Literal['image/jpeg', 'image/png', 'image/gif', 'image/webp']
    data: str


class Base64PdfSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['base64']
    media_type: Literal['application/pdf']
    data: str


class BillingPolicy(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['billing_policy']
    bill_to: Literal['self', 'user_profile'] | None = 'self'


class CacheControl(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['ephemeral']
    ttl: Literal['5m', '1h'] | None = '5m'


class CharLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['char_location']
    cited_text: str
    document_index: int
    document_title: str | None = None
    file_id: str | None = None
    start_char_index: int
    end_char_index: int


class CitationsConfig(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    enabled: bool | None = False


class CodeExecutionTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['code_execution_20250522', 'code_execution_20250825', 'code_execution_20260120', 'code_execution_20260521']
    name: Literal['code_execution']


class Compaction(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['summarize']
    instructions: str | None = None


class ComputerTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['computer_20241022', 'computer_20250124', 'computer_20251124']
    name: Literal['computer']
    display_width_px: int
    display_height_px: int
    display_number: int | None = None
    enable_zoom: bool | None = False
    strict: bool | None = None
    defer_loading: bool | None = False
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None
    cache_control: CacheControl | None = None


class ContentBlockLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['content_block_location']
    cited_text: str
    document_index: int
    document_title: str | None = None
    file_id: str | None = None
    start_block_index: int
    end_block_index: int


class CustomTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom'] | None = None
    name: str
    description: str | None = None
    input_schema: dict[str, Any]
    strict: bool | None = None
    eager_input_streaming: bool | None = None
    defer_loading: bool | None = False
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None
    cache_control: CacheControl | None = None


class DiagnosticsRequest(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    previous_message_id: str | None = None


class DirectCaller(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['direct']


class FallbackCredit(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    token: str
    mode: Literal['strict', 'best_effort'] | None = 'strict'


class FallbackModel(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str


class FileDocumentSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['file']
    file_id: str


class FileImageSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['file']
    file_id: str


class ImageTransformations(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    oversized_image: Literal['downsize', 'error'] | None = None


class InputContainerUploadBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['container_upload']
    file_id: str
    cache_control: CacheControl | None = None


class InputFallbackBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['fallback']
    from_: Annotated[FallbackModel, Field(alias='from')]
    to: FallbackModel
    trigger: Any | None = None


class InputMcpToolUseBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_tool_use']
    id: str
    name: str
    server_name: str
    input: dict[str, Any]
    cache_control: CacheControl | None = None


class InputRedactedThinkingBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['redacted_thinking']
    data: str


class InputThinkingBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['thinking']
    thinking: str
    signature: str | None = ''


class JsonOutputFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['json_schema']
    schema_: Annotated[dict[str, Any], Field(alias='schema')]


class ListModelsQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    limit: Annotated[int | None, Field(ge=1, le=1000)] = 20
    after_id: str | None = None
    before_id: str | None = None


class McpTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str
    description: str | None = None
    input_schema: dict[str, Any]


class McpToolConfig(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    enabled: bool | None = None
    defer_loading: bool | None = None


class McpToolConfiguration(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    enabled: bool | None = None
    allowed_tools: list[str] | None = None


class McpToolset(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_toolset']
    mcp_server_name: str
    default_config: McpToolConfig | None = None
    configs: dict[str, Any] | None = None
    tools: list[McpTool] | None = None


class MemoryTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['memory_20250818']
    name: Literal['memory']
    strict: bool | None = None
    defer_loading: bool | None = False
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None
    cache_control: CacheControl | None = None


class MessageOutputConfig(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    effort: Literal['low', 'medium', 'high', 'xhigh', 'max'] | None = None


class Metadata(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    user_id: str | None = None


class PageLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['page_location']
    cited_text: str
    document_index: int
    document_title: str | None = None
    file_id: str | None = None
    start_page_number: int
    end_page_number: int


class PlainTextSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']
    media_type: Literal['text/plain']
    data: str


class ProgramCaller(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['code_execution_20250825', 'code_execution_20260120']
    tool_id: str


class SearchResultLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['search_result_location']
    cited_text: str
    search_result_index: int
    source: str
    title: str | None = None
    start_block_index: int
    end_block_index: int


class Skill(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['anthropic', 'custom']
    skill_id: str
    version: str | None = None


class TextEditorTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text_editor_20241022', 'text_editor_20250124', 'text_editor_20250429', 'text_editor_20250728']
    name: Literal['str_replace_editor', 'str_replace_based_edit_tool']
    max_characters: int | None = None
    strict: bool | None = None
    defer_loading: bool | None = False
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None
    cache_control: CacheControl | None = None


class ThinkingBetweenTools(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['between_tools']


class ThinkingBlockBinding(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    prefix_mismatch_behavior: Literal['error', 'drop_block'] | None = 'error'


class ThinkingDisabled(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['disabled']


class ThinkingEnabled(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['enabled']
    budget_tokens: Annotated[int, Field(ge=1)]
    display: Literal['summarized', 'omitted', 'updates'] | None = None
    block_binding: ThinkingBlockBinding | None = None


class ThreadContinue(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['continue']
    previous_message_id: str


class ThreadCreate(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['create']


class Threshold(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_tokens', 'tool_uses', 'thinking_turns', 'all']
    value: int | None = None


class TokenBudget(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tokens']
    total: int
    remaining: int | None = None


class ToolChange(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_reference', 'mcp_tool_reference', 'mcp_toolset_reference', 'tool_definition']
    name: str | None = None
    server_name: str | None = None
    definition: dict[str, Any] | None = None


class ToolChangeBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_addition', 'tool_removal']
    tool: ToolChange
    cache_control: CacheControl | None = None


class ToolChoiceAny(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['any']
    disable_parallel_tool_use: bool | None = None


class ToolChoiceAuto(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['auto']
    disable_parallel_tool_use: bool | None = None


class ToolChoiceNone(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['none']


class ToolChoiceTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool']
    name: str
    disable_parallel_tool_use: bool | None = None


class ToolReferenceBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_reference']
    tool_name: str
    cache_control: CacheControl | None = None


class ToolSearchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_search_tool_bm25', 'tool_search_tool_bm25_20251119', 'tool_search_tool_regex', 'tool_search_tool_regex_20251119']
    name: Literal['tool_search_tool_bm25', 'tool_search_tool_regex']


class ToolsetMemberConfig(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    enabled: bool | None = None
    defer_loading: bool | None = False


class UnknownCitation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[
        str, Field(pattern='^(?!(char_location|page_location|content_block_location|web_search_result_location|search_result_location)\\Z)')
    ]


class UnknownContextEdit(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(clear_tool_uses_20250919|clear_thinking_20251015|compact_20260112)\\Z)')]


class UnknownDocumentSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(text|content|base64|url|file)\\Z)')]


class UnknownInputContentBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[
        str,
        Field(
            pattern='^(?!(text|image|document|search_result|thinking|redacted_thinking|tool_use|tool_result|server_tool_use|web_search_tool_result|web_fetch_tool_result|code_execution_tool_result|bash_code_execution_tool_result|text_editor_code_execution_tool_result|tool_search_tool_result|advisor_tool_result|mcp_tool_use|mcp_tool_result|mcp_tool_listing|container_upload|compaction|tool_addition|tool_removal|fallback)\\Z)'
        ),
    ]


class UnknownSystemContentBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(text|tool_addition|tool_removal)\\Z)')]


class UnknownThinkingConfig(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(enabled|adaptive|between_tools|disabled)\\Z)')]


class UnknownTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[
        str,
        Field(
            pattern='^(?!(custom|bash_20241022|bash_20250124|text_editor_20241022|text_editor_20250124|text_editor_20250429|text_editor_20250728|computer_20241022|computer_20250124|computer_20251124|memory_20250818|code_execution_20250522|code_execution_20250825|code_execution_20260120|code_execution_20260521|web_search_20250305|web_search_20260209|web_search_20260318|web_fetch_20250910|web_fetch_20260209|web_fetch_20260309|web_fetch_20260318|tool_search_tool_bm25|tool_search_tool_bm25_20251119|tool_search_tool_regex|tool_search_tool_regex_20251119|advisor_20260301|computer_toolset_20260801|browser_toolset_20260801|mcp_toolset)\\Z)'
        ),
    ]


class UnknownToolCaller(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(direct|code_execution_20250825|code_execution_20260120)\\Z)')]


class UnknownToolResultContentBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(text|image|document|search_result|tool_reference|browser_state)\\Z)')]


class UrlImageSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['url']
    url: str


class UrlPdfSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['url']
    url: str


class WebFetchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_fetch_20250910', 'web_fetch_20260209', 'web_fetch_20260309', 'web_fetch_20260318']
    name: Literal['web_fetch']
    max_uses: int | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None


class WebSearchResultLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_search_result_location']
    cited_text: str
    encrypted_index: str
    title: str | None = None
    url: str


class WebSearchTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_search_20250305', 'web_search_20260209', 'web_search_20260318']
    name: Literal['web_search']
    max_uses: int | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None


class BashTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['bash_20241022', 'bash_20250124']
    name: Literal['bash']
    strict: bool | None = None
    defer_loading: bool | None = False
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None
    cache_control: CacheControl | None = None


class BrowserStateBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['browser_state']
    tabs: list[dict[str, Any]]
    state_changes: list[dict[str, Any]] | None = None
    cache_control: CacheControl | None = None


class ClearThinking(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['clear_thinking_20251015']
    keep: Threshold | Literal['all'] | None = None


class ClearToolUses(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['clear_tool_uses_20250919']
    trigger: Threshold | None = None
    keep: Threshold | None = None
    clear_at_least: Threshold | None = None
    clear_tool_inputs: bool | list[str] | None = None
    exclude_tools: list[str] | None = None


class Compact(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['compact_20260112']
    trigger: Threshold | None = None
    instructions: str | None = None
    pause_after_compaction: bool | None = None


class Container(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str | None = None
    skills: list[Skill] | None = None


ImageSource = TypeAliasType("ImageSource", Annotated[Base64ImageSource | UrlImageSource | FileImageSource, Field(discriminator='type')])


class InputCompactionBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['compaction']
    content: str | None = None
    encrypted_content: str | None = None
    signature: str | None = None
    tool_changes: list[ToolChangeBlock] | None = None
    cache_control: CacheControl | None = None


class InputMcpToolListingBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_tool_listing']
    mcp_server_name: str
    tools: list[McpTool]


KnownCitation = TypeAliasType(
    "KnownCitation",
    Annotated[
        CharLocation | PageLocation | ContentBlockLocation | WebSearchResultLocation | SearchResultLocation, Field(discriminator='type')
    ],
)


KnownContextEdit = TypeAliasType("KnownContextEdit", Annotated[ClearToolUses | ClearThinking | Compact, Field(discriminator='type')])


KnownToolCaller = TypeAliasType("KnownToolCaller", Annotated[DirectCaller | ProgramCaller, Field(discriminator='type')])


class McpServer(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['url']
    name: str
    url: str
    authorization_token: str | None = None
    tool_configuration: McpToolConfiguration | None = None


class OutputConfig(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    effort: Literal['low', 'medium', 'high', 'xhigh', 'max'] | None = None
    format: JsonOutputFormat | None = None
    task_budget: TokenBudget | None = None


class ThinkingAdaptive(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['adaptive']
    display: Literal['summarized', 'omitted', 'updates'] | None = None
    block_binding: ThinkingBlockBinding | None = None


Thread = TypeAliasType("Thread", Annotated[ThreadCreate | ThreadContinue, Field(discriminator='type')])


ToolCaller = TypeAliasType("ToolCaller", Annotated[KnownToolCaller | UnknownToolCaller, Field(union_mode='left_to_right')])


ToolChoice = TypeAliasType(
    "ToolChoice", Annotated[ToolChoiceAuto | ToolChoiceAny | ToolChoiceTool | ToolChoiceNone, Field(discriminator='type')]
)


class Toolset(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['computer_toolset_20260801', 'browser_toolset_20260801']
    configs: dict[str, ToolsetMemberConfig | None] | None = None
    cache_control: CacheControl | None = None


Citation = TypeAliasType("Citation", Annotated[KnownCitation | UnknownCitation, Field(union_mode='left_to_right')])


ContextEdit = TypeAliasType("ContextEdit", Annotated[KnownContextEdit | UnknownContextEdit, Field(union_mode='left_to_right')])


class ContextManagement(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    edits: list[ContextEdit] | None = None


HostedTool = TypeAliasType(
    "HostedTool",
    Annotated[
        BashTool | TextEditorTool | ComputerTool | MemoryTool | CodeExecutionTool | WebSearchTool | WebFetchTool | ToolSearchTool | AdvisorTool | Toolset | McpToolset,
        Field(discriminator='type'),
    ],
)


class ImageBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['image']
    source: ImageSource
    cache_control: CacheControl | None = None
    transformations: ImageTransformations | None = None


class InputServerToolResultBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['web_search_tool_result', 'web_fetch_tool_result', 'code_execution_tool_result', 'bash_code_execution_tool_result', 'text_editor_code_execution_tool_result', 'tool_search_tool_result', 'advisor_tool_result']
    tool_use_id: str
    content: list[dict[str, Any]] | dict[str, Any]
    caller: ToolCaller | None = None
    cache_control: CacheControl | None = None


class InputServerToolUseBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['server_tool_use']
    id: str
    name: str
    input: dict[str, Any]
    caller: ToolCaller | None = None
    cache_control: CacheControl | None = None


class InputTextBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']
    text: str
    cache_control: CacheControl | None = None
    citations: list[Citation] | None = None


class InputToolUseBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_use']
    id: str
    name: str
    input: dict[str, Any] | str | None
    cache_control: CacheControl | None = None
    caller: ToolCaller | None = None
    toolset_name: str | None = None


KnownSystemContentBlock = TypeAliasType("KnownSystemContentBlock", Annotated[InputTextBlock | ToolChangeBlock, Field(discriminator='type')])


KnownThinkingConfig = TypeAliasType(
    "KnownThinkingConfig",
    Annotated[
        ThinkingEnabled | ThinkingAdaptive | ThinkingBetweenTools | ThinkingDisabled, Field(discriminator='type')
    ],
)


class SearchResultBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['search_result']
    source: str
    title: str
    content: list[InputTextBlock]
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


SystemContentBlock = TypeAliasType("SystemContentBlock", Annotated[KnownSystemContentBlock | UnknownSystemContentBlock, Field(union_mode='left_to_right')])


class SystemMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['system']
    content: str | list[SystemContentBlock] | None = None
    clear_at: Literal['next_user_message', 'never'] | None = 'never'
    output_config: MessageOutputConfig | None = None


SystemPrompt = TypeAliasType("SystemPrompt", str | list[InputTextBlock])


ThinkingConfig = TypeAliasType("ThinkingConfig", Annotated[KnownThinkingConfig | UnknownThinkingConfig, Field(union_mode='left_to_right')])


Tool = TypeAliasType("Tool", Annotated[HostedTool | CustomTool | UnknownTool, Field(union_mode='left_to_right')])


DocumentContentBlock = TypeAliasType("DocumentContentBlock", Annotated[InputTextBlock | ImageBlock, Field(discriminator='type')])


class Fallback(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str
    max_tokens: int | None = None
    output_config: OutputConfig | None = None
    speed: Literal['standard', 'fast'] | None = None
    thinking: ThinkingConfig | None = None


class InputMcpToolResultBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['mcp_tool_result']
    tool_use_id: str
    content: str | list[InputTextBlock] | None = None
    is_error: bool | None = False
    cache_control: CacheControl | None = None


class ContentSource(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['content']
    content: str | list[DocumentContentBlock]


KnownDocumentSource = TypeAliasType(
    "KnownDocumentSource",
    Annotated[
        PlainTextSource | ContentSource | Base64PdfSource | UrlPdfSource | FileDocumentSource, Field(discriminator='type')
    ],
)


DocumentSource = TypeAliasType("DocumentSource", Annotated[KnownDocumentSource | UnknownDocumentSource, Field(union_mode='left_to_right')])


class DocumentBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['document']
    source: DocumentSource
    title: str | None = None
    context: str | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


KnownToolResultContentBlock = TypeAliasType(
    "KnownToolResultContentBlock",
    Annotated[
        InputTextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ToolReferenceBlock | BrowserStateBlock,
        Field(discriminator='type'),
    ],
)


ToolResultContentBlock = TypeAliasType("ToolResultContentBlock", Annotated[KnownToolResultContentBlock | UnknownToolResultContentBlock, Field(union_mode='left_to_right')])


class ToolResultBlock(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['tool_result']
    tool_use_id: str
    content: str | list[ToolResultContentBlock] | None = None
    is_error: bool | None = False
    cache_control: CacheControl | None = None
    toolset_name: str | None = None


KnownInputContentBlock = TypeAliasType(
    "KnownInputContentBlock",
    Annotated[
        InputTextBlock | ImageBlock | DocumentBlock | SearchResultBlock | InputThinkingBlock | InputRedactedThinkingBlock | InputToolUseBlock | ToolResultBlock | InputServerToolUseBlock | InputServerToolResultBlock | InputMcpToolUseBlock | InputMcpToolResultBlock | InputMcpToolListingBlock | InputContainerUploadBlock | InputCompactionBlock | ToolChangeBlock | InputFallbackBlock,
        Field(discriminator='type'),
    ],
)


InputContentBlock = TypeAliasType("InputContentBlock", Annotated[KnownInputContentBlock | UnknownInputContentBlock, Field(union_mode='left_to_right')])


class UserMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['user']
    content: str | list[InputContentBlock] | None


class AssistantMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['assistant']
    content: str | list[InputContentBlock] | None


InputMessage = TypeAliasType("InputMessage", Annotated[UserMessage | AssistantMessage | SystemMessage, Field(discriminator='role')])


class CountMessageTokens(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str
    messages: Annotated[list[InputMessage], Field(min_length=1)]
    system: SystemPrompt | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None
    context_management: ContextManagement | None = None
    compaction: Compaction | None = None
    mcp_servers: list[McpServer] | None = None
    speed: Literal['standard', 'fast'] | None = 'standard'
    billing_policy: BillingPolicy | None = None


class CreateMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str
    messages: Annotated[list[InputMessage], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=0)]
    system: SystemPrompt | None = None
    stream: bool | None = False
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    stop_sequences: list[str] | None = None
    temperature: Annotated[float | None, Field(ge=0.0)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    top_k: Annotated[int | None, Field(ge=0)] = None
    cache_control: CacheControl | None = None
    context_management: ContextManagement | None = None
    compaction: Compaction | None = None
    thread: Thread | None = None
    container: Container | str | None = None
    mcp_servers: list[McpServer] | None = None
    t_max_predict_ms: Annotated[int | None, Field(ge=1)] = None
    use_adapter: str | bool | None = None
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    metadata: Metadata | None = None
    service_tier: Literal['auto', 'standard_only'] | None = 'auto'
    speed: Literal['standard', 'fast'] | None = 'standard'
    inference_geo: str | None = None
    diagnostics: DiagnosticsRequest | None = None
    fallbacks: list[Fallback] | Literal['default'] | None = None
    fallback_credit_token: str | FallbackCredit | None = None
    billing_policy: BillingPolicy | None = None
