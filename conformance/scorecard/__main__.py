"""Makes the scorecard: `nox -s scorecard`, or `python -m scorecard --litellm PATH`.

Writes the page for docs/, and the results and the HTML report of all servers beside its logs.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scorecard.servers import Server, ServerError, engine, gateway, litellm
from triglot import demo
from triglot_conformance.cli import main as conformance
from triglot_conformance.reports import html, markdown
from triglot_conformance.results import from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.results import RunResult

_KNOWN: Final = Path(__file__).parents[1] / "known-failing"
_HEAD: Final = """\
# Scorecard

What the conformance suite says of three servers over the same engine and the same small demo model: triglot, llama-server's own
endpoints, and LiteLLM's proxy (provider `openai/`, as its documentation says for servers that speak OpenAI's API). Made on {date} by
one command, which also writes a page with every request and event:

```console
$ nox -s scorecard
```

A case is about one requirement. A fault of every answer of a server counts once, at the plainest case that shows it. *Unsupported*
means that the server says so with a proper status, *inconclusive* that the model did not do what the case is about. How to read and to
repeat it for another server: [conformance](conformance.md).

"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the servers and write the scorecard; gives the exit status."""
    options = _parse(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    runs: list[RunResult] = []
    try:
        with ExitStack() as stack:
            behind = stack.enter_context(engine(Path(demo.MODEL), options.work))
            servers = [stack.enter_context(gateway(behind, options.work)), behind]
            if options.litellm:
                servers.append(stack.enter_context(litellm(behind, options.litellm, options.work)))
            runs = [_conform(server, behind, options.work) for server in servers]
    except ServerError as error:
        print(f"scorecard: {error}", file=sys.stderr)
        return 2
    page = _HEAD.format(date=datetime.now(UTC).strftime("%d %B %Y").lstrip("0")) + markdown.render(runs, limit=None)
    options.page.write_text(page, encoding="utf-8")
    report = options.work / "scorecard.html"
    report.write_text(html.render(runs), encoding="utf-8")
    print(f"written: {options.page} and {report}")
    return 0


def _conform(server: Server, behind: Server, work: Path) -> RunResult:
    short = server.name.split()[0].lower()
    results, known = work / f"{short}.json", _KNOWN / f"{short}.txt"
    command = ["conform", server.url, "--name", server.name, "--slots-url", behind.url, "--json", str(results)]
    if known.is_file():
        command += ["--known-failing", str(known)]
    if server.key:
        os.environ["SCORECARD_KEY"] = server.key
        command += ["--api-key-env", "SCORECARD_KEY"]
    conformance(command)
    return from_json(results.read_text(encoding="utf-8"))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scorecard", description="Hold several servers against the conformance suite.")
    parser.add_argument("--litellm", type=Path, metavar="FILE", help="LiteLLM's executable; without it LiteLLM is left out")
    parser.add_argument("--page", type=Path, default=Path("docs/scorecard.md"), metavar="FILE", help="the page (default docs/scorecard.md)")
    parser.add_argument(
        "--work", type=Path, default=Path("build/scorecard"), metavar="DIR", help="results, report, logs (default build/scorecard)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
