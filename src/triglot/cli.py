"""The command line: `triglot serve`, and the commands of the conformance suite where it is installed."""

from __future__ import annotations

import _thread
import argparse
import contextlib
import dataclasses
import logging
import logging.config
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import uvicorn

from triglot import __version__, banner
from triglot.app import create_app
from triglot.backend.engine_channel import EngineChannel
from triglot.backend.engine_host import EngineHost
from triglot.backend.engine_owner import EngineOwner
from triglot.backend.launch import NoEngineError, choose_engine, first_options
from triglot.backend.leash import die_with_parent
from triglot.backend.process import EngineError
from triglot.loopback import is_loopback
from triglot.runtime_directory import RuntimeDirectoryError, open_runtime_directory
from triglot.settings import ENV_PREFIX, IN_MEMORY, SETTINGS, Settings, SettingsError
from triglot.socket_protocol import SocketProtocol
from triglot.state.keys import signing_key_for
from triglot.state.schema import prepare
from triglot.state.store import StoreError
from triglot.write_limit import HttpProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from falcon.asgi import App

log = logging.getLogger("triglot")

_SUITE: Final = {
    "conform": "say what any server gets right and wrong",
    "report": "show the results of several such runs side by side",
    "record": "turn what passes between a client and a server into cases",
}
_LOOK_S = 0.01
_PONG_WITHIN_S = 300.0  # a client may be busy with a tool for long: a dead one is noticed early enough


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `triglot` command. Ends the process with status 2 for a bad command line, 1 for a failed start."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] and arguments[0] in _SUITE:
        sys.exit(_run_suite(arguments))
    parser = build_parser()
    options = vars(parser.parse_args(arguments))
    if options.pop("command") is None:
        parser.print_help()
        return
    try:
        serve(Settings.load(options))
    except SettingsError as error:
        parser.exit(2, f"triglot: {error}\n")
    except (NoEngineError, EngineError, PortError, RuntimeDirectoryError, StoreError) as error:
        parser.exit(1, f"triglot: {error}\n")


def _run_suite(arguments: Sequence[str]) -> int:
    """Hand a command on to the conformance suite, which comes with an extra and imports nothing of the gateway."""
    try:
        from triglot_conformance.cli import main as run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(f'triglot: {arguments[0]} needs {error.name}: pip install "triglot[conformance]"', file=sys.stderr)  # noqa: T201
        return 2
    return run(arguments)


