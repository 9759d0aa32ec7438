"""The replay level as a whole: against a small relay that is right or wrong in one way, and against the gateway itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from triglot_conformance.cli import main

pytestmark = pytest.mark.usefixtures("child_path")

RELAY = Path(__file__).with_name("relay_gateway.py")
# A stream begins early, with what is known by then, if its backend takes longer than that. A busy machine may sleep for the usual 0.25 s.
FILTERS = ["--filter", "chat/stream/text", "--filter", "chat/stream/unicode"]


def replay_relay(defect: str, *options: str) -> int:
    command = [sys.executable, str(RELAY), "{backend_port}", "{port}", defect]
    return main(["replay", *FILTERS, *options, "--", *command])


def test_a_right_relay_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_relay("none", "--cut", "whole", "--cut", "characters", "--jobs", "2") == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("defect", "words"),
    [
        ("wrong status", "[status, whole]"),
        ("wrong content type", "[content-type, whole]"),
        ("loses [DONE]", "the stream ends after"),
        ("loses the finish", "[bytes, whole]"),
        ("adds event lines", "frame 0 of"),
        ("changes the id", "[bytes, whole]"),
        ("rewrites the request", "[backend, whole]"),
        ("asks twice", "asked 2 times"),
        ("breaks off", "ended inside the body"),
        ("does not end", "no complete answer within 0.5 s"),
        ("logs a traceback", "log holds a traceback"),
    ],
)
def test_a_wrong_relay_fails_by_name(defect: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    timeout = "0.5" if defect == "does not end" else "10"
    assert replay_relay(defect, "--cut", "whole", "--timeout", timeout, "-v") == 1
    assert words in capsys.readouterr().out


def test_characters_that_are_decoded_piece_by_piece_are_found_by_their_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_relay("decodes each read", "--cut", "whole") == 0
    assert replay_relay("decodes each read", "--cut", "characters") == 1
    assert "FAIL chat/stream/unicode [bytes, characters]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("defect", "unseen", "cut", "words"),
    [
        ("takes one event of a write", "events", "pairs", "[bytes, pairs]"),
        ("knows line feeds alone", "whole", "cr", "[bytes, cr]"),
        ("stays", "slow", "leaves", "left after"),
    ],
)
def test_each_way_to_cut_or_to_read_finds_what_others_do_not(
    defect: str, unseen: str, cut: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay_relay(defect, "--cut", unseen) == 0
    assert replay_relay(defect, "--cut", cut, "--timeout", "2" if defect == "stays" else "10") == 1
    assert words in capsys.readouterr().out


def test_a_right_relay_passes_every_cut_and_reader_whatever_the_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_relay("none", "--seed", "20261120") == 0, capsys.readouterr().out
    assert "seed 20261120: 2 passed" in capsys.readouterr().out


def test_a_gateway_that_does_not_start_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_relay("does not start") == 2
    assert "no port for me" in capsys.readouterr().err
    assert main(["replay", "--", "no-such-program"]) == 2


def test_a_gateway_that_ends_is_no_verdict_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_relay("ends by itself", "--cut", "whole") == 2
    assert "ended too soon, with status 3" in capsys.readouterr().err


def test_a_known_failure_lets_the_run_pass(tmp_path: Path) -> None:
    known = tmp_path / "known-failing.txt"
    known.write_text("# The relay is made to lose it.\nchat/stream/*\n")
    assert replay_relay("loses [DONE]", "--cut", "whole", "--known-failing", str(known)) == 0
    assert replay_relay("none", "--cut", "whole", "--known-failing", str(known)) == 1


def test_the_gateway_passes_every_case(capsys: pytest.CaptureFixture[str]) -> None:
    """With one cut: `nox -s conformance` tries all."""
    command = [sys.executable, "-m", "triglot", "serve", "--backend", "http://127.0.0.1:{backend_port}", "--port", "{port}"]
    command += ["--early-start-s", "1"]  # a busy machine may sleep for the usual quarter of a second
    assert main(["replay", "--jobs", "2", "--cut", "random", "--", *command]) == 0, capsys.readouterr().out
