"""The settings of a triglot process: what they are, where they come from, what they may be.

One table says it all: each row of `SETTINGS` names a field of `Settings`, reads its text form and explains it. The command-line flag and
the environment variable follow from the name: `max_body_bytes` is `--max-body-bytes` and `TRIGLOT_MAX_BODY_BYTES`. A flag wins over a
variable, a variable over the default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from triglot.backend.profiles import PROFILES
from triglot.origins import read_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENV_PREFIX = "TRIGLOT_"
IN_MEMORY: Final = "memory"
DEFAULT_SLOTS: Final = 4
FOLD: Final = "fold"
VERBATIM: Final = "verbatim"
EXCLUSIVE = {"backend": "model", "model": "backend"}


class SettingsError(ValueError):
    """A setting with a value that cannot be used; the message names the flag or variable and says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process may be told. The rows of `SETTINGS` explain the fields."""

    host: str = "127.0.0.1"
    port: int = 8420
    workers: int = 1
    backend: str | None = None
    backend_api_key: str | None = field(default=None, repr=False)
    backend_profile: str = "auto"
    model: Path | None = None
    slots: int | None = None
    queue_limit: int = 64
    context: int | None = None
    model_dirs: tuple[Path, ...] = ()
    engine_swap: Literal["auto", "beside", "after"] = "auto"
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    allowed_origins: tuple[str, ...] = ()
    signing_key: str | None = field(default=None, repr=False)
    state: Path | Literal["memory"] | None = None
    state_ttl_s: float = 30 * 24 * 3600.0
    state_max_bytes: int = 1024 * 1024 * 1024
    max_body_bytes: int = 64 * 1024 * 1024
    max_image_side: int = 2048
    fetch_media: bool = False
    connect_timeout_s: float = 5.0
    queue_timeout_s: float = 600.0
    first_token_timeout_s: float = 1800.0
    idle_timeout_s: float = 300.0
    whole_timeout_s: float = 3600.0
    total_timeout_s: float | None = None
    write_timeout_s: float = 60.0
    engine_start_timeout_s: float = 300.0
    engine_wait_s: float = 60.0
    engine_drain_s: float = 60.0
    engine_hang_s: float = 60.0
    early_start_s: float = 0.25
    heartbeat_s: float = 10.0
    nonstream_relay: str = FOLD
    messages_alias: str | None = None
    shutdown_grace_s: float = 5.0
    runtime_dir: Path | None = None
    log_level: str = "info"
    log_format: str = "console"

    @classmethod
    def load(cls, flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from the texts of flags (by field name; None means not given), then environment variables, then the defaults.

        An empty variable counts as not set. `environ` defaults to the environment of the process.

        Raises:
            SettingsError: a value cannot be read, or two settings contradict each other.
        """
        environ = os.environ if environ is None else environ
        given = {setting.name: (text, setting.flag) for setting in SETTINGS if (text := (flags or {}).get(setting.name)) is not None}
        overruled = {EXCLUSIVE[name] for name in given if name in EXCLUSIVE} | set(given)
        for setting in SETTINGS:
            if setting.name not in overruled and (text := environ.get(setting.variable)):
                given[setting.name] = (text, setting.variable)
        for one, other in EXCLUSIVE.items():
            if one in given and other in given:
                raise SettingsError(f"{given[one][1]} and {given[other][1]} exclude each other: a running server or a model file, not both")
        values = {setting.name: setting.read(*given[setting.name]) for setting in SETTINGS if setting.name in given}
        settings = cls(**values)
        if settings.workers > 1 and settings.state == IN_MEMORY:
            raise SettingsError(f"{given['state'][1]}: several workers cannot share what is kept in memory; name a file, or use one worker")
        return settings

    @property
    def state_file(self) -> Path | None:
        """The file that responses and conversations are kept in, wherever it comes from; None if they are kept in memory.

        Raises:
            SettingsError: it is not set, and there is no home directory.
        """
        if self.state == IN_MEMORY:
            return None
        return self.state or default_state_file(os.environ)

    @property
    def engine_slots(self) -> int:
        """How many answers an engine of our own makes at the same time."""
        return self.slots or DEFAULT_SLOTS

    def to_environ(self) -> dict[str, str]:
        """The environment variables from which `load` builds equal settings again, empty where nothing is set.

        This is how worker processes get their settings.
        """
        return {setting.variable: setting.show(getattr(self, setting.name)) for setting in SETTINGS}


