from __future__ import annotations

from typing import Any

import pytest

from triglot.dialects.responses.blindness import hide_result_images
from triglot.dialects.responses.content import convert_content, convert_result
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses.models import CreateResponse

IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,aGk="}
CHAT_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def text(content: str) -> dict[str, Any]:
    return {"type": "input_text", "text": content}


def chat_text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": content}


def content_of(content: Any) -> Any:
    [item] = CreateResponse.model_validate({"input": [{"role": "user", "content": content}]}).input  # type: ignore[union-attr, misc]
    return item.content  # type: ignore[union-attr]


def output_of(output: Any) -> Any:
    [item] = CreateResponse.model_validate({"input": [{"type": "function_call_output", "call_id": "c1", "output": output}]}).input  # type: ignore[union-attr, misc]
    return item.output  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", []),
        ("hi", [chat_text("hi")]),
        ([], []),
        ([text("a"), text(""), text("b")], [chat_text("a"), chat_text("b")]),
        ([{**text("a"), "prompt_cache_breakpoint": {"mode": "explicit"}}], [chat_text("a")]),
        ([{"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}], "logprobs": [{}]}], [chat_text("a")]),
        ([{"type": "output_text", "text": "a", "annotations": None}], [chat_text("a")]),
        ([{"type": "refusal", "refusal": "No."}], [chat_text("No.")]),
        ([text("a"), IMAGE], [chat_text("a"), CHAT_IMAGE]),
        ([{"type": "brand_new", "text": "?"}], []),
        (
            [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}],
            [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}],
        ),
        (
            [{"type": "input_audio", "input_audio": {"data": "data:audio/mp3;base64,aGk=", "format": "mp3"}}],
            [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}}],
        ),
        ([{"type": "input_file", "filename": "a.pdf"}], [chat_text("[The document a.pdf could not be read here: it has no content.]")]),
    ],
)
def test_parts_of_a_message(content: Any, parts: list[Any]) -> None:
    assert convert_content(content_of(content)) == parts


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "https://a.example/x.png", "file:///etc/passwd", "aGk=", None])
def test_the_backend_gets_no_address_to_fetch(url: str | None) -> None:
    for parts in (content_of([{**IMAGE, "image_url": url}]), output_of([{**IMAGE, "image_url": url}])):
        with pytest.raises(ApiError) as caught:
            convert_content(parts)
        assert (caught.value.kind, caught.value.param) == (ErrorKind.UNSUPPORTED, "input")


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ("", ("", [])),
        ("x", ("x", [])),
        ([], ("", [])),
        ([text("x"), text("y")], ("x\ny", [])),
        ([text("x"), IMAGE, text("y")], ("x\ny", [chat_text("Image in the result of tool call c1:"), CHAT_IMAGE])),
        ([{"type": "brand_new"}], ("", [])),
    ],
)
def test_a_result_is_text_and_what_has_no_place_in_it(output: Any, result: Any) -> None:
    assert convert_result(output_of(output), "c1") == result


def test_a_blind_model_is_told_of_the_images_of_tools() -> None:
    items = [
        {"role": "user", "content": [IMAGE]},
        {"type": "function_call_output", "call_id": "c1", "output": [text("seen:"), IMAGE]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [IMAGE]},
        {"type": "function_call_output", "call_id": "c3", "output": "none"},
    ]
    request = CreateResponse.model_validate({"input": items})
    losses = list(hide_result_images(request.input))
    assert [str(loss) for loss in losses] == ["input[1].output[1] (input_image)", "input[2].output[0] (input_image)"]
    given: Any = request.input
    assert convert_content(given[0].content) == [CHAT_IMAGE]  # what the user shows is not hidden
    assert convert_result(given[1].output, "c1") == ("seen:\n[An image, which this model cannot see.]", [])
    assert list(hide_result_images(request.input)) == []


def test_places_of_hidden_images_are_those_of_what_the_client_sent() -> None:
    items = [{"type": "function_call_output", "call_id": "c1", "output": [IMAGE]} for _ in range(2)]
    losses = hide_result_images(CreateResponse.model_validate({"input": items}).input, prior=1)
    assert [loss.path for loss in losses] == ["previous[0].output[0]", "input[0].output[0]"]


@pytest.mark.parametrize("nothing", [None, "hello"])
def test_text_hides_nothing(nothing: str | None) -> None:
    assert list(hide_result_images(nothing)) == []
