"""Which values each setting takes; a bad one is answered with what it must be and never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import Settings, load
from bot.errors import BadConfiguration

WHOLE = "must be a whole number above 0."
LIMIT = "must be a whole number, 0 or above."
NUMBER = "must be a number above 0."
SECONDS = "must be a number of seconds above 0."
FLAG = "must be true or false."
PORT = "must be a port, from 0 to 65535."
HOST = "must be an address to listen on, such as 127.0.0.1."
SECRET = "must be letters, digits and signs without blanks, as it was given to you."
ADDRESS = "must be an http or https address without user name, query or fragment, such as https://example.org/api."
GATEWAY = "must be empty, or a ws or wss address without user name, query or fragment, such as wss://example.org."
HOSTS = 'must be a list of hosts, such as ["youtube.com"].'
ORIGINS = "must be a list of origins: scheme, host and port with nothing behind them, such as https://example.org."
PEOPLE = "must be a list of Discord user IDs, such as [80351110224678912]."
MODELS = 'must be a list of 1 to 25 different model names, such as ["sora-2"].'
STORE = (
    "must be sqlite+aiosqlite:/// and the path of a file, such as sqlite+aiosqlite:///data/bot.db, or "
    "postgresql+asyncpg://user@host/name."
)
FILES = "must be a folder, such as data/files, or a bucket and a prefix in it, such as s3://castbook/files."
FOLDER = "must be a folder, such as data/files."
MAYBE_ADDRESS = (
    "must be empty, or an http or https address without user name, query or fragment, such as https://example.org/path."
)
MAYBE_SECRET = "must be empty, or letters, digits and signs without blanks, as it was given to you."
LEVEL = "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL."
FORMAT = "must be console or json."
SHARE = "must be a number from 0 to 1."


def variable(name: str) -> str:
    return "CASTBOOK__" + name.upper().replace(".", "__")


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("links.max_bytes", "0", WHOLE),
        ("links.max_bytes", "-1", WHOLE),
        ("links.max_bytes", "1.5", WHOLE),
        ("links.max_bytes", "fifty", WHOLE),
        ("links.max_bytes", "", WHOLE),
        ("jobs.downloads", "0", WHOLE),
        ("limits.running_per_user", "-1", LIMIT),
        ("limits.per_user_per_day", "none", LIMIT),
        ("limits.files_mb_per_user", "1e400", LIMIT),
        ("toapis.submit_per_second", "0", NUMBER),
        ("toapis.query_per_second", "nan", NUMBER),
        ("toapis.query_per_second", "inf", NUMBER),
        ("toapis.poll_first", "0", SECONDS),
        ("toapis.poll_every", "-5", SECONDS),
        ("toapis.show_progress_for", "inf", SECONDS),
        ("toapis.keep_watching_for", "24h", SECONDS),
        ("links.timeout", "", SECONDS),
        ("toapis.accept_outside_tasks", "maybe", FLAG),
        ("consent.ask", "2", FLAG),
        ("web.port", "65536", PORT),
        ("web.port", "-1", PORT),
        ("web.port", "http", PORT),
        ("web.metrics_port", "65536", PORT),
        ("web.host", "", HOST),
        ("web.host", "http://127.0.0.1", HOST),
        ("web.host", "127.0.0.1 ", HOST),
        ("discord.token", "Bot hidden", SECRET),
        ("discord.token", "hidden\nhidden", SECRET),
        ("toapis.api_key", "hidden\u2019", SECRET),
        ("toapis.api_key", "hidden\x00", SECRET),
        ("discord.api_url", "", ADDRESS),
        ("discord.api_url", "discord.com/api", ADDRESS),
        ("discord.api_url", "ws://discord.com", ADDRESS),
        ("discord.api_url", "https://", ADDRESS),
        ("discord.api_url", "https://user@hidden.example/api", ADDRESS),
        ("discord.api_url", "https://:hidden@example.org/api", ADDRESS),
        ("discord.api_url", "https://example.org/api?key=hidden", ADDRESS),
        ("discord.api_url", "https://example.org/api#hidden", ADDRESS),
        ("discord.api_url", "https://example.org/ api", ADDRESS),
        ("discord.api_url", "https://example.org:99999", ADDRESS),
        ("discord.api_url", "https://exa\u202emple.org", ADDRESS),
        ("discord.api_url", "https://[::1", ADDRESS),
        ("discord.api_url", "https://xn--/", ADDRESS),
        ("toapis.base_url", "ftp://example.org", ADDRESS),
        ("discord.gateway_url", "https://example.org", GATEWAY),
        ("discord.gateway_url", "wss://user:hidden@example.org", GATEWAY),
        ("discord.gateway_url", "wss://example.org/?token=hidden", GATEWAY),
        ("discord.cdn_origins", '["https://example.org/"]', ORIGINS),
        ("discord.cdn_origins", '["https://example.org/files"]', ORIGINS),
        ("discord.cdn_origins", '["https://example.org?"]', ORIGINS),
        ("discord.cdn_origins", '["https://hidden@example.org"]', ORIGINS),
        ("discord.cdn_origins", '["example.org"]', ORIGINS),
        ("discord.cdn_origins", '["https://example.org", 5]', ORIGINS),
        ("discord.cdn_origins", "https://example.org", ORIGINS),
        ("links.trusted_origins", '"https://example.org"', ORIGINS),
        ("links.trusted_origins", '["*"]', ORIGINS),
        ("links.sites", '["https://youtube.com"]', HOSTS),
        ("links.sites", '["youtube.com/watch"]', HOSTS),
        ("links.sites", "youtube.com", HOSTS),
        ("discord.owners", "80351110224678912", PEOPLE),
        ("discord.owners", '["me"]', PEOPLE),
        ("discord.owners", "[0]", PEOPLE),
        ("discord.owners", "[true]", PEOPLE),
        ("discord.owners", "[1,", PEOPLE),
        ("toapis.models", "[]", MODELS),
        ("toapis.models", '["a", "a"]', MODELS),
        ("toapis.models", '["a model"]', MODELS),
        ("toapis.models", '[""]', MODELS),
        ("toapis.models", f'["{"a" * 101}"]', MODELS),
        ("toapis.models", str([f"m{n}" for n in range(26)]).replace("'", '"'), MODELS),
        ("toapis.default_model", "", "must be the name of a model."),
        ("toapis.default_model", "hidden", "must be one of toapis.models."),
        ("store.url", "sqlite:///data/hidden.db", STORE),
        ("store.url", "postgresql://user:hidden@db/castbook", STORE),
        ("store.url", "postgresql+asyncpg://user:hidden@db/", STORE),
        ("store.url", "postgresql+asyncpg://user:hid:den@db:port/castbook", STORE),
        ("store.url", "postgresql+asyncpg://user:word@hid:hidden@db/castbook", STORE),
        ("store.url", "sqlite+aiosqlite://", STORE),
        ("store.url", "sqlite+aiosqlite:///", STORE),
        ("store.url", "sqlite+aiosqlite:///:memory:", STORE),
        ("store.url", "sqlite+aiosqlite:///data/hidden.db?mode=ro", STORE),
        ("store.files", "", FILES),
        ("store.files", " ", FILES),
        ("store.files", ".", FILES),
        ("store.files", "gs://hidden/files", FILES),
        ("store.files", "s3://", FILES),
        ("store.files", "s3:/hidden/files", FILES),
        ("store.files", "s3://key:hidden@bucket/files", FILES),
        ("store.files", "s3://hidden/../files", FILES),
        ("store.files", "s3://hidden//files", FILES),
        ("store.files", "s3://hidden/files?region=x", FILES),
        ("store.copies", "s3://hidden/files", FOLDER),
        ("store.endpoint", "s3.hidden.example", MAYBE_ADDRESS),
        ("store.region", "hidden region", "must be empty, or the name of a region, such as eu-central-1."),
        ("store.access_key_id", "hidden hidden", MAYBE_SECRET),
        ("store.secret_access_key", "hidden\nhidden", MAYBE_SECRET),
        ("log.level", "info", LEVEL),
        ("log.level", "TRACE", LEVEL),
        ("log.format", "xml", FORMAT),
        ("trace.sample", "1.1", SHARE),
        ("trace.sample", "nan", SHARE),
    ],
)
def test_a_bad_value_is_answered_with_what_it_must_be(
    name: str, value: str, must: str, secrets: dict[str, str]
) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(None, secrets | {variable(name): value})
    sentence = str(caught.value)
    assert sentence == f"{name} {must}"
    assert "hidden" not in sentence
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("section", "key", "value", "must"),
    [
        ("web", "port", "true", PORT),
        ("jobs", "downloads", "true", WHOLE),
        ("links", "timeout", "true", SECONDS),
        ("discord", "token", "5", SECRET),
        ("discord", "token", "['hidden']", SECRET),
        ("discord", "owners", "5", PEOPLE),
        ("discord", "cdn_origins", "{a = 'hidden'}", ORIGINS),
        ("toapis", "base_url", "5", ADDRESS),
        ("store", "files", "5", FILES),
        ("log", "level", "20", LEVEL),
        ("trace", "sample", "true", SHARE),
    ],
)
def test_a_value_of_another_type_in_the_file_is_refused_alike(
    section: str, key: str, value: str, must: str, tmp_path: Path, secrets: dict[str, str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[{section}]\n{key} = {value}")
    secrets.pop(variable(f"{section}.{key}"), None)
    with pytest.raises(BadConfiguration) as caught:
        load(path, secrets)
    assert str(caught.value) == f"{section}.{key} {must}"


def test_a_section_that_is_none_is_refused(tmp_path: Path, secrets: dict[str, str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text("links = 'hidden'")
    with pytest.raises(BadConfiguration) as caught:
        load(path, secrets)
    assert str(caught.value) == "links must be a section: a line [links], then its settings."


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("discord.token", " MTk4.Cl2-FMQ_x.y \n", None),
        ("discord.api_url", "https://discord.com/api/v10/", "https://discord.com/api/v10"),
        ("discord.api_url", "http://proxy:8080", "http://proxy:8080"),
        ("discord.gateway_url", "", ""),
        ("discord.gateway_url", "wss://gateway.example.org/way/", "wss://gateway.example.org/way/"),
        ("discord.cdn_origins", "[]", ()),
        ("discord.cdn_origins", '["HTTPS://Example.org:443"]', ("https://example.org",)),
        ("links.trusted_origins", '["http://[::1]:8080"]', ("http://[::1]:8080",)),
        ("discord.owners", "[80351110224678912]", (80351110224678912,)),
        ("limits.per_user_per_day", "0", 0),
        ("web.port", "65535", 65535),
        ("web.host", "localhost", "localhost"),
        ("consent.ask", "false", False),
        ("consent.ask", "1", True),
    ],
)
def test_a_good_value_is_kept_in_the_one_form_the_bot_uses(
    name: str, value: str, kept: object, secrets: dict[str, str]
) -> None:
    settings: Settings = load(None, secrets | {variable(name): value})
    section, key = name.split(".")
    found = getattr(getattr(settings, section), key)
    if kept is None:
        assert found.get_secret_value() == value.strip()
    else:
        assert found == kept
