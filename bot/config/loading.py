"""Reads the settings from a TOML file and the environment, and says in one sentence what is wrong with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource, TomlConfigSettingsSource

from bot.config.settings import Settings
from bot.config.types import Requirement
from bot.errors import BadConfiguration

PREFIX = "CASTBOOK__"  # two underscores: an orchestrator sets CASTBOOK_PORT and the like for a service with this name
PATH_VARIABLE = "CASTBOOK_CONFIG"
USUAL_PATH = Path("config.toml")

_SECRET = (SecretStr, tuple[SecretStr, ...])  # may come from their own file

_Fields: TypeAlias = Mapping[str, FieldInfo]


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read and check the settings; the environment wins over the file.

    The file is ``path``, else the one that ``CASTBOOK_CONFIG`` names, else ``config.toml`` if it exists. Raises
    :class:`~bot.errors.BadConfiguration`: one plain sentence that names the setting, never its value.
    """
    sources = (_environment(environ), _file(path, environ))

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(cls, *_: object, **__: object) -> tuple[PydanticBaseSettingsSource, ...]:
            return sources

    try:
        return Loaded()
    except ValidationError as found:
        errors = found.errors(include_url=False, include_input=False)
    raise BadConfiguration(_sentence(errors))  # outside the handler: the exception contains values


def every_setting() -> Iterator[tuple[str, str, FieldInfo]]:
    """Each setting: section, key and field, in the order of the documentation."""
    for section, settings in _sections().items():
        for key, setting in settings.items():
            yield section, key, setting


def variable(section: str, key: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{section}__{key}".upper()


def _sections() -> dict[str, _Fields]:
    kinds = {name: section.annotation for name, section in Settings.model_fields.items()}
    return {
        name: kind.model_fields
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    }


def _environment(environ: Mapping[str, str]) -> EnvSettingsSource:
    """The variables with our prefix; a secret may come from the file that its ``…_FILE`` names."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    known: set[str] = set()
    for section, key, setting in every_setting():
        name = variable(section, key)
        known.add(name)
        if setting.annotation in _SECRET:
            known.add(f"{name}_FILE")
            secret = _secret(environ, name)
            given.pop(f"{name}_FILE", None)
            given.pop(name, None)
            if secret is not None:
                given[name] = secret
    for name in given.keys() - known:
        raise BadConfiguration(_unknown(name, _nearest(name, known)))
    source = EnvSettingsSource(Settings, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter="__")
    source.env_vars = {name.lower(): value for name, value in given.items()}  # not those of the process
    return source


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    """A secret from its variable or from the file that its other variable names; an empty variable counts as none."""
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        raise BadConfiguration(f"Both {name} and {name}_FILE are set; set one of them.")
    if not path:
        return value or None
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        pass
    raise BadConfiguration(f"The file that {name}_FILE names cannot be read.")


def _file(path: Path | None, environ: Mapping[str, str]) -> TomlConfigSettingsSource:
    if path is None and environ.get(PATH_VARIABLE):
        path = Path(environ[PATH_VARIABLE])
    if path is None and not USUAL_PATH.exists():
        return TomlConfigSettingsSource(Settings, toml_file=None)
    path = path or USUAL_PATH
    try:
        if path.is_file():  # pydantic would silently skip anything else
            return TomlConfigSettingsSource(Settings, toml_file=path)
        reason = f"There is no configuration file {path}."
    except OSError as failure:
        reason = f"The configuration file {path} cannot be read: {failure.strerror}."
    except ValueError as failure:  # invalid TOML or UTF-8; the message may quote a value, its position does not
        place = re.search(r"line \d+, column \d+", str(failure))
        reason = f"The configuration file {path} is not valid TOML" + (f": look at {place[0]}." if place else ".")
    raise BadConfiguration(reason)


def _sentence(errors: list[ErrorDetails]) -> str:
    """The most helpful one: a misspelt name is also why the right one is missing."""
    first = min(errors, key=lambda error: error["type"] != "extra_forbidden")
    section, *key = (str(part) for part in first["loc"][:2])
    name = ".".join([section, *key])
    if first["type"] == "extra_forbidden":
        return _unknown(name, _meant(name))
    if not key:
        # About a whole section: it is not a table, or two of its settings contradict each other.
        return str(first.get("ctx", {}).get("error", f"{name} must be a section: a line [{name}], then its settings."))
    if first["type"] == "missing":
        own = variable(section, key[0])
        return f"{name} is missing: write it into the configuration file, or set {own} or {own}_FILE."
    kind = _sections()[section][key[0]].metadata
    return f"{name} must be {next(part.be for part in kind if isinstance(part, Requirement))}."


def _meant(name: str) -> str:
    """The known name nearest to an unknown one in the file; a name without a section may be any section's key."""
    settings = {f"{section}.{key}": key for section, key, _ in every_setting()}
    if "." in name:
        return _nearest(name, settings)
    known = {key: setting for setting, key in settings.items()} | {section: section for section in _sections()}
    return known[_nearest(name, known)]


def _nearest(name: str, known: Iterable[str]) -> str:
    lowered = {each.lower(): each for each in sorted(known)}  # a wrong case is the nearest miss of all
    return lowered[difflib.get_close_matches(name[:100].lower(), lowered, n=1, cutoff=0.0)[0]]


def _unknown(name: str, nearest: str) -> str:
    shown = name if name.isprintable() else ascii(name)
    return f"There is no setting {shown[:100]}; the nearest name is {nearest}."
