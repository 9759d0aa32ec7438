# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class AdapterOptions(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
    )
    path: Annotated[str, Field(min_length=1)]
    name: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    scale: Annotated[float | None, Field(ge=-100.0, le=100.0)] = 1


class CancelInference(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    completion_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    message_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    response_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None


class CancelLoad(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
    )
    id: str | None = None


class EngineOptions(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
    )
    model: Annotated[str, Field(min_length=1)]
    alias: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    context: Annotated[int | None, Field(ge=256, le=16777216)] = None
    slots: Annotated[int | None, Field(ge=1, le=256)] = None
    gpu_layers: Annotated[int | None, Field(ge=0, le=10000)] = None
    kv_type: Literal['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'] | None = None
    chat_template: Annotated[str | None, Field(max_length=100000, min_length=1)] = None
    mmproj: Annotated[str | None, Field(min_length=1)] = None
    adapters: Annotated[list[AdapterOptions] | None, Field(max_length=32)] = None
    draft_model: Annotated[str | None, Field(min_length=1)] = None
    flags: dict[str, Any] | None = None


StopItem = TypeAliasType("StopItem", Annotated[str, Field(min_length=1)])


class GenerateText(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    prompt: Annotated[str, Field(min_length=1)]
    system: str | None = None
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    temperature: Annotated[float | None, Field(ge=0.0)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    seed: Annotated[int | None, Field(ge=0, le=4294967295)] = None
    stop: Annotated[list[StopItem] | None, Field(max_length=16)] = None
    t_max_predict_ms: Annotated[int | None, Field(ge=1)] = None
    use_adapter: str | bool | None = None
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    stream: bool | None = False


class GetEngineProgressQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    stream: bool | None = False


class LoadEngine(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
    )
    model: Annotated[str, Field(min_length=1)]
    alias: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    context: Annotated[int | None, Field(ge=256, le=16777216)] = None
    slots: Annotated[int | None, Field(ge=1, le=256)] = None
    gpu_layers: Annotated[int | None, Field(ge=0, le=10000)] = None
    kv_type: Literal['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'] | None = None
    chat_template: Annotated[str | None, Field(max_length=100000, min_length=1)] = None
    mmproj: Annotated[str | None, Field(min_length=1)] = None
    adapters: Annotated[list[AdapterOptions] | None, Field(max_length=32)] = None
    draft_model: Annotated[str | None, Field(min_length=1)] = None
    flags: dict[str, Any] | None = None
    swap: Literal['auto', 'beside', 'after'] | None = None
    wait: bool | None = False
