"""The types of settings, each with the words that complete "section.key must be …"."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticKnownError
from pydantic_settings import NoDecode
from yarl import URL

# For PostgreSQL, no characters that could be part of the password or the host: parsers quote what they cannot parse.
_STORE_URL = re.compile(
    r"sqlite\+aiosqlite:///(?!:memory:)[^?#\s]+|postgresql\+asyncpg://([^@/?#\[\]\s]*@)?(\[[0-9a-fA-F:.]+\]|[^@:/?#\[\]\s]*)"
    r"(:[0-9]{1,5})?/[^@/?#\s]+(\?[^#\s]*)?"
)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")  # 100: a choice's name in Discord
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()-]+)*")  # S3's safe characters
_REGION = re.compile(r"[a-z0-9-]{0,40}")
_PUBLIC_KEY = re.compile(r"(?:[0-9a-fA-F]{64})?")
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")  # an address to listen on, or a name for one


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a value must be. Replaces the messages of validators, which might quote the value."""

    be: str


def _not_a_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError  # pydantic would accept it as 0 or 1
    return value


def _list(value: object) -> object:
    """A list or a table in the environment's form, which is JSON; TOML has its own."""
    return json.loads(value) if isinstance(value, str) else value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values or len(set(values)) < len(values):
        raise ValueError
    return values


def _shape(pattern: re.Pattern[str]) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError
        return value

    return AfterValidator(check)


def _secret(value: SecretStr) -> SecretStr:
    bare = value.get_secret_value().strip()
    if not bare:
        raise PydanticKnownError("missing")
    if not (bare.isascii() and bare.isprintable()) or " " in bare:
        raise ValueError  # it goes into a header, and an exception about a bad header would show it
    return SecretStr(bare)


def _address(*schemes: str) -> Callable[[str], str]:
    """Checks an address with one of ``schemes``, and normalises it so that a path can be appended."""

    def check(value: str) -> str:
        url = URL(value)
        plain = url.user is None and url.password is None and not url.raw_query_string and not url.raw_fragment
        if url.scheme not in schemes or not url.host or not plain or not value.isprintable() or " " in value:
            raise ValueError
        return value.rstrip("/?#")

    return check


