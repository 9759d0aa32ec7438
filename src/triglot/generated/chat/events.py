# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AudioDelta(TypedDict):
    id: NotRequired[str | None]
    data: NotRequired[str | None]
    expires_at: NotRequired[int | None]
    transcript: NotRequired[str | None]


class CompletionTokensDetails(TypedDict):
    reasoning_tokens: NotRequired[int | None]
    text_tokens: NotRequired[int | None]
    audio_tokens: NotRequired[int | None]
    accepted_prediction_tokens: NotRequired[int | None]
    rejected_prediction_tokens: NotRequired[int | None]


class CustomCall(TypedDict):
    name: str
    input: str


class CustomToolCall(TypedDict):
    id: str
    type: Literal['custom']
    custom: CustomCall


class ErrorDetail(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


FinishReason: TypeAlias = Literal['stop', 'length', 'tool_calls', 'content_filter', 'function_call']


class FunctionCall(TypedDict):
    name: str
    arguments: str


class FunctionDelta(TypedDict):
    name: NotRequired[str | None]
    arguments: NotRequired[str | None]


class FunctionToolCall(TypedDict):
    id: str
    type: Literal['function']
    function: FunctionCall


KnownToolCall: TypeAlias = FunctionToolCall | CustomToolCall


class ModelMeta(TypedDict):
    n_ctx: NotRequired[int]
    n_ctx_train: NotRequired[int]
    n_embd: NotRequired[int]
    n_params: NotRequired[int]
    n_vocab: NotRequired[int]
    size: NotRequired[int]
    vocab_type: NotRequired[int]
    ftype: NotRequired[str]


class OtherToolCall(TypedDict):
    type: str


class PromptProgress(TypedDict):
    total: int
    cache: int
    processed: int
    time_ms: int


class PromptTokensDetails(TypedDict):
    cached_tokens: NotRequired[int | None]
    cache_write_tokens: NotRequired[int | None]
    text_tokens: NotRequired[int | None]
    image_tokens: NotRequired[int | None]
    audio_tokens: NotRequired[int | None]


class SpokenAnswer(TypedDict):
    id: str
    data: str
    expires_at: int
    transcript: str


class StreamFailureDetail(TypedDict):
    message: str
    type: NotRequired[str | None]
    param: NotRequired[str | None]
    code: NotRequired[str | int | None]


class Timings(TypedDict):
    cache_n: NotRequired[int]
    prompt_n: NotRequired[int]
    prompt_ms: NotRequired[float]
    prompt_per_token_ms: NotRequired[float]
    prompt_per_second: NotRequired[float]
    predicted_n: NotRequired[int]
    predicted_ms: NotRequired[float]
    predicted_per_token_ms: NotRequired[float]
    predicted_per_second: NotRequired[float]
    draft_n: NotRequired[int]
    draft_n_accepted: NotRequired[int]


ToolCall: TypeAlias = KnownToolCall | OtherToolCall


class ToolCallDelta(TypedDict):
    index: int
    id: NotRequired[str | None]
    type: NotRequired[Literal['function'] | None]
    function: NotRequired[FunctionDelta | None]


class TopLogprob(TypedDict):
    id: NotRequired[int]
    token: str
    bytes: NotRequired[list[int] | None]
    logprob: float


class UrlCitation(TypedDict):
    start_index: int
    end_index: int
    title: str
    url: str


class Usage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: NotRequired[PromptTokensDetails | None]
    completion_tokens_details: NotRequired[CompletionTokensDetails | None]


class Annotation(TypedDict):
    type: Literal['url_citation']
    url_citation: UrlCitation


class AnswerMessage(TypedDict):
    role: Literal['assistant']
    content: NotRequired[str | None]
    reasoning_content: NotRequired[str | None]
    tool_calls: NotRequired[list[ToolCall] | None]
    refusal: NotRequired[str | None]
    annotations: NotRequired[list[Annotation] | None]
    audio: NotRequired[SpokenAnswer | None]
    function_call: NotRequired[FunctionCall | None]


class Delta(TypedDict):
    role: NotRequired[Literal['developer', 'system', 'user', 'assistant', 'tool'] | None]
    content: NotRequired[str | None]
    reasoning_content: NotRequired[str | None]
    tool_calls: NotRequired[list[ToolCallDelta] | None]
    refusal: NotRequired[str | None]
    audio: NotRequired[AudioDelta | None]
    function_call: NotRequired[FunctionDelta | None]


class ErrorAnswer(TypedDict):
    error: ErrorDetail


class Model(TypedDict):
    id: str
    object: Literal['model']
    created: int
    owned_by: str
    shutdown_date: NotRequired[str | None]
    meta: NotRequired[ModelMeta | None]


class ModelList(TypedDict):
    object: Literal['list']
    data: list[Model]


class StreamFailure(TypedDict):
    error: StreamFailureDetail


class TokenLogprob(TypedDict):
    id: NotRequired[int]
    token: str
    bytes: NotRequired[list[int] | None]
    logprob: float
    top_logprobs: list[TopLogprob]


class Logprobs(TypedDict):
    content: NotRequired[list[TokenLogprob] | None]
    refusal: NotRequired[list[TokenLogprob] | None]


class Choice(TypedDict):
    index: int
    finish_reason: FinishReason
    message: AnswerMessage
    logprobs: NotRequired[Logprobs | None]


class ChunkChoice(TypedDict):
    index: int
    delta: Delta
    finish_reason: NotRequired[FinishReason | None]
    logprobs: NotRequired[Logprobs | None]


class ChatCompletion(TypedDict):
    id: str
    object: Literal['chat.completion']
    created: int
    model: str
    choices: list[Choice]
    usage: NotRequired[Usage | None]
    system_fingerprint: NotRequired[str | None]
    service_tier: NotRequired[Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast'] | None]
    metadata: NotRequired[dict[str, str] | None]
    moderation: NotRequired[dict[str, Any] | None]
    timings: NotRequired[Timings]


class ChatCompletionChunk(TypedDict):
    id: str
    object: Literal['chat.completion.chunk']
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: NotRequired[Usage | None]
    system_fingerprint: NotRequired[str | None]
    service_tier: NotRequired[Literal['auto', 'default', 'flex', 'scale', 'priority', 'fast'] | None]
    obfuscation: NotRequired[str | None]
    moderation: NotRequired[dict[str, Any] | None]
    timings: NotRequired[Timings]
    prompt_progress: NotRequired[PromptProgress]


ChatStreamEvent: TypeAlias = ChatCompletionChunk | StreamFailure
