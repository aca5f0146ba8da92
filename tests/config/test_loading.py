"""Where settings come from, which source wins, and how each mistake is named without its value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config import Settings, load
from bot.config.loading import every_setting
from bot.errors import BadConfiguration

Write = Callable[[str], Path]
Environ = dict[str, str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, without a config.toml."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(path: Path | None, environ: Environ) -> str:
    """The one sentence about a bad configuration; nothing that is attached to it says more."""
    with pytest.raises(BadConfiguration) as caught:
        load(path, environ)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_secrets_are_all_that_is_needed(secrets: Environ) -> None:
    settings = load(None, secrets)
    assert settings.discord.token.get_secret_value() == "discord-secret"
    assert settings.toapis.api_key.get_secret_value() == "provider-secret"
    assert settings.model_dump(exclude={"discord": {"token"}, "toapis": {"api_key"}}) == Settings.model_validate(
        {"discord": {"token": "x"}, "toapis": {"api_key": "x"}}
    ).model_dump(exclude={"discord": {"token"}, "toapis": {"api_key"}})


def test_the_file_is_read(write: Write) -> None:
    settings = load(
        write("""
            [discord]
            token = "from-the-file"
            owners = [1, 2]
            [toapis]
            api_key = "also"
            models = ["a", "b"]
            default_model = "b"
            submit_per_second = 0.5
            [web]
            port = 0
        """),
        {},
    )
    assert settings.discord.token.get_secret_value() == "from-the-file"
    assert settings.discord.owners == (1, 2)
    assert (settings.toapis.models, settings.toapis.default_model) == (("a", "b"), "b")
    assert settings.toapis.submit_per_second == 0.5
    assert settings.web.port == 0
    assert settings.web.host == "127.0.0.1"


def test_the_environment_wins_key_by_key(write: Write, secrets: Environ) -> None:
    path = write('[web]\nhost = "0.0.0.0"\nport = 1\n[discord]\ntoken = "file"\nowners = [1]')
    environ = secrets | {"CASTBOOK__WEB__PORT": "2", "CASTBOOK__DISCORD__OWNERS": "[2, 3]"}
    settings = load(path, environ)
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 2)
    assert settings.discord.owners == (2, 3)
    assert settings.discord.token.get_secret_value() == "discord-secret"


def test_every_setting_can_come_from_the_environment(secrets: Environ) -> None:
    values = {
        "CASTBOOK__DISCORD__API_URL": "http://127.0.0.1:1/api/",
        "CASTBOOK__DISCORD__GATEWAY_URL": "ws://127.0.0.1:2",
        "CASTBOOK__DISCORD__CDN_ORIGINS": '["http://127.0.0.1:3"]',
        "CASTBOOK__DISCORD__DEV_GUILD": "26",
        "CASTBOOK__DISCORD__OWNERS": "[4]",
        "CASTBOOK__TOAPIS__BASE_URL": "http://127.0.0.1:5",
        "CASTBOOK__TOAPIS__MODELS": '["six"]',
        "CASTBOOK__TOAPIS__DEFAULT_MODEL": "six",
        "CASTBOOK__TOAPIS__SUBMIT_PER_SECOND": "7",
        "CASTBOOK__TOAPIS__QUERY_PER_SECOND": "8.5",
        "CASTBOOK__DISCORD__PUBLIC_KEY": "0aF9" * 16,
        "CASTBOOK__TOAPIS__POLL_FIRST": "9",
        "CASTBOOK__TOAPIS__POLL_EVERY": "0.1",
        "CASTBOOK__TOAPIS__SHOW_PROGRESS_FOR": "11",
        "CASTBOOK__TOAPIS__KEEP_WATCHING_FOR": "12",
        "CASTBOOK__TOAPIS__WEBHOOK_SECRETS": '["old", "new"]',
        "CASTBOOK__TOAPIS__CALLBACK_URL": "https://example.org/webhooks/toapis",
        "CASTBOOK__TOAPIS__ACCEPT_OUTSIDE_TASKS": "false",
        "CASTBOOK__TOAPIS__PRICES": '{"a": 29.5}',
        "CASTBOOK__TOAPIS__VIDEO_PRICES": '{"b": 2}',
        "CASTBOOK__TOAPIS__AVATAR_SLOTS": "31",
        "CASTBOOK__TOAPIS__VIDEO_MODELS": '{"a-2": "viduq3"}',
        "CASTBOOK__STORE__URL": "sqlite+aiosqlite:////var/lib/castbook/13.db",
        "CASTBOOK__STORE__PASSWORD": "34",
        "CASTBOOK__STORE__FILES": "s3://castbook/14",
        "CASTBOOK__STORE__ENDPOINT": "https://s3.example.org",
        "CASTBOOK__STORE__REGION": "eu-central-1",
        "CASTBOOK__STORE__ACCESS_KEY_ID": "id",
        "CASTBOOK__STORE__SECRET_ACCESS_KEY": "key",
        "CASTBOOK__STORE__COPIES": "/var/lib/castbook/34",
        "CASTBOOK__STORE__COPIES_MB": "35",
        "CASTBOOK__LINKS__MAX_BYTES": "15",
        "CASTBOOK__LINKS__TIMEOUT": "16",
        "CASTBOOK__LINKS__TRUSTED_ORIGINS": '["https://example.org"]',
        "CASTBOOK__LINKS__SITES": '["a.org"]',
        "CASTBOOK__MEDIA__SEND": "link",
        "CASTBOOK__MEDIA__WORKERS": "17",
        "CASTBOOK__JOBS__DOWNLOADS": "18",
        "CASTBOOK__JOBS__UPLOADS": "19",
        "CASTBOOK__JOBS__SENDS": "20",
        "CASTBOOK__JOBS__KEEP_DAYS": "27",
        "CASTBOOK__LIMITS__RUNNING_PER_USER": "0",
        "CASTBOOK__LIMITS__WAITING_PER_USER": "28",
        "CASTBOOK__LIMITS__PER_USER_PER_DAY": "20",
        "CASTBOOK__LIMITS__PER_SERVER_PER_DAY": "22",
        "CASTBOOK__LIMITS__VIDEOS_PER_USER_PER_DAY": "29",
        "CASTBOOK__LIMITS__VIDEOS_PER_SERVER_PER_DAY": "30",
        "CASTBOOK__LIMITS__CREDITS_PER_USER_PER_DAY": "32",
        "CASTBOOK__LIMITS__CREDITS_PER_SERVER_PER_DAY": "33",
        "CASTBOOK__LIMITS__RUNNING_IN_ALL": "23",
        "CASTBOOK__LIMITS__FILES_MB_PER_USER": "21",
        "CASTBOOK__VIDEO__KEEP_DAYS": "31",
        "CASTBOOK__CONSENT__ASK": "false",
        "CASTBOOK__WEB__HOST": "::1",
        "CASTBOOK__WEB__PORT": "24",
        "CASTBOOK__WEB__PUBLIC_URL": "https://castbook.example.org",
        "CASTBOOK__WEB__METRICS_HOST": "::",
        "CASTBOOK__WEB__METRICS_PORT": "25",
        "CASTBOOK__LOG__LEVEL": "DEBUG",
        "CASTBOOK__LOG__FORMAT": "json",
        "CASTBOOK__TRACE__ENDPOINT": "http://collector:4318/",
        "CASTBOOK__TRACE__SAMPLE": "0.36",
    }
    known = {f"CASTBOOK__{section}__{key}".upper() for section, key, _ in every_setting()}
    assert set(values) | set(secrets) == known
    assert load(None, values | secrets).model_dump(exclude={"discord": {"token"}, "toapis": {"api_key"}}) == {
        "discord": {
            "api_url": "http://127.0.0.1:1/api",
            "gateway_url": "ws://127.0.0.1:2",
            "public_key": "0aF9" * 16,
            "cdn_origins": ("http://127.0.0.1:3",),
            "dev_guild": 26,
            "owners": (4,),
        },
        "toapis": {
            "base_url": "http://127.0.0.1:5",
            "models": ("six",),
            "default_model": "six",
            "submit_per_second": 7.0,
            "query_per_second": 8.5,
            "poll_first": 9.0,
            "poll_every": 0.1,
            "show_progress_for": 11.0,
            "keep_watching_for": 12.0,
            "webhook_secrets": (SecretStr("old"), SecretStr("new")),
            "callback_url": "https://example.org/webhooks/toapis",
            "accept_outside_tasks": False,
            "prices": {"a": Decimal("29.5")},
            "video_prices": {"b": Decimal(2)},
            "avatar_slots": 31,
            "video_models": {"a-2": "viduq3"},
        },
        "store": {
            "url": "sqlite+aiosqlite:////var/lib/castbook/13.db",
            "password": SecretStr("34"),
            "files": "s3://castbook/14",
            "endpoint": "https://s3.example.org",
            "region": "eu-central-1",
            "access_key_id": SecretStr("id"),
            "secret_access_key": SecretStr("key"),
            "copies": Path("/var/lib/castbook/34"),
            "copies_mb": 35,
        },
        "links": {"max_bytes": 15, "timeout": 16.0, "trusted_origins": ("https://example.org",), "sites": ("a.org",)},
        "media": {"send": "link", "workers": 17},
        "jobs": {"downloads": 18, "uploads": 19, "sends": 20, "keep_days": 27},
        "limits": {
            "running_per_user": 0,
            "waiting_per_user": 28,
            "per_user_per_day": 20,
            "per_server_per_day": 22,
            "videos_per_user_per_day": 29,
            "videos_per_server_per_day": 30,
            "credits_per_user_per_day": 32,
            "credits_per_server_per_day": 33,
            "running_in_all": 23,
            "files_mb_per_user": 21,
        },
        "video": {"keep_days": 31},
        "consent": {"ask": False},
        "web": {
            "host": "::1",
            "port": 24,
            "public_url": "https://castbook.example.org",
            "metrics_host": "::",
            "metrics_port": 25,
        },
        "log": {"level": "DEBUG", "format": "json"},
        "trace": {"endpoint": "http://collector:4318", "sample": 0.36},
    }


def test_the_process_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch, secrets: Environ) -> None:
    monkeypatch.setenv("CASTBOOK__WEB__PORT", "1")
    monkeypatch.setenv("WEB", '{"port": 2}')
    assert load(None, secrets).web.port == 8080
    assert Settings.model_validate({"discord": {"token": "x"}, "toapis": {"api_key": "x"}}).web.port == 8080


# -- which file -----------------------------------------------------------------------------------------------------


def test_config_toml_is_read_where_there_is_one(elsewhere: Path, secrets: Environ) -> None:
    (elsewhere / "config.toml").write_text("[web]\nport = 1")
    assert load(None, secrets).web.port == 1


def test_castbook_config_names_another_file(elsewhere: Path, write: Write, secrets: Environ) -> None:
    (elsewhere / "config.toml").write_text("[web]\nport = 1")
    named = secrets | {"CASTBOOK_CONFIG": str(write("[web]\nport = 2"))}
    assert load(None, named).web.port == 2
    assert load(None, secrets | {"CASTBOOK_CONFIG": ""}).web.port == 1


def test_the_path_given_by_the_caller_wins(write: Write, secrets: Environ) -> None:
    environ = secrets | {"CASTBOOK_CONFIG": "/nowhere/config.toml"}
    assert load(write("[web]\nport = 3"), environ).web.port == 3


def test_a_file_that_was_named_must_be_there(tmp_path: Path, secrets: Environ) -> None:
    missing = tmp_path / "missing.toml"
    assert refused(missing, secrets) == f"There is no configuration file {missing}."
    assert refused(None, secrets | {"CASTBOOK_CONFIG": str(missing)}) == f"There is no configuration file {missing}."
    assert refused(tmp_path, secrets) == f"There is no configuration file {tmp_path}."


def test_a_file_that_cannot_be_read_is_named(write: Write, secrets: Environ, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("")

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)  # tests may run as root, whom nothing is forbidden
    assert refused(path, secrets) == f"The configuration file {path} cannot be read: Permission denied."


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        ('[discord]\ntoken = "hidden', ": look at line 2, column 17."),
        ("[web]\nport = hidden", ": look at line 2, column 8."),
        ("[web]\nhost = hidden-secret 1", ": look at line 2, column 8."),
        ("[web]\nport = 1\nport = 2", ": look at line 3, column 9."),
        ("a = [", "."),
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(toml: str, place: str, write: Write, secrets: Environ) -> None:
    path = write(toml)
    sentence = refused(path, secrets)
    assert sentence.startswith(f"The configuration file {path} is not valid TOML")
    assert "hidden" not in sentence
    if "column" in sentence:
        assert sentence.endswith(place)


def test_what_is_no_utf_8_is_refused(tmp_path: Path, secrets: Environ) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'[web]\nhost = "\xe4"')
    assert refused(path, secrets) == f"The configuration file {path} is not valid TOML."


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[links]\nmaxbytes = 1", "There is no setting links.maxbytes; the nearest name is links.max_bytes."),
        ("[link]\nmax_bytes = 1", "There is no setting link; the nearest name is links."),
        ("[Links]\nmax_bytes = 1", "There is no setting Links; the nearest name is links."),
        ("[links]\n[Links]\n", "There is no setting Links; the nearest name is links."),
        ('token = "hidden"', "There is no setting token; the nearest name is discord.token."),
        ('"a\\nb" = 1', r"There is no setting 'a\nb'; the nearest name is "),
        ('[discord]\ntoken_file = "hidden"', "There is no setting discord.token_file; the nearest name is "),
        ("[toapis]\napi_kye = 1", "There is no setting toapis.api_kye; the nearest name is toapis.api_key."),
    ],
)
def test_an_unknown_name_in_the_file_is_refused_with_the_nearest_one(
    toml: str, sentence: str, write: Write, secrets: Environ
) -> None:
    assert refused(write(toml), secrets).startswith(sentence)


def test_a_very_long_unknown_name_makes_no_long_sentence(write: Write, secrets: Environ) -> None:
    assert len(refused(write(f"{'a' * 100_000} = 1"), secrets)) < 200


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CASTBOOK__LINKS__MAXBYTES", "CASTBOOK__LINKS__MAX_BYTES"),
        ("CASTBOOK__LOG_LEVEL", "CASTBOOK__LOG__LEVEL"),
        ("CASTBOOK__discord__token", "CASTBOOK__DISCORD__TOKEN"),
        ("CASTBOOK__DISCORD", "CASTBOOK__DISCORD__TOKEN"),
        ("CASTBOOK__TOAPIS__APIKEY_FILE", "CASTBOOK__TOAPIS__API_KEY_FILE"),
        ("CASTBOOK__WEB__PORT_FILE", "CASTBOOK__WEB__PORT"),
        ("CASTBOOK__LINKS__TIMEOUT__SECONDS", "CASTBOOK__LINKS__TIMEOUT"),
    ],
)
def test_an_unknown_name_in_the_environment_is_refused_with_the_nearest_one(
    name: str, nearest: str, secrets: Environ
) -> None:
    sentence = refused(None, secrets | {name: "hidden"})
    assert sentence == f"There is no setting {name}; the nearest name is {nearest}."


def test_variables_that_are_not_ours_are_left_alone(secrets: Environ) -> None:
    others = {"CASTBOOK_PORT": "tcp://10.0.0.1:80", "PATH": "/bin", "OTHER__DISCORD__TOKEN": "x"}
    assert load(None, secrets | others).web.port == 8080


# -- secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["CASTBOOK__DISCORD__TOKEN", "CASTBOOK__TOAPIS__API_KEY"])
@pytest.mark.parametrize("given", [None, "", "  \n"])
def test_a_missing_secret_is_named_with_the_ways_to_give_it(secret: str, given: str | None, secrets: Environ) -> None:
    del secrets[secret]
    environ = secrets if given is None else secrets | {secret: given}
    section, key = secret.lower().removeprefix("castbook__").split("__")
    assert refused(None, environ) == (
        f"{section}.{key} is missing: write it into the configuration file, or set {secret} or {secret}_FILE."
    )


def test_an_empty_secret_in_the_file_is_a_missing_one(write: Write) -> None:
    assert refused(write('[discord]\ntoken = ""'), {}).startswith("discord.token is missing: ")


def test_an_empty_variable_does_not_hide_the_secret_in_the_file(write: Write, secrets: Environ) -> None:
    settings = load(write('[discord]\ntoken = "file"'), secrets | {"CASTBOOK__DISCORD__TOKEN": ""})
    assert settings.discord.token.get_secret_value() == "file"


def test_a_misspelt_name_is_told_before_what_is_missing_because_of_it(write: Write) -> None:
    path = write('[discord]\ntokn = "hidden"')
    assert refused(path, {}) == "There is no setting discord.tokn; the nearest name is discord.token."


def test_a_secret_may_come_from_a_file(tmp_path: Path, secrets: Environ) -> None:
    (tmp_path / "token").write_text("  from-a-file\n")
    del secrets["CASTBOOK__DISCORD__TOKEN"]
    environ = secrets | {"CASTBOOK__DISCORD__TOKEN_FILE": str(tmp_path / "token")}
    assert load(None, environ).discord.token.get_secret_value() == "from-a-file"


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path, secrets: Environ) -> None:
    environ = secrets | {"CASTBOOK__TOAPIS__API_KEY_FILE": str(tmp_path / "key")}
    assert refused(None, environ) == (
        "Both CASTBOOK__TOAPIS__API_KEY and CASTBOOK__TOAPIS__API_KEY_FILE are set; set one of them."
    )


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_refused(content: bytes | None, tmp_path: Path, secrets: Environ) -> None:
    path = tmp_path / "hidden"
    if content is not None:
        path.write_bytes(content)
    del secrets["CASTBOOK__TOAPIS__API_KEY"]
    sentence = refused(None, secrets | {"CASTBOOK__TOAPIS__API_KEY_FILE": str(path)})
    assert sentence == "The file that CASTBOOK__TOAPIS__API_KEY_FILE names cannot be read."


def test_an_empty_secret_file_is_a_missing_secret(tmp_path: Path, secrets: Environ) -> None:
    (tmp_path / "key").touch()
    del secrets["CASTBOOK__TOAPIS__API_KEY"]
    environ = secrets | {"CASTBOOK__TOAPIS__API_KEY_FILE": str(tmp_path / "key")}
    assert refused(None, environ).startswith("toapis.api_key is missing: ")


def test_the_keys_of_a_bucket_come_together_and_from_files(secrets: Environ, tmp_path: Path) -> None:
    (key := tmp_path / "key").write_text("from-a-file\n")
    one = {"CASTBOOK__STORE__ACCESS_KEY_ID": "id"}
    with pytest.raises(BadConfiguration, match=r"store\.access_key_id and store\.secret_access_key belong together"):
        load(None, secrets | one)
    settings = load(None, secrets | one | {"CASTBOOK__STORE__SECRET_ACCESS_KEY_FILE": str(key)})
    assert settings.store.secret_access_key.get_secret_value() == "from-a-file"


def test_secrets_are_not_shown(secrets: Environ) -> None:
    settings = load(None, secrets)
    for shown in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.discord.token}"):
        shown = shown.replace("SecretStr", "").replace("webhook_secrets", "").replace("secret_access_key", "")
        assert "secret" not in shown
