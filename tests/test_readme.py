"""The README's table of settings and its commands are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, SecretStr

from bot.__main__ import cli
from bot.config import Settings

README = Path(__file__).parent.parent / "README.md"


def table() -> str:
    """The settings as the README shows them: key, default, what it is."""
    lines = ["| key | default | what it is |", "| --- | --- | --- |"]
    for section, field in Settings.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        for key, setting in field.annotation.model_fields.items():
            default = setting.default
            shown = "*needed*" if setting.is_required() or isinstance(default, SecretStr) else f"`{plain(default)}`"
            lines.append(f"| `{section}.{key}` | {shown} | {setting.description} |")
    return "\n".join(lines)


def plain(default: object) -> str:
    if isinstance(default, tuple):
        return "[" + ", ".join(f'"{item}"' for item in default) + "]"
    return {True: "true", False: "false", "": '""'}.get(default, str(default))  # type: ignore[call-overload, no-any-return] # a lookup of anything


def test_the_readme_lists_every_setting_as_it_is() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)\n?<!-- /settings -->", README.read_text("utf-8"), re.DOTALL)
    assert found
    assert found.group(1).strip() == table()


def test_the_readme_names_every_command_of_the_command_line() -> None:
    words = README.read_text("utf-8")
    for command in cli.registered_commands:
        assert command.callback
        assert re.search(rf"castbook [a-z |]*\b{command.callback.__name__}\b", words)
