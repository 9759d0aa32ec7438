"""The command line: allow-list, stale entries, versions, exit codes."""

from __future__ import annotations

import importlib.metadata

import pytest

from codegen.drift.__main__ import main
from tests.codegen.drift.toy_spec import write_spec

WITHOUT_CACHE = ("    cache: {type: [boolean, 'null']}\n", "")
ALLOWED = """
[[allow]]
kind = "missing-field"
pointer = "toy/schemas/*#/TextPart/properties/cache"
reason = "the toy has no cache"
"""


@pytest.fixture
def run(tmp_path, capsys):
    specs = tmp_path / "specs"

    def run(change=("", ""), allow=None, version=None, arguments=()):
        write_spec(specs, *change)
        (specs / "upstream.toml").write_text(f'[sdk]\npydantic = "{version or importlib.metadata.version("pydantic")}"\n')
        if allow is not None:
            (specs / "drift-allow.toml").write_text(allow)
        code = main(["--specs", str(specs), "--roots", str(tmp_path / "roots.toml"), *arguments])
        return code, *capsys.readouterr()

    return run


def test_green(run):
    code, out, _ = run()
    assert code == 0
    assert out.startswith("no drift: ")
    assert out.count("\n") == 1


def test_red(run):
    code, out, _ = run(WITHOUT_CACHE)
    first, last = out.splitlines()
    assert code == 1
    assert first.startswith("missing-field ")
    assert last.startswith("drift: ")
    assert "1 differences, 0 allowed" in last


def test_allowed(run):
    code, out, _ = run(WITHOUT_CACHE, ALLOWED)
    assert code == 0
    assert "0 differences, 1 allowed" in out
    _, out, _ = run(WITHOUT_CACHE, ALLOWED, arguments=["--all"])
    assert out.startswith("(allowed) missing-field ")


def test_stale_allowance(run):
    code, out, _ = run(allow=ALLOWED)
    assert code == 1
    assert "stale-allowance" in out
    assert "TextPart/properties/cache" in out
    assert "1 stale allowances" in out


@pytest.mark.parametrize("line", ['sdk = "Image*"', 'value = "type=*"'])
def test_an_allowance_is_narrowed_by_sdk_type_and_value(run, line):
    code, out, _ = run(WITHOUT_CACHE, f"{ALLOWED}{line}\n")
    assert code == 1
    assert "1 differences, 0 allowed, 1 stale allowances" in out


def test_each_pointer_of_a_list_must_match(run):
    allow = ALLOWED.replace('"toy/schemas/*#/TextPart/properties/cache"', '["toy/*/cache", "toy/*/lost"]')
    code, out, _ = run(WITHOUT_CACHE, allow)
    assert code == 1
    assert "toy/*/lost" in out
    assert "toy/*/cache" not in out


def test_other_sdk_version_is_said_first_and_is_red(run):
    code, out, _ = run(version="0.1")
    assert code == 1
    assert out.startswith("sdk-version")
    assert "pydantic 0.1 is named in upstream.toml" in out.splitlines()[0]


@pytest.mark.parametrize(
    ("allow", "message"),
    [
        ("[[allow]\n", "drift-allow.toml: "),
        ('[[allow]]\nkind = "missing-field"\npointer = "*"\n', "entry 1 has no reason"),
        (ALLOWED + 'by = "me"\n', "unknown key by"),
        (ALLOWED.replace("missing-field", "missing"), "'missing' is no kind"),
        (ALLOWED.replace("the toy has no cache", " "), "none is empty"),
        ("[deny]\n", "not deny"),
    ],
)
def test_broken_allow_list(run, allow, message):
    code, _, err = run(allow=allow)
    assert code == 2
    assert err.startswith("broken input: ")
    assert message in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("schemas/request.yaml#/Create", "schemas/request.yaml#/Made"), "leads to nothing"),
        (("  /create:", "  /made:"), "has no operation POST /create"),
        (("limit: {type: [integer, 'null']}", "limit: {type: [int, 'null']}"), "'int' is no JSON type"),
        (("limit: {type: [integer, 'null']}", "limit: [integer]"), "a mapping is expected"),
        (("text/event-stream", "text/plain"), "no events, because there is no 'text/event-stream'"),
    ],
)
def test_broken_spec(run, change, message):
    code, _, err = run(change)
    assert code == 2
    assert message in err


def test_unknown_sdk_type(run, capsys):
    assert main(["--show", "tests.codegen.drift.toy_sdk:Absent"]) == 2
    assert "cannot be imported" in capsys.readouterr().err


def test_show(capsys):
    assert main(["--show", "tests.codegen.drift.toy_sdk:TextPartParam"]) == 0
    assert capsys.readouterr().out.startswith("TextPartParam:\n  type: object\n  required: [type, text]\n")
