"""The conformance suite on the real engine: it finds by itself what llama-server's own endpoints get wrong, and nothing at ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from triglot_conformance.cli import main
from triglot_conformance.results import from_json

pytestmark = pytest.mark.engine

KNOWN = Path(__file__).parents[2] / "conformance" / "known-failing" / "triglot.txt"
UNPROVEN = {"chat/wire/model-with-slash", "chat/wire/usage-cached", "messages/wire/usage-cached", "messages/waiting/long-prompt"}
"""No model of the demo has a slash in its name, what is cached hangs on which slot a request meets, and the demo's template shortens."""
OF_THE_SAME = {"tools", "structured-output", "state", "background", "count-tokens"}
"""What cases about images or slots need besides."""
# What llama-server's own endpoints are known to get wrong, and the cases that say so. A build that mends one makes its line fail: good news
# that wants the line to go. What shows only at a server that is set up for it is in test_conform_set_up.py.
GAPS = {
    "previous_response_id is refused, and nothing is stored": ["responses/stored/get", "responses/stored/chain"],
    "there is no background": ["responses/stored/background"],
    "there are no conversations": ["responses/conversations/create"],
    "include is ignored": ["responses/reasoning/encrypted"],
    "text.format is not mapped": ["responses/answer/json-schema-any-prompt"],
    "a tool_choice that is an object becomes auto": ["responses/tools/choice-named", "responses/tools/stream/choice-named"],
    "items of most types are refused": ["responses/custom/replayed", "responses/answer/typeless-messages"],
    "reasoning without content is refused": ["responses/reasoning/summary-null"],
    "tools that are no functions are dropped": ["responses/custom/call"],
    "events have no sequence_number": ["responses/events/sequence-number"],
    "events have no output_index and no content_index": ["responses/events/output-index"],
    "there is no function_call_arguments.done": ["responses/tools/stream/arguments-done"],
    "there is no reasoning_text.done": ["responses/reasoning/stream-text"],
    "there is no response.incomplete": ["responses/events/incomplete"],
    "the status is always completed": ["responses/answer/max-output-tokens"],
    "truncation is ignored": ["responses/answer/truncation"],
    "output_config is not mapped": ["messages/answer/structured-output-any-prompt"],
    "tool_choice none is ignored": ["messages/tools/choice-none", "messages/tools/stream/choice-none"],
    "a named tool becomes any": ["messages/tools/choice-tool", "messages/tools/stream/choice-tool"],
    "disable_parallel_tool_use is ignored": ["messages/tools/parallel-off"],
    "disabled thinking is ignored": ["messages/thinking/disabled"],
    "what is said of adaptive thinking is ignored": ["messages/thinking/adaptive-omitted"],
    "redacted thinking is dropped unread": ["messages/refusals/redacted-thinking-without-data"],
    "server tools are offered to be run": ["messages/tools/server-tool"],
    "documents are dropped": ["messages/count/document"],
    "what server tools did is dropped": ["messages/count/server-tool"],
    "the text behind a tool_result is put before it": ["messages/tools/result-with-text"],
    "is_error is dropped": ["messages/count/result-error"],
    "ids are those of chat": ["messages/answer/id", "messages/events/start-id"],
    "signatures are empty": ["messages/thinking/signature", "messages/thinking/stream-signature"],
    "message_delta tells only the tokens that came out": ["messages/events/usage-cache"],
    "a stop sequence is told as end_turn": ["messages/answer/stop-sequence", "messages/events/stop-sequence"],
    "all blocks are closed at the end": ["messages/events/block-stop"],
    "errors have the shape of another API": ["messages/refusals/malformed-json", "messages/refusals/type-error"],
    "a named tool_choice of chat is auto": ["chat/tools/choice-named", "chat/tools/stream/choice-named"],
    "tool_choice none of chat leaves raw calls in the text": ["chat/tools/choice-none-text"],
    "malformed arguments in the history of chat break it for ever": ["chat/tools/history-malformed"],
}


@pytest.fixture(scope="module")
def of_llama_server(engine_url, tmp_path_factory):
    """Each case's result at llama-server's own endpoints, by its id."""
    results = tmp_path_factory.mktemp("conform") / "results.json"
    assert main(["conform", engine_url, "--no-progress", "--json", str(results)]) == 1
    return {case.id: case for case in from_json(results.read_text("utf-8")).cases}


@pytest.mark.parametrize("gap", GAPS)
def test_what_llama_server_gets_wrong_is_found(of_llama_server, gap):
    for case_id in GAPS[gap]:
        result = of_llama_server[case_id]
        assert result.verdict in ("fail", "unsupported"), f"{case_id}: {result.verdict}"
        assert result.reason


def test_there_is_nothing_new_to_find_at_the_gateway(gateway, request, capsys, tmp_path):
    results = tmp_path / "results.json"
    slots = [] if "embedded" in request.node.name else ["--slots-url", request.getfixturevalue("engine_url")]
    status = main(["conform", gateway, "--no-progress", "--level", "MAY", "--known-failing", str(KNOWN), "--json", str(results), *slots])
    assert status == 0, capsys.readouterr().out
    cases = from_json(results.read_text("utf-8")).cases
    assert {case.id for case in cases if case.verdict == "inconclusive"} <= UNPROVEN
    without = {need for case in cases if case.verdict == "unsupported" for need in case.needs}
    assert without <= ({"media", "slots"} if not slots else {"media"}) | {"small-context"} | OF_THE_SAME
