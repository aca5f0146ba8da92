"""The README names the commands of the code, all of them."""

from __future__ import annotations

import re
from pathlib import Path

from discord import AppCommandType, app_commands

from bot.__main__ import parser
from bot.app.build import App
from bot.config import load

README = Path(__file__).parent.parent / "README.md"


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
