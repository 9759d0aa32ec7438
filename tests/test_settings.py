from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from triglot import demo
from triglot.settings import SETTINGS, Settings, SettingsError

BY_NAME = {setting.name: setting for setting in SETTINGS}


def test_the_table_has_one_row_for_each_field_in_order():
    assert [setting.name for setting in SETTINGS] == [field.name for field in dataclasses.fields(Settings)]


def test_names_follow_from_the_field():
    assert (BY_NAME["max_body_bytes"].flag, BY_NAME["max_body_bytes"].variable) == ("--max-body-bytes", "TRIGLOT_MAX_BODY_BYTES")


def test_nothing_said_gives_the_defaults():
    assert Settings.load({}, {}) == Settings()


@pytest.mark.parametrize(
    "setting", [setting for setting in SETTINGS if setting.default not in (None, ())], ids=lambda setting: setting.name
)
def test_every_default_is_a_value_that_the_table_accepts(setting):
    assert setting.parse(setting.show(setting.default)) == setting.default


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default():
    environ = {"TRIGLOT_PORT": "1", "TRIGLOT_HOST": "::1"}
    settings = Settings.load({"port": "2", "host": None}, environ)
    assert (settings.port, settings.host, settings.workers) == (2, "::1", 1)


def test_an_empty_variable_is_not_set():
    assert Settings.load({}, {"TRIGLOT_BACKEND": "", "TRIGLOT_PORT": ""}) == Settings()


def test_the_environment_carries_every_setting_to_a_worker():
    flags = {
        "host": "0.0.0.0",
        "port": "1234",
        "workers": "3",
        "backend": "http://gpu:8080",
        "backend_api_key": "secret",
        "backend_profile": "openai",
        "slots": "9",
        "queue_limit": "6",
        "context": "4096",
        "model_dirs": "/",
        "engine_swap": "after",
        "api_keys": "one,two",
        "signing_key": "0123456789abcdef",
        "state": "/var/lib/triglot/state.sqlite3",
        "state_ttl_s": "60",
        "allowed_origins": "http://localhost:3000/, vscode-webview://*",
        "state_max_bytes": "16777216",
        "max_body_bytes": "2048",
        "max_image_side": "512",
        "fetch_media": "ON",
        "connect_timeout_s": "0.5",
        "queue_timeout_s": "1",
        "first_token_timeout_s": "1",
        "whole_timeout_s": "3",
        "total_timeout_s": "1",
        "write_timeout_s": "4",
        "idle_timeout_s": "2",
        "engine_start_timeout_s": "3",
        "engine_wait_s": "6",
        "engine_drain_s": "7",
        "engine_hang_s": "8",
        "early_start_s": "2",
        "heartbeat_s": "5",
        "nonstream_relay": "VERBATIM",
        "messages_alias": "claude-local",
        "shutdown_grace_s": "4",
        "runtime_dir": "/run/triglot",
        "log_level": "DEBUG",
        "log_format": "JSON",
    }
    settings = Settings.load(flags, {})
    assert set(flags) == set(BY_NAME) - {"model"}
    assert Settings.load({}, settings.to_environ()) == settings
    assert Settings.load({}, Settings().to_environ()) == Settings()
    assert settings.to_environ()["TRIGLOT_MODEL"] == ""


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("host", " ", "must not be empty"),
        ("port", "http", "'http' is not a whole number from 0 to 65535"),
        ("port", "65536", "'65536' is not a whole number from 0 to 65535"),
        ("port", "-1", "'-1' is not a whole number from 0 to 65535"),
        ("port", "tcp://10.0.0.1:80", "'tcp://10.0.0.1:80' is not a whole number from 0 to 65535"),
        ("workers", "0", "'0' is not a whole number from 1 to 256"),
        ("workers", "1.5", "'1.5' is not a whole number from 1 to 256"),
        ("allowed_origins", " , ", "must name at least one origin"),
        ("allowed_origins", "*,localhost:3000", "'localhost:3000' is no origin such as http://localhost:3000, vscode-webview://* or *"),
        ("nonstream_relay", "raw", "'raw' is not fold or verbatim"),
        ("slots", "257", "'257' is not a whole number from 0 to 256"),
        ("queue_limit", "-1", "'-1' is not a whole number of 0 or more"),
        ("context", "1", "'1' is not a whole number of 256 or more"),
        ("idle_timeout_s", "0", "'0' is not a number of seconds above 0"),
        ("idle_timeout_s", "nan", "'nan' is not a number of seconds above 0"),
        ("idle_timeout_s", "inf", "'inf' is not a number of seconds above 0"),
        ("idle_timeout_s", "soon", "'soon' is not a number of seconds above 0"),
        ("model_dirs", "/no/such/directory", "'/no/such/directory' is not a directory"),
        ("engine_swap", "quick", "'quick' is not one of auto, beside, after"),
        ("runtime_dir", "~nobody-of-this-name/x", "'~nobody-of-this-name/x': Could not determine home directory."),
        ("max_image_side", "0", "'0' is not a whole number from 16 to 16384"),
        ("fetch_media", "yes", "'yes' is not on or off"),
        ("api_keys", ",", "must name at least one key"),
        ("api_keys", "two words", "a key must be printable ASCII without spaces"),
        ("signing_key", "fifteen-letters", "must be at least 16 characters of printable ASCII without spaces"),
        ("signing_key", "sixteen letters!", "must be at least 16 characters of printable ASCII without spaces"),
        ("signing_key", "schlüsselschlüssel", "must be at least 16 characters of printable ASCII without spaces"),
        ("state", " ", "must not be empty"),
        ("state", "/", "'/' is a directory; name a file in it"),
        ("state", "~nobody-of-this-name/x", "'~nobody-of-this-name/x': Could not determine home directory."),
        ("state_ttl_s", "-1", "'-1' is not a number of seconds above 0"),
        ("state_max_bytes", "1000", "'1000' is not a whole number of 16777216 or more"),
        ("log_format", "xml", "'xml' is not console or json"),
        ("log_level", "loud", "'loud' is not one of debug, info, warning, error"),
        ("model", "/does/not/exist.gguf", "cannot read '/does/not/exist.gguf': No such file or directory"),
        ("model", __file__, f"{__file__!r} is not a GGUF file"),
        ("model", str(Path(__file__).parent), f"cannot read {str(Path(__file__).parent)!r}: Is a directory"),
        *(
            ("backend", text, f"{text!r} is not a base URL such as http://127.0.0.1:8080")
            for text in (
                "gpu:8080",
                "ftp://gpu",
                "http://",
                "http://gpu:port",
                "http://gpu:0",
                "http://u:p@gpu",
                "http://gpu?x=1",
                "http://gpu#x",
                "http://[",
            )
        ),
    ],
)
def test_a_bad_value_is_refused_with_its_source(name, text, told):
    with pytest.raises(SettingsError) as by_flag:
        Settings.load({name: text}, {})
    with pytest.raises(SettingsError) as by_variable:
        Settings.load({}, {BY_NAME[name].variable: text})
    assert str(by_flag.value) == f"{BY_NAME[name].flag}: {told}"
    assert str(by_variable.value) == f"{BY_NAME[name].variable}: {told}"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://gpu:8080", "http://gpu:8080"),
        ("http://gpu:8080/", "http://gpu:8080"),
        (" http://gpu:8080/v1/ ", "http://gpu:8080"),
        ("https://host.example/api/v1", "https://host.example/api"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
    ],
)
def test_a_backend_is_the_root_of_its_server(text, url):
    assert Settings.load({"backend": text}, {}).backend == url


