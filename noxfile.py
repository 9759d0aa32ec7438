"""The tasks of this project: `nox` runs what CI runs, `nox -s NAME` one of them, `nox -l` lists all.

Every session installs what it needs, at the exact versions of `constraints.txt` and `specs/upstream.toml`, so that a release elsewhere
changes nothing here until somebody decides so.
"""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Iterator

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

HERE = Path(__file__).parent
DEMO_START_S = 60.0
PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, *groups: str, project: str | None = None, sdks: bool = False) -> None:
    """Install dependency groups, the project with the extras named in `project`, and the official SDKs, all at their pinned versions."""
    constraints = str(HERE / "constraints.txt")
    session.env["PIP_CONSTRAINT"] = session.env["PIP_BUILD_CONSTRAINT"] = constraints
    wanted = list(nox.project.dependency_groups(PYPROJECT, *groups))
    if sdks:
        wanted += sdk_pins()
    if project is not None:
        wanted += ["-e", f".[{project}]"]
    session.install(*wanted)


def sdk_pins() -> list[str]:
    """The SDK releases of `specs/upstream.toml`."""
    return [f"{name}=={version}" for name, version in nox.project.load_toml("specs/upstream.toml")["sdk"].items()]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format with Ruff; `-- --fix` mends what it can."""
    install(session, "lint")
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", *([] if session.posargs else ["--check"]), ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of the gateway, the generator and the conformance suite with mypy --strict."""
    install(session, "typing", project="fuzz,media", sdks=True)
    session.run("mypy", *(session.posargs or ["src", "codegen", "conformance", "tests/codegen/golden", "tests/codegen/golden_use.py"]))


@nox.session(default=False)
def generate(session: nox.Session) -> None:
    """Write src/triglot/generated from specs/; `-- --check` only compares."""
    install(session, "codegen")
    session.run("python", "-m", "codegen", *session.posargs)


@nox.session(venv_backend="none")
def check_generated(session: nox.Session) -> None:
    """Compare the committed generated code with what the specs give: `generate -- --check` as a part of the default run."""
    session.notify("generate", ["--check"])


