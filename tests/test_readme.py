"""The README's table of settings and its commands are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from discord import AppCommandType, app_commands
from pydantic import BaseModel, SecretStr

from bot.__main__ import parser
from bot.app.build import App
from bot.config import Settings, load

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
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) or '""'


def test_the_readme_lists_every_setting_as_it_is() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)\n?<!-- /settings -->", README.read_text("utf-8"), re.DOTALL)
    assert found
    assert found.group(1).strip() == table()


def test_every_make_target_that_the_readme_names_is_there() -> None:
    makefile = (README.parent / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z]+)\b", README.read_text("utf-8")):
        if target != "sure":
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).stat().st_size > 0, link


async def test_the_readme_names_every_command_and_option(tmp_path: Path) -> None:
    environ = {"CASTBOOK__DISCORD__TOKEN": "none", "CASTBOOK__TOAPIS__API_KEY": "none"}
    environ["CASTBOOK__STORE__URL"] = f"sqlite+aiosqlite:///{tmp_path}/castbook.db"
    environ["CASTBOOK__STORE__FILES"] = str(tmp_path / "files")
    (tmp_path / "config.toml").touch()
    app = App(load(tmp_path / "config.toml", environ))
    await app.open()
    try:
        words = README.read_text("utf-8")
        for command in app.client.tree.walk_commands():
            if isinstance(command, app_commands.Command):
                assert f"/{command.qualified_name}`" in words
                for option in command.parameters:
                    assert f"`{option.display_name}`" in words or command.name in {"show", "rename", "delete"}
        for menu in app.client.tree.get_commands(type=AppCommandType.message):
            assert f"**{menu.name}**" in words
    finally:
        await app.close()


def test_the_readme_names_every_command_of_the_command_line() -> None:
    words = README.read_text("utf-8")
    commands = re.findall(r"^    (\w+)\b", parser().format_help(), re.MULTILINE)
    assert {"run", "restore", "playground"} <= set(commands)
    for command in commands:
        assert re.search(rf"castbook [a-z |]*\b{command}\b", words), command
