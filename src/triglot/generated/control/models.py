# Generated from specs/control (sha256 af041321b349). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class CancelInference(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    cancel_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    completion_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    message_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    response_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
