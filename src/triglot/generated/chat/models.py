# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class ApproximateLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class CacheBreakpoint(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    mode: Literal['explicit'] | None = None
    ttl: Literal['30m', '12h'] | None = None


class CustomCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str
    input: str


class CustomGrammar(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    definition: str
    syntax: Literal['lark', 'regex']


class CustomGrammarFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['grammar']
    grammar: CustomGrammar


class CustomName(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str


class CustomTextFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']


class CustomToolCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str
    type: Literal['custom']
    custom: CustomCall


class EarlierAudio(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str


class File(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['file']
    file: File
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class FunctionCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str
    arguments: str


class FunctionCallOption(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str


class FunctionDefinition(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['function']
    name: str
    content: str | None


class FunctionName(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str


class FunctionTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['function']
    function: FunctionDefinition


class FunctionToolCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str
    type: Literal['function']
    function: FunctionCall


class ImageUrl(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    url: str
    detail: Literal['auto', 'low', 'high', 'original'] | None = 'auto'


class InputAudio(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    data: str
    format: Literal['wav', 'mp3']


class JsonObjectFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['json_object']
    schema_: Annotated[dict[str, Any] | None, Field(alias='schema')] = None


class JsonSchema(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias='schema')] = None
    strict: bool | None = None


class JsonSchemaFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['json_schema']
    json_schema: JsonSchema


KnownCustomDefinitionFormat = TypeAliasType(
    "KnownCustomDefinitionFormat", Annotated[CustomTextFormat | CustomGrammarFormat, Field(discriminator='type')]
)


KnownToolCall = TypeAliasType("KnownToolCall", Annotated[FunctionToolCall | CustomToolCall, Field(discriminator='type')])


class LoraScale(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: Annotated[int, Field(ge=0)]
    scale: float


class ModerationRule(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    mode: Literal['score', 'block']


class NamedCustomChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom']
    custom: CustomName


class NamedFunctionChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['function']
    function: FunctionName


class OtherAllowedTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(function|custom)\\Z)')]


class OtherMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    role: Annotated[str, Field(pattern='^(?!(developer|system|user|assistant|tool|function)\\Z)')]


class OtherPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(text|image_url|input_audio|file|refusal)\\Z)')]


class OtherTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(function|custom)\\Z)')]


class OtherToolCall(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(function|custom)\\Z)')]


class PromptCacheOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    mode: Literal['implicit', 'explicit'] | None = None
    ttl: Literal['30m'] | None = None


class RefusalPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['refusal']
    refusal: str


class SearchLocation(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['approximate']
    approximate: ApproximateLocation


class StreamOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    include_usage: bool | None = False
    include_obfuscation: bool | None = False


class TextFormat(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']


class TextPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['text']
    text: str
    prompt_cache_breakpoint: CacheBreakpoint | None = None


ToolCall = TypeAliasType("ToolCall", Annotated[KnownToolCall | OtherToolCall, Field(union_mode='left_to_right')])


class VoiceId(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    id: str


class WebSearchOptions(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    search_context_size: Literal['low', 'medium', 'high'] | None = None
    user_location: SearchLocation | None = None


class AudioOutput(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    format: Literal['wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16']
    voice: str | VoiceId


class AudioPart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['input_audio']
    input_audio: InputAudio
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class CustomDefinition(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    name: str
    description: str | None = None
    format: KnownCustomDefinitionFormat | None = None


class CustomTool(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['custom']
    custom: CustomDefinition


class ImagePart(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['image_url']
    image_url: ImageUrl
    prompt_cache_breakpoint: CacheBreakpoint | None = None


KnownAllowedTool = TypeAliasType("KnownAllowedTool", Annotated[NamedFunctionChoice | NamedCustomChoice, Field(discriminator='type')])


KnownContentPart = TypeAliasType(
    "KnownContentPart", Annotated[TextPart | ImagePart | AudioPart | FilePart | RefusalPart, Field(discriminator='type')]
)


KnownTool = TypeAliasType("KnownTool", Annotated[FunctionTool | CustomTool, Field(discriminator='type')])


class ModerationPolicy(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    input: ModerationRule | None = None
    output: ModerationRule | None = None


class ModerationRequest(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    model: str
    policy: ModerationPolicy | None = None


ResponseFormat = TypeAliasType("ResponseFormat", Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator='type')])


Tool = TypeAliasType("Tool", Annotated[KnownTool | OtherTool, Field(union_mode='left_to_right')])


AllowedTool = TypeAliasType("AllowedTool", Annotated[KnownAllowedTool | OtherAllowedTool, Field(union_mode='left_to_right')])


class AllowedTools(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    mode: Literal['auto', 'required']
    tools: list[AllowedTool]


class AllowedToolsChoice(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['allowed_tools']
    allowed_tools: AllowedTools


ContentPart = TypeAliasType("ContentPart", Annotated[KnownContentPart | OtherPart, Field(union_mode='left_to_right')])


KnownToolChoice = TypeAliasType(
    "KnownToolChoice", Annotated[NamedFunctionChoice | NamedCustomChoice | AllowedToolsChoice, Field(discriminator='type')]
)


MessageContent = TypeAliasType("MessageContent", str | list[ContentPart])


class Prediction(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['content']
    content: MessageContent


class SystemMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['system']
    content: MessageContent
    name: str | None = None


ToolChoice = TypeAliasType("ToolChoice", Annotated[Literal['none', 'auto', 'required'] | KnownToolChoice, Field(union_mode='left_to_right')])


class ToolMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['tool']
    content: MessageContent
    tool_call_id: str
    name: str | None = None


class UserMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['user']
    content: MessageContent
    name: str | None = None


class AssistantMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['assistant']
    content: MessageContent | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None
    name: str | None = None
    audio: EarlierAudio | None = None
    function_call: FunctionCall | None = None


class DeveloperMessage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    role: Literal['developer']
    content: MessageContent
    name: str | None = None


KnownMessage = TypeAliasType(
    "KnownMessage",
    Annotated[
        DeveloperMessage | SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage, Field(discriminator='role')
    ],
)


Message = TypeAliasType("Message", Annotated[KnownMessage | OtherMessage, Field(union_mode='left_to_right')])


class CreateChatCompletion(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    messages: Annotated[list[Message], Field(min_length=1)]
    model: str | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, Field(ge=1)] = 1
    max_completion_tokens: Annotated[int | None, Field(ge=-1)] = None
    max_tokens: Annotated[int | None, Field(ge=-1)] = None
    stop: str | list[str] | None = None
    temperature: Annotated[float | None, Field(ge=0.0)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float | bool] | list[list[Any]] | None = None
    seed: int | None = None
    logprobs: bool | None = False
    top_logprobs: Annotated[int | None, Field(ge=0)] = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionDefinition] | None = None
    function_call: Literal['none', 'auto'] | FunctionCallOption | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] | str | None = None
    verbosity: Literal['low', 'medium', 'high'] | None = 'medium'
    modalities: list[Literal['text', 'audio']] | None = ['text']
    audio: AudioOutput | None = None
    prediction: Prediction | None = None
    web_search_options: WebSearchOptions | None = None
    store: bool | None = False
    metadata: dict[str, str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    moderation: ModerationRequest | None = None
    service_tier: Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast'] | None = 'auto'
    prompt_cache_key: str | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    prompt_cache_retention: Literal['in_memory', '24h'] | None = None
    use_adapter: str | bool | None = None
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    chat_template_kwargs: dict[str, Any] | None = None
    add_generation_prompt: bool | None = True
    continue_final_message: bool | str | None = None
    reasoning_format: str | None = None
    reasoning_budget_tokens: Annotated[int | None, Field(ge=-1)] = None
    thinking_budget_tokens: Annotated[int | None, Field(ge=-1)] = None
    reasoning_budget_message: str | None = None
    parse_tool_calls: bool | None = None
    top_k: int | None = None
    min_p: float | None = None
    typical_p: float | None = None
    top_n_sigma: float | None = None
    xtc_probability: float | None = None
    xtc_threshold: float | None = None
    dynatemp_range: float | None = None
    dynatemp_exponent: float | None = None
    repeat_penalty: float | None = None
    repeat_last_n: int | None = None
    dry_multiplier: float | None = None
    dry_base: float | None = None
    dry_allowed_length: int | None = None
    dry_penalty_last_n: int | None = None
    dry_sequence_breakers: list[str] | None = None
    mirostat: int | None = None
    mirostat_tau: float | None = None
    mirostat_eta: float | None = None
    adaptive_target: float | None = None
    adaptive_decay: float | None = None
    samplers: list[str] | str | None = None
    min_keep: int | None = None
    ignore_eos: bool | None = None
    n_probs: int | None = None
    post_sampling_probs: bool | None = None
    grammar: str | None = None
    json_schema: dict[str, Any] | bool | None = None
    grammar_lazy: bool | None = None
    grammar_triggers: list[dict[str, Any]] | None = None
    preserved_tokens: list[str] | None = None
    n_predict: Annotated[int | None, Field(ge=-1)] = None
    n_keep: int | None = None
    n_discard: int | None = None
    n_cache_reuse: int | None = None
    n_indent: int | None = None
    cache_prompt: bool | None = True
    id_slot: int | None = None
    t_max_predict_ms: int | None = None
    lora: list[LoraScale] | None = None
    backend_sampling: bool | None = None
    timings_per_token: bool | None = False
    return_progress: bool | None = False
    return_tokens: bool | None = False
    sse_ping_interval: int | None = None
    response_fields: list[str] | None = None
    verbose: bool | None = False
    echo: bool | None = None