def test_state_is_kept_in_memory_or_in_a_file_of_a_fixed_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings.load({"state": "Memory"}, {}).state_file is None
    assert Settings.load({"state": "some.db"}, {}).state_file == tmp_path / "some.db"
    assert Settings.load({"state": "~/some.db"}, {}).state_file == tmp_path / "some.db"


@pytest.mark.parametrize("ignored", ["", "relative/path"])
def test_state_is_kept_where_the_desktop_says(monkeypatch, ignored):
    monkeypatch.setenv("XDG_STATE_HOME", "/data/state")
    assert Settings().state_file == Path("/data/state/triglot/state.sqlite3")
    monkeypatch.setenv("XDG_STATE_HOME", ignored)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert Settings().state_file == Path("/home/somebody/.local/state/triglot/state.sqlite3")


def test_without_a_home_the_place_of_the_state_is_asked_for(monkeypatch):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", fail)
    with pytest.raises(SettingsError, match="TRIGLOT_STATE is not set, and there is no home directory"):
        _ = Settings().state_file


def test_what_is_kept_in_memory_is_of_one_process():
    with pytest.raises(SettingsError, match="TRIGLOT_STATE: several workers cannot share what is kept in memory"):
        Settings.load({"workers": "2"}, {"TRIGLOT_STATE": "memory"})
    with pytest.raises(SettingsError, match="--state: several workers"):
        Settings.load({"workers": "2", "state": "memory"}, {})


def test_a_model_is_an_existing_gguf_file():
    assert Settings.load({"model": str(demo.MODEL)}, {}).model == demo.MODEL.resolve()


def test_backend_and_model_exclude_each_other():
    both = {"TRIGLOT_BACKEND": "http://gpu:8080", "TRIGLOT_MODEL": str(demo.MODEL)}
    with pytest.raises(SettingsError, match="TRIGLOT_BACKEND and TRIGLOT_MODEL exclude each other"):
        Settings.load({}, both)
    with pytest.raises(SettingsError, match="--backend and --model exclude each other"):
        Settings.load({"backend": "http://gpu:8080", "model": str(demo.MODEL)}, {})


def test_a_flag_overrules_the_variable_that_it_excludes():
    assert Settings.load({"backend": "http://gpu:8080"}, {"TRIGLOT_MODEL": "gone.gguf"}).model is None
    assert Settings.load({"model": str(demo.MODEL)}, {"TRIGLOT_BACKEND": "nonsense"}).backend is None


@pytest.mark.parametrize(("given", "slots"), [(None, 4), ("0", 4), ("7", 7)])
def test_an_engine_of_ours_has_slots_whatever_is_counted(given, slots):
    assert Settings.load({"slots": given}, {}).engine_slots == slots


def test_secrets_are_not_shown():
    assert "hunter2" not in repr(Settings(api_keys=("hunter2",), backend_api_key="hunter2", signing_key="hunter2"))
