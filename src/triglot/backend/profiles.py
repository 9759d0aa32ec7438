"""What a kind of backend takes and gives beyond plain Chat Completions, and what one of them can do."""

from __future__ import annotations

from typing import Any, Final

import msgspec


class Profile(msgspec.Struct, frozen=True):
    """One kind of backend.

    Attributes:
        name: as in the settings.
        extensions: takes llama-server's own request fields (`return_progress`, `timings_per_token`, `chat_template_kwargs`, `top_k` ...).
        misreads_choices: reads a `tool_choice` object as `auto`, renders the tools also for `none`, and fails on tools that are not
            functions.
        schemaless_json: does not enforce `response_format: json_object` without a schema.
        schema_bars_calls: calls no tool where `response_format` has a schema, not even where `tool_choice` demands it.
        one_system_message: renders templates that fail on a system message after the first position.
        fetches_urls: fetches the images that a request names by URL, from its own place in the network.
        needs_object_arguments: fails on a conversation with a call whose arguments are not the JSON text of an object.
        escaped_patterns: holds string arguments of tools to the `pattern` of their schema, read as a pattern of their JSON text.
    """

    name: str
    extensions: bool
    misreads_choices: bool
    schemaless_json: bool
    schema_bars_calls: bool
    one_system_message: bool
    fetches_urls: bool
    needs_object_arguments: bool
    escaped_patterns: bool


class Facts(msgspec.Struct, frozen=True):
    """What a backend can do; `None` where it does not tell.

    Attributes:
        context_tokens: what prompt and answer of one request may have together.
        vision, audio: whether the model takes images and sound.
        tools: whether its chat template has a place for tools.
        model: the name of the model.
        slots: how many requests it serves at a time.
        reasoning: whether its chat template knows of thinking.
    """

    context_tokens: int | None = None
    vision: bool | None = None
    audio: bool | None = None
    tools: bool | None = None
    model: str | None = None
    slots: int | None = None
    reasoning: bool | None = None


LLAMA_SERVER: Final = Profile(
    "llama-server",
    extensions=True,
    misreads_choices=True,
    schemaless_json=True,
    schema_bars_calls=True,
    one_system_message=True,
    fetches_urls=True,
    needs_object_arguments=True,
    escaped_patterns=True,
)
OPENAI: Final = Profile(
    "openai",
    extensions=False,
    misreads_choices=False,
    schemaless_json=False,
    schema_bars_calls=False,
    one_system_message=False,
    fetches_urls=False,
    needs_object_arguments=False,
    escaped_patterns=False,
)

PROFILES: Final = {profile.name: profile for profile in (LLAMA_SERVER, OPENAI)}


def recognise(props: Any) -> Profile:
    """The profile of a backend by its answer to `GET /props`, `None` if it has no such operation."""
    is_llama_server = isinstance(props, dict) and "default_generation_settings" in props
    return LLAMA_SERVER if is_llama_server else OPENAI
