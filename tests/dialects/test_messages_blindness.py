from __future__ import annotations

from typing import Any

from triglot.backend.profiles import LLAMA_SERVER
from triglot.dialects.messages.blindness import hide_result_images
from triglot.dialects.messages.request import convert_request
from triglot.generated.messages.models import CreateMessage

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def test_an_image_in_a_result_becomes_a_word_about_it() -> None:
    result = {"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "seen:"}, IMAGE]}
    call = {"type": "tool_use", "id": "x", "name": "look", "input": {}}
    messages: Any = [{"role": "user", "content": [IMAGE]}, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    request = CreateMessage.model_validate({"model": "m", "max_tokens": 1, "messages": messages})
    losses = list(hide_result_images(request))
    assert [str(loss) for loss in losses] == ["messages[2].content[0].content[1] (image)"]
    sent = convert_request(request, LLAMA_SERVER).body["messages"]
    assert sent[0]["content"][0]["type"] == "image_url"  # what the user shows is not hidden
    assert sent[-1]["content"] == "seen:\n[An image, which this model cannot see.]"
