# Generated from specs/control (sha256 af041321b349). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Literal, TypeAlias, TypedDict


class BackendHealth(TypedDict):
    reachable: bool
    status: str | None
    model: str | None


class CancelledInference(TypedDict):
    cancelled: int


class ErrorDetail(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


HealthStatus: TypeAlias = Literal['ok', 'starting', 'degraded', 'unavailable']


class Welcome(TypedDict):
    name: Literal['triglot']
    version: str
    dialects: dict[str, str]
    contracts: list[str]


class ErrorAnswer(TypedDict):
    error: ErrorDetail


class Health(TypedDict):
    status: HealthStatus
    version: str
    backend: BackendHealth