def _maybe(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: check(value) if value else value


def _gateway(value: str) -> str:
    if value:
        _address("ws", "wss")(value)
    return value  # used unchanged: no path is appended


def _origin(value: str) -> str:
    """Check for scheme, host and port with nothing after them, and normalise it."""
    address = _address("http", "https")(value)
    if address != value or URL(value).raw_path.strip("/"):
        raise ValueError
    return str(URL(value).origin())


def _host(value: str) -> str:
    """Check for a host name alone, as in example.org, and normalise it for comparison."""
    if not re.fullmatch(r"[^\s/:@?#]+", value):
        raise ValueError
    return URL(f"https://{value}/").raw_host or ""


def _folder(value: Path) -> Path:
    if not str(value).strip() or value == Path() or re.match(r"\w+:/", str(value)):
        raise ValueError  # Path would turn s3://… into a local folder "s3:"
    return value


def _files(value: str) -> str:
    """Check for a folder, or for a bucket with an optional prefix, and normalise it."""
    if not value.startswith("s3:"):
        return str(_folder(Path(value)))
    value = value.rstrip("/")
    if not _BUCKET.fullmatch(value) or any(part in (".", "..") for part in value.split("/")):
        raise ValueError
    return value


def _maybe_secret(value: SecretStr) -> SecretStr:
    return _secret(value) if value.get_secret_value() else value


_AnyWhole: TypeAlias = Annotated[int, BeforeValidator(_not_a_flag)]
_AnyNumber: TypeAlias = Annotated[float, BeforeValidator(_not_a_flag), Field(gt=0, allow_inf_nan=False)]

Flag: TypeAlias = Annotated[bool, Requirement("true or false")]
Whole: TypeAlias = Annotated[_AnyWhole, Field(gt=0), Requirement("a whole number above 0")]
Limit: TypeAlias = Annotated[_AnyWhole, Field(ge=0), Requirement("a whole number, 0 or above")]
Port: TypeAlias = Annotated[_AnyWhole, Field(ge=0, le=65535), Requirement("a port, from 0 to 65535")]
Number: TypeAlias = Annotated[_AnyNumber, Requirement("a number above 0")]
Seconds: TypeAlias = Annotated[_AnyNumber, Requirement("a number of seconds above 0")]
Share: TypeAlias = Annotated[
    float, BeforeValidator(_not_a_flag), Field(ge=0, le=1), Requirement("a number from 0 to 1")
]
Host: TypeAlias = Annotated[str, _shape(_HOST), Requirement("an address to listen on, such as 127.0.0.1")]
Level: TypeAlias = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    Requirement("one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
]
Format: TypeAlias = Annotated[Literal["console", "json"], Requirement("console or json")]
Send: TypeAlias = Annotated[Literal["clip", "link"], Requirement("clip or link")]
Secret: TypeAlias = Annotated[
    SecretStr, AfterValidator(_secret), Requirement("letters, digits and signs without blanks, as it was given to you")
]
MaybeSecret: TypeAlias = Annotated[
    SecretStr,
    AfterValidator(_maybe_secret),
    Requirement("empty, or letters, digits and signs without blanks, as it was given to you"),
]
Secrets: TypeAlias = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_secret)], ...],
    NoDecode,
    BeforeValidator(_list),
    Requirement('a list of secrets without blanks, as they were given to you, such as ["…"]'),
]
WebAddress: TypeAlias = Annotated[
    str,
    AfterValidator(_address("http", "https")),
    Requirement("an http or https address without user name, query or fragment, such as https://example.org/api"),
]
GatewayAddress: TypeAlias = Annotated[
    str,
    AfterValidator(_gateway),
    Requirement("empty, or a ws or wss address without user name, query or fragment, such as wss://example.org"),
]
PublicKey: TypeAlias = Annotated[
    str,
    _shape(_PUBLIC_KEY),
    Requirement("empty, or the 64 hexadecimal digits of the application's public key"),
]
Origins: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...],
    NoDecode,
    BeforeValidator(_list),
    Requirement("a list of origins: scheme, host and port with nothing behind them, such as https://example.org"),
]
Hosts: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_host)], ...],
    NoDecode,
    BeforeValidator(_list),
    Requirement('a list of hosts, such as ["youtube.com"]'),
]
People: TypeAlias = Annotated[
    tuple[Annotated[_AnyWhole, Field(gt=0)], ...],
    NoDecode,
    BeforeValidator(_list),
    Requirement("a list of Discord user IDs, such as [80351110224678912]"),
]
Models: TypeAlias = Annotated[
    tuple[Annotated[str, _shape(_MODEL)], ...],
    NoDecode,
    BeforeValidator(_list),
    AfterValidator(_distinct),
    Field(max_length=25),  # Discord allows 25 choices per option
    Requirement('a list of 1 to 25 different model names, such as ["sora-2"]'),
]
Model: TypeAlias = Annotated[str, _shape(_MODEL), Requirement("the name of a model")]
Prices: TypeAlias = Annotated[
    dict[
        Annotated[str, _shape(_MODEL)],
        Annotated[Decimal, BeforeValidator(_not_a_flag), Field(ge=0, max_digits=12, allow_inf_nan=False)],
    ],
    NoDecode,
    BeforeValidator(_list),
    Requirement('a table of model names and numbers of credits, such as { "sora-2" = 40 }'),
]
Likenesses: TypeAlias = Annotated[
    dict[Annotated[str, _shape(_MODEL)], Annotated[str, _shape(_MODEL)]],
    NoDecode,
    BeforeValidator(_list),
    Requirement(
        'a table of model names, each with the model that it is like, such as { "kling-v4-omni" = "kling-v3-omni" }'
    ),
]
StoreUrl: TypeAlias = Annotated[
    str,
    _shape(_STORE_URL),
    Requirement(
        "sqlite+aiosqlite:/// and the path of a file, such as sqlite+aiosqlite:///data/bot.db, or "
        "postgresql+asyncpg://user@host/name"
    ),
]
MaybeWebAddress: TypeAlias = Annotated[
    str,
    AfterValidator(_maybe(_address("http", "https"))),
    Requirement(
        "empty, or an http or https address without user name, query or fragment, such as https://example.org/path"
    ),
]
Files: TypeAlias = Annotated[
    str,
    AfterValidator(_files),
    Requirement("a folder, such as data/files, or a bucket and a prefix in it, such as s3://castbook/files"),
]
Region: TypeAlias = Annotated[str, _shape(_REGION), Requirement("empty, or the name of a region, such as eu-central-1")]
Folder: TypeAlias = Annotated[Path, AfterValidator(_folder), Requirement("a folder, such as data/files")]