def build_parser() -> argparse.ArgumentParser:
    """The parser; it only collects texts, `Settings.load` reads them."""
    parser = argparse.ArgumentParser(prog="triglot", description="Three API dialects in front of one local model server.")
    parser.add_argument("--version", action="version", version=f"triglot {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, purpose in _SUITE.items():
        commands.add_parser(name, help=purpose, add_help=False)
    serve_parser = commands.add_parser(
        "serve",
        help="run the gateway",
        description="Run the gateway. Without --backend and --model it starts its own engine on a tiny demo model.",
        epilog=f"Each setting is also an environment variable: --port is {ENV_PREFIX}PORT. A flag wins over a variable.",
    )
    for setting in SETTINGS:
        default = setting.show(setting.default)
        note = f" (default: {default})" if default else ""
        serve_parser.add_argument(setting.flag, dest=setting.name, metavar=setting.metavar, help=setting.help + note)
    return parser


class PortError(Exception):
    """The address cannot be listened on."""


def serve(settings: Settings) -> None:
    """Run the gateway until a signal stops it, with an engine of our own unless `settings` names a backend.

    Raises:
        NoEngineError: nothing can run the model.
        EngineError: the engine did not come up.
        PortError: the address is in use or not ours.
        RuntimeDirectoryError: the processes have no place to meet.
        StoreError: the state cannot be kept where it should be.
    """
    logging.config.dictConfig(log_config(settings))
    _warn(settings)
    settings = _settle_state(settings)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(bind(settings.host, settings.port))
        stack.enter_context(_quiet_signals())
        settings = dataclasses.replace(settings, runtime_dir=stack.enter_context(open_runtime_directory(settings.runtime_dir)))
        behind, is_demo = settings.backend, False
        first = None
        if behind is None:
            behind, is_demo = choose_engine(settings).title, settings.model is None
            settings, first = stack.enter_context(_own_engine(settings))
        _listen(listener, settings)
        told = banner.render(settings, listener.getsockname()[1], behind, is_demo=is_demo)
        if first is None:
            print(told, flush=True)  # noqa: T201 - what the command says
        else:
            first.announce(told)
        try:
            run_gateway(settings, listener)
        finally:
            if first is not None and first.failure is not None:
                raise EngineError(first.failure)


class _FirstLoad:
    """The load of the model that a gateway starts with, which serves meanwhile: requests wait for it like for any other load.

    Args:
        host: owns the engine.
        load_id: of the load.
    """

    def __init__(self, host: EngineHost, load_id: str) -> None:
        self.failure: str | None = None
        self._host = host
        self._load_id = load_id

    def announce(self, text: str) -> None:
        """Print the text once the model is ready. If it cannot be loaded, the gateway has nothing to serve and is told to stop."""
        before = signal.getsignal(signal.SIGTERM)
        threading.Thread(target=self._wait, args=(text, before), name="first load", daemon=True).start()

    def _wait(self, text: str, before: object) -> None:
        load = self._host.wait(self._load_id)
        if load is None:
            return
        if load.state == "failed":
            self.failure = load.error or "the model was not loaded"
            while signal.getsignal(signal.SIGTERM) is before:  # a server that is told to stop before it has begun does not end well
                time.sleep(_LOOK_S)
            _thread.interrupt_main(signal.SIGTERM)
            return
        if load.state == "cancelled":
            log.warning("no model is loaded: the load was cancelled")
        print(text, flush=True)  # noqa: T201 - what the command says


@contextlib.contextmanager
def _own_engine(settings: Settings) -> Iterator[tuple[Settings, _FirstLoad]]:
    """Run the engine that `settings` ask for, and take orders for others; gives the settings of a gateway in front of it."""
    directory = settings.runtime_dir
    assert directory is not None  # noqa: S101 - for the type checker
    host = EngineHost(
        directory, start_timeout_s=settings.engine_start_timeout_s, drain_s=settings.engine_drain_s, hang_s=settings.engine_hang_s
    )
    with contextlib.closing(host):
        owner = EngineOwner(host, settings)
        first = _FirstLoad(host, owner.begin(first_options(settings)))
        with EngineChannel(directory, owner.answer):
            model_dirs = settings.model_dirs or ((settings.model.parent,) if settings.model else ())
            # An engine is asked how many slots it has: variables of its own, or another model, may have changed their number.
            slots = None if settings.slots else settings.slots
            yield dataclasses.replace(settings, model=None, model_dirs=model_dirs, slots=slots), first


def run_gateway(settings: Settings, listener: socket.socket) -> None:
    """Serve on `listener` until a signal comes: in this process, or in several that read the settings from the environment."""
    options: dict[str, Any] = {
        "loop": "uvloop" if sys.platform != "win32" else "asyncio",
        "http": partial(HttpProtocol, write_timeout_s=settings.write_timeout_s),
        "ws": partial(SocketProtocol, write_timeout_s=settings.write_timeout_s),
        "ws_max_size": settings.max_body_bytes,
        "ws_per_message_deflate": False,  # each event would be compressed alone, on a connection that seldom leaves the house
        "ws_ping_timeout": _PONG_WITHIN_S,
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "log_config": log_config(settings),
        "timeout_graceful_shutdown": settings.shutdown_grace_s,
    }
    if settings.workers == 1:
        uvicorn.Server(uvicorn.Config(create_app(settings), **options)).run([listener])
        return
    os.environ.update(settings.to_environ())
    config = uvicorn.Config("triglot.cli:create_worker_app", factory=True, workers=settings.workers, **options)
    uvicorn.supervisors.Multiprocess(config, [listener]).run()


def create_worker_app() -> App[Any, Any]:
    """The application of one of several worker processes, which ends with the process that started it."""
    parent = multiprocessing.parent_process()
    die_with_parent(parent.pid if parent else None)
    return create_app()


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not yet listening, so that clients are refused until it is known that there is something to serve.

    Raises:
        PortError: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise PortError(_port_problem(host, port, error)) from None
    listener.set_inheritable(True)
    return listener


def _listen(listener: socket.socket, settings: Settings) -> None:
    try:
        listener.listen(2048)
    except OSError as error:
        raise PortError(_port_problem(settings.host, settings.port, error)) from None


def _port_problem(host: str, port: int, error: OSError) -> str:
    # An address that cannot be resolved has a message of its own and a negative number.
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return f"cannot listen on {host} port {port}: {reason}; choose another with --host or --port"


def _settle_state(settings: Settings) -> Settings:
    """Look for the state and its key before anything else starts: what is wrong is said once, and workers know each other's signatures."""
    file = settings.state_file
    if file is not None:
        prepare(file)
    return dataclasses.replace(settings, state=file or IN_MEMORY, signing_key=settings.signing_key or signing_key_for(file))


def _warn(settings: Settings) -> None:
    known = {setting.variable for setting in SETTINGS}
    for name in sorted(os.environ):
        if name.startswith(ENV_PREFIX) and name not in known:
            log.warning("%s is not a setting and is ignored", name)
    if not settings.api_keys and not is_loopback(settings.host):
        log.warning("listening on %s without API keys: everyone who reaches it can use the model; set TRIGLOT_API_KEYS", settings.host)


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into an ordinary exit, also before and after uvicorn handles them, so that the engine is always stopped.

    The status is 0: to stop when asked is no failure.
    """

    def leave(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def log_config(settings: Settings) -> dict[str, Any]:
    """Logging to standard error, for this process and its workers: ours at the level asked for.

    Uvicorn's is told from warnings on, at every level: below them it writes headers with keys in them, and paths with their queries.
    """
    level = settings.log_level.upper()
    formatter = "triglot.logs.JsonFormatter" if settings.log_format == "json" else "triglot.logs.ConsoleFormatter"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {"triglot": {"level": level}, "uvicorn": {"level": "WARNING"}},
    }