class Setting(NamedTuple):
    """One row of the table.

    Attributes:
        name: the field of `Settings`.
        metavar: what a value looks like, for the help text.
        parse: text to value; a `ValueError` says what is wrong with the text.
        help: one sentence for users.
    """

    name: str
    metavar: str
    parse: Callable[[str], Any]
    help: str

    @property
    def flag(self) -> str:
        """The command-line flag."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENV_PREFIX + self.name.upper()

    @property
    def default(self) -> Any:
        """The value of the field when nothing is said."""
        return next(known.default for known in fields(Settings) if known.name == self.name)

    def read(self, text: str, source: str) -> Any:
        """The value of `text`, which came from `source`, a flag or a variable.

        Raises:
            SettingsError: the text is not a value of this setting.
        """
        try:
            return self.parse(text)
        except ValueError as error:
            raise SettingsError(f"{source}: {error}") from None

    @staticmethod
    def show(value: Any) -> str:
        """The text that `parse` reads back to `value`; empty for "not set"."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "on" if value else "off"
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def default_state_file(environ: Mapping[str, str]) -> Path:
    """Where the XDG Base Directory Specification puts state.

    Raises:
        SettingsError: there is no home directory.
    """
    try:
        base = Path(environ.get("XDG_STATE_HOME", ""))
        base = base if base.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:
        raise SettingsError("TRIGLOT_STATE is not set, and there is no home directory to keep state in: name a file, or memory") from None
    return base / "triglot" / "state.sqlite3"


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


def _whole(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    bounds = f"of {lowest} or more" if highest is None else f"from {lowest} to {highest}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = lowest - 1
        if value < lowest or (highest is not None and value > highest):
            raise ValueError(f"{text!r} is not a whole number {bounds}")
        return value

    return parse


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError(f"{text!r} is not a number of seconds above 0")
    return value


def _switch(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise ValueError(f"{text!r} is not on or off")
    return text.lower() == "on"


def _base_url(text: str) -> str:
    """The root of a server, without a trailing slash and without the `/v1` that many clients want in their base URL."""
    try:
        url = urlsplit(text.strip())
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port is None or url.port > 0)
        usable = usable and not url.query and not url.fragment and url.username is None
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{text!r} is not a base URL such as http://127.0.0.1:8080")
    return f"{url.scheme}://{url.netloc}{url.path}".rstrip("/").removesuffix("/v1").rstrip("/")


def _model_file(text: str) -> Path:
    path = Path(text).expanduser()
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ValueError(f"cannot read {text!r}: {error.strerror}") from None
    if magic != b"GGUF":
        raise ValueError(f"{text!r} is not a GGUF file")
    return path.resolve()


def _directories(text: str) -> tuple[Path, ...]:
    paths = tuple(_directory(part) for part in text.split(",") if part.strip())
    for path in paths:
        if not path.is_dir():
            raise ValueError(f"{str(path)!r} is not a directory")
    return tuple(path.resolve() for path in paths)


def _directory(text: str) -> Path:
    try:
        return Path(_text(text)).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"{text!r}: {error}") from None


def _swap(text: str) -> str:
    if text.lower() not in ENGINE_SWAPS:
        raise ValueError(f"{text!r} is not one of {', '.join(ENGINE_SWAPS)}")
    return text.lower()


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not keys:
        raise ValueError("must name at least one key")
    if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
        raise ValueError("a key must be printable ASCII without spaces")
    return keys


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(read_origin(part) for part in text.split(",") if part.strip())
    if not origins:
        raise ValueError("must name at least one origin")
    return origins


def _signing_key(text: str) -> str:
    if not (len(text) >= SHORTEST_SIGNING_KEY and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"must be at least {SHORTEST_SIGNING_KEY} characters of printable ASCII without spaces")
    return text


def _state(text: str) -> Path | Literal["memory"]:
    if not text.strip():
        raise ValueError("must not be empty")
    if text.strip().lower() == IN_MEMORY:
        return IN_MEMORY
    path = _directory(text)
    if path.is_dir():
        raise ValueError(f"{text!r} is a directory; name a file in it")
    return path


def _profile(text: str) -> str:
    if text.lower() not in BACKEND_PROFILES:
        raise ValueError(f"{text!r} is not one of {', '.join(BACKEND_PROFILES)}")
    return text.lower()


def _relay(text: str) -> str:
    if text.lower() not in (FOLD, VERBATIM):
        raise ValueError(f"{text!r} is not {FOLD} or {VERBATIM}")
    return text.lower()


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"{text!r} is not one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _log_format(text: str) -> str:
    if text.lower() not in LOG_FORMATS:
        raise ValueError(f"{text!r} is not {' or '.join(LOG_FORMATS)}")
    return text.lower()


BACKEND_PROFILES = ("auto", *PROFILES)
ENGINE_SWAPS = ("auto", "beside", "after")
SHORTEST_SIGNING_KEY = 16
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("console", "json")