@nox.session
def drift(session: nox.Session) -> None:
    """Compare the specs, field by field, with the SDK releases of specs/upstream.toml."""
    install(session, "codegen", sdks=True)
    session.run("python", "-m", "codegen.drift", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, those on the real engine and with the official SDKs included, in two processes; `-- -n 0` is one."""
    install(session, "tests", project="embedded,conformance,media", sdks=True)
    session.run("pytest", "-n", "2", "--dist", "loadfile", "-m", "not node and not browser", *session.posargs)


@nox.session
def sdks(session: nox.Session) -> None:
    """Run the tests with the Node SDKs and the AI SDK, at the versions of tests/sdks/node/package-lock.json; needs Node and npm."""
    install(session, "sdks", project="embedded,conformance,media", sdks=True)
    session.run("npm", "ci", "--prefix", "tests/sdks/node", "--no-audit", "--no-fund", external=True)
    session.run("pytest", "-m", "node", *(session.posargs or ["tests/sdks", "tests/engine"]))


@nox.session
def conformance(session: nox.Session) -> None:
    """Hold the gateway against the suite: recorded backend bytes, byte by byte, then a live run; `-- --filter GLOB` picks cases."""
    install(session, project="embedded,conformance,media")
    gateway = ["triglot", "serve", "--backend", "http://127.0.0.1:{backend_port}", "--port", "{port}", "--state", "memory"]
    gateway += ["--early-start-s", "1"]  # a busy machine may sleep for the usual quarter of a second
    session.run("python", "-m", "triglot_conformance", "check", *session.posargs)
    session.run("python", "-m", "triglot_conformance", "replay", "--jobs", "2", *session.posargs, "--", *gateway)
    report = HERE / "build" / "conformance"
    report.mkdir(parents=True, exist_ok=True)
    files = ["--json", str(report / "results.json"), "--html", str(report / "report.html"), "--junit", str(report / "junit.xml")]
    known = ["--known-failing", str(HERE / "conformance" / "known-failing" / "triglot.txt")]
    with demo_gateway(session) as url:
        session.run("triglot", "conform", url, "--name", "triglot", "--level", "MAY", "--no-progress", *known, *files, *session.posargs)


@contextmanager
def demo_gateway(session: nox.Session) -> Iterator[str]:
    """Our gateway over its embedded engine and demo model, until the end of the block; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(session.bin) / "triglot"), "serve", "--port", str(port), "--state", "memory", "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + DEMO_START_S
            while process.poll() is None and time.monotonic() < deadline:
                with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                    if answer.status == HTTPStatus.OK:
                        break
                time.sleep(0.2)
            else:
                session.error("the gateway does not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@nox.session
def browser(session: nox.Session) -> None:
    """Open the HTML report of conformance in the Chromium of the system; without one the tests are left out."""
    install(session, "browser", project="conformance")
    session.run("pytest", "-m", "browser", *(session.posargs or ["tests/conformance/browser"]))


@nox.session(default=False)
def scorecard(session: nox.Session) -> None:
    """Hold triglot, llama-server itself and LiteLLM's proxy against the suite, and write docs/scorecard.md."""
    install(session, project="embedded,conformance,media")
    pin = nox.project.load_toml("conformance/scorecard/servers.toml")["litellm"]
    place = Path(session.create_tmp()).resolve() / "litellm"  # it is called from another folder
    session.run("python", "-m", "venv", str(place))
    session.run(
        str(place / "bin" / "pip"), "install", "-q", f"{pin['package']}=={pin['version']}", external=True, env={"PIP_CONSTRAINT": ""}
    )
    session.chdir("conformance")
    page, work = str(HERE / "docs" / "scorecard.md"), str(HERE / "build" / "scorecard")
    session.run("python", "-m", "scorecard", "--litellm", str(place / "bin" / "litellm"), "--page", page, "--work", work, *session.posargs)


@nox.session(default=False)
def clients(session: nox.Session) -> None:
    """Drive a real client: `-- claude` or `-- codex`; `-- claude@VERSION` takes another release than clients.toml; needs npm."""
    pins = nox.project.load_toml("tests/clients/clients.toml")
    name, _, version = session.posargs[0].partition("@") if session.posargs else ("", "", "")
    if name not in pins:
        session.error(f"say which client: nox -s clients -- {' | '.join(pins)}")
    package = f"{pins[name]['package']}@{version or pins[name]['version']}"
    folder = HERE / ".nox" / "clients" / package.rpartition("/")[2]
    install(session, "tests", project="conformance", sdks=True)
    session.run("npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", package, external=True)
    command = folder / "node_modules" / ".bin" / pins[name]["command"]
    session.run("pytest", "-m", "clients", "-v", "-rP", "--client", str(command), f"tests/clients/test_{name}.py", *session.posargs[1:])


@nox.session(default=False)
def mutations(session: nox.Session) -> None:
    """Break the gateway, one behaviour at a time, and look whether the conformance cases notice; `-- PATTERN` picks mutations by name."""
    install(session, project="conformance,media")
    session.run("python", "-m", "tests.conformance.mutations", *session.posargs)


@nox.session(default=False)
def serve(session: nox.Session) -> None:
    """Serve on 127.0.0.1:8420; arguments go to `triglot serve`."""
    install(session, project="embedded")
    session.run("triglot", "serve", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure CPU time, latency and memory of the gateway against nginx; prints a table and writes JSON."""
    install(session, project="embedded")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """Load the gateway with 1,000 paced requests for 10 minutes and look whether everything comes back; `-- --minutes 2` is shorter."""
    install(session, project="embedded")
    session.run("python", "-m", "bench.soak", *session.posargs)


@nox.session(default=False, reuse_venv=False)
def pins(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest versions of all development tools that fit together."""
    groups = nox.project.dependency_groups(PYPROJECT, "dev")
    session.install(*groups, *sdk_pins(), *PYPROJECT["build-system"]["requires"], "editables", ".[embedded,conformance,media]")
    frozen = session.run("python", "-m", "pip", "freeze", "--exclude", "triglot", silent=True)
    sdks = tuple(f"{pin.partition('==')[0]}==" for pin in sdk_pins())
    lines = [line for line in str(frozen).splitlines() if "==" in line and not line.startswith(sdks)]
    head = "# Exact versions for development and CI, written by `nox -s pins`. Users of the package get ranges: see pyproject.toml.\n"
    (HERE / "constraints.txt").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
