"""Our own commands as mentions that a reader can click, as far as Discord has told their ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import discord
from discord import app_commands

Commands: TypeAlias = Mapping[str, str]
"""The mention of each command by its whole name: ``character create`` → ``</character create:123>``."""

PLAIN: Commands = MappingProxyType({})
"""Where no command can be clicked: before the first sync, and in titles, footers, labels and forms."""

_FENCE = "\0"  # no value from outside contains it once it is escaped


def mentions(
    commands: Iterable[app_commands.Command[Any, Any, Any] | app_commands.Group], ids: Mapping[str, int]
) -> Commands:
    """Those of ``commands`` that can be called and whose root has an id in ``ids`` (Discord: Message formatting)."""
    found: dict[str, str] = {}
    for command in commands:
        command_id = ids.get((command.root_parent or command).name)
        if isinstance(command, app_commands.Command) and command_id is not None:
            found[command.qualified_name] = f"</{command.qualified_name}:{command_id}>"
    return found


@runtime_checkable
class _KnowsCommands(Protocol):
    @property
    def command_mentions(self) -> Commands: ...


def mentions_of(client: discord.Client) -> Commands:
    """What ``client`` knows of its own commands."""
    return client.command_mentions if isinstance(client, _KnowsCommands) else PLAIN


def fenced(value: str) -> str:
    """Mark ``value`` as none of our own words, for :func:`linked`."""
    return f"{_FENCE}{value}{_FENCE}"


def linked(words: str, commands: Commands) -> str:
    """``words`` with every command that stands in our own sentence as its mention, and without the fences."""
    names = "|".join(re.escape(name) for name in sorted(commands, key=len, reverse=True))
    ours = rf"|(?<![\w/<])/(?P<name>{names})(?![\w-])" if names else ""
    pattern = f"{_FENCE}(?P<foreign>[^{_FENCE}]*){_FENCE}{ours}"

    def shown(found: re.Match[str]) -> str:
        foreign = found["foreign"]
        return commands[found["name"]] if foreign is None else foreign

    return re.sub(pattern, shown, words)
