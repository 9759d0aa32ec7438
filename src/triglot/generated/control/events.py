# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Literal, TypeAlias, TypedDict


class Adapter(TypedDict):
    id: int
    name: str
    scale: float


class BackendHealth(TypedDict):
    reachable: bool
    status: str | None
    model: str | None


class CancelledInference(TypedDict):
    cancelled: int


class CancelledLoad(TypedDict):
    cancelled: bool


class EngineFinding(TypedDict):
    field: str
    message: str


EngineStateName: TypeAlias = Literal['unloaded', 'loading', 'ready', 'restarting', 'failed', 'stopping', 'unreachable']


class ErrorDetail(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


GenerateEnd: TypeAlias = Literal['stop', 'length', 'content_filter', 'cancelled']


class GenerateFailed(TypedDict):
    type: Literal['generate.failed']
    error: ErrorDetail


class GeneratePing(TypedDict):
    type: Literal['generate.ping']


class GenerateReasoningPiece(TypedDict):
    type: Literal['generate.reasoning']
    text: str


class GenerateTextPiece(TypedDict):
    type: Literal['generate.text']
    text: str


class GenerateUsage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


class GeneratedText(TypedDict):
    model: str
    text: str
    reasoning: str | None
    finish_reason: GenerateEnd
    usage: GenerateUsage


HealthStatus: TypeAlias = Literal['ok', 'starting', 'degraded', 'unavailable']


LoadPhase: TypeAlias = Literal['waiting', 'starting', 'loading', 'warming_up', 'done']


LoadState: TypeAlias = Literal['loading', 'ready', 'failed', 'cancelled']


class ModelFile(TypedDict):
    file: str
    title: str | None
    architecture: str
    parameters: int
    size_bytes: int
    context_trained: int | None


TemplateSource: TypeAlias = Literal['model', 'override', 'backend']


class Welcome(TypedDict):
    name: Literal['triglot']
    version: str
    dialects: dict[str, str]
    contracts: list[str]


class EngineCheck(TypedDict):
    valid: bool
    problems: list[EngineFinding]
    warnings: list[EngineFinding]
    model: ModelFile | None
    memory_bytes: int | None
    available_bytes: int | None


class EngineLoad(TypedDict):
    id: str
    model: str
    state: LoadState
    phase: LoadPhase
    bytes_loaded: int | None
    bytes_total: int
    fraction: float | None
    elapsed_s: float
    error: str | None


class EngineStatus(TypedDict):
    managed: bool
    state: EngineStateName
    program: str | None
    model: str | None
    model_file: ModelFile | None
    context_tokens: int | None
    slots: int | None
    vision: bool | None
    audio: bool | None
    tools: bool | None
    reasoning: bool | None
    template: TemplateSource | None
    adapters: list[Adapter]
    mmproj: str | None
    draft_model: str | None
    restarts: int
    load: EngineLoad | None


class ErrorAnswer(TypedDict):
    error: ErrorDetail


class GenerateDone(TypedDict):
    type: Literal['generate.done']
    answer: GeneratedText


GenerateEvent: TypeAlias = GenerateTextPiece | GenerateReasoningPiece | GeneratePing | GenerateDone | GenerateFailed


class Health(TypedDict):
    status: HealthStatus
    version: str
    backend: BackendHealth


class LoadEnded(TypedDict):
    type: Literal['load.ended']
    load: EngineLoad


class LoadProgress(TypedDict):
    type: Literal['load.progress']
    load: EngineLoad


ProgressEvent: TypeAlias = LoadProgress | LoadEnded