SETTINGS = (
    Setting("host", "ADDRESS", _text, "address to listen on"),
    Setting("port", "PORT", _whole(0, 65535), "port to listen on; 0 takes a free one"),
    Setting("workers", "N", _whole(1, 256), "number of gateway processes; all of them share one backend"),
    Setting("backend", "URL", _base_url, "base URL of a running llama-server or another OpenAI-compatible server"),
    Setting("backend_api_key", "KEY", _text, "key that the backend asks for (safer as a variable)"),
    Setting("backend_profile", "NAME", _profile, f"kind of backend: {', '.join(BACKEND_PROFILES)}"),
    Setting("model", "FILE", _model_file, "GGUF file to run in an engine of our own; default: the tiny demo model"),
    Setting(
        "slots",
        "N",
        _whole(0, 256),
        f"answers that are made at the same time; 0 counts none; default: what a running server says, {DEFAULT_SLOTS} for our own engine",
    ),
    Setting("queue_limit", "N", _whole(0), "requests that may wait in one gateway process for an answer to end"),
    Setting("context", "TOKENS", _whole(256), "context of our own engine, shared by its slots; default: the model's"),
    Setting("model_dirs", "DIR[,DIR...]", _directories, "where models may be loaded from over HTTP; default: the directory of --model"),
    Setting(
        "engine_swap",
        "|".join(ENGINE_SWAPS),
        _swap,
        "whether a new engine starts beside the old one or after its end; auto: beside it where the memory is there",
    ),
    Setting("api_keys", "KEY[,KEY...]", _keys, "keys of which a client must send one (safer as a variable)"),
    Setting(
        "allowed_origins",
        "ORIGIN[,ORIGIN...]",
        _origins,
        "web pages that may use the server, such as http://localhost:3000, vscode-webview://* or *",
    ),
    Setting(
        "signing_key",
        "KEY",
        _signing_key,
        "key that signs and seals what clients keep for us (safer as a variable); default: one kept beside the state",
    ),
    Setting("state", "FILE|memory", _state, "where responses and conversations are kept; default: in ~/.local/state/triglot"),
    Setting("state_ttl_s", "SECONDS", _seconds, "how long a response or conversation is kept that nobody uses"),
    Setting("state_max_bytes", "BYTES", _whole(16 * 1024 * 1024), "largest size of the state; what was not used for longest goes first"),
    Setting("max_body_bytes", "BYTES", _whole(1024), "largest request body that is read"),
    Setting("max_image_side", "PIXELS", _whole(16, 16384), "longer side of an image; larger ones are scaled down"),
    Setting("fetch_media", "on|off", _switch, "whether images and PDFs that a request names by URL are fetched from the web"),
    Setting("connect_timeout_s", "SECONDS", _seconds, "how long connecting to the backend may take"),
    Setting("queue_timeout_s", "SECONDS", _seconds, "how long a request may wait for a place at the backend"),
    Setting("first_token_timeout_s", "SECONDS", _seconds, "how long the backend may take to the first token, reading the prompt included"),
    Setting("idle_timeout_s", "SECONDS", _seconds, "how long an answer may make no progress"),
    Setting("whole_timeout_s", "SECONDS", _seconds, "how long the backend may take for an answer that it gives in one piece"),
    Setting("total_timeout_s", "SECONDS", _seconds, "how long a request may take altogether; default: for ever"),
    Setting("write_timeout_s", "SECONDS", _seconds, "how long a client may take nothing of its answer before its connection is closed"),
    Setting("engine_start_timeout_s", "SECONDS", _seconds, "how long our own engine may take to load its model"),
    Setting("engine_wait_s", "SECONDS", _seconds, "how long a request waits for an engine of ours that is loading its model"),
    Setting("engine_drain_s", "SECONDS", _seconds, "how long answers of an engine of ours that is being replaced may go on"),
    Setting("engine_hang_s", "SECONDS", _seconds, "how long an engine of ours may be idle and give no sign of life before it is restarted"),
    Setting(
        "early_start_s", "SECONDS", _seconds, "how long a stream waits for its backend before it begins, and for a failure to have a status"
    ),
    Setting("heartbeat_s", "SECONDS", _seconds, "longest silence of a stream before the client gets a sign of life"),
    Setting(
        "nonstream_relay",
        "fold|verbatim",
        _relay,
        "whether llama-server streams chat answers in one piece to us, to notice that a client has gone, or gives their bytes as they are",
    ),
    Setting(
        "messages_alias",
        "NAME",
        _text,
        "further name of the model for Messages clients that keep only names they know, such as claude-local",
    ),
    Setting("shutdown_grace_s", "SECONDS", _seconds, "how long open answers may go on after a signal to stop"),
    Setting(
        "runtime_dir", "DIR", _directory, "where the processes of one gateway meet; default: a private one, made for the time of the run"
    ),
    Setting("log_level", "LEVEL", _log_level, f"what is logged: {', '.join(LOG_LEVELS)}"),
    Setting("log_format", "|".join(LOG_FORMATS), _log_format, "how it is written: lines for people, or one JSON object a line"),
)
