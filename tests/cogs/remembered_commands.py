"""The commands in every language, kept: each test starts the bot, and translating them takes longest of its start."""

from __future__ import annotations

import copy
import json
from typing import Any, TypeAlias

from discord import app_commands

from bot import catalogues
from bot.chat.command_tree import CastbookTree

Command: TypeAlias = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
_payloads: dict[tuple[str, str], dict[str, Any]] = {}
_translate = CastbookTree._payload


def remember_commands() -> None:
    """From now on, in this process, a command that is the same in English is translated once by each catalogue."""
    CastbookTree._payload = _once  # type: ignore[method-assign]  # it does what it did


async def _once(self: CastbookTree, command: Command) -> dict[str, Any]:
    key = (str(catalogues.FOLDER), json.dumps(command.to_dict(self), sort_keys=True))
    if key not in _payloads:
        _payloads[key] = await _translate(self, command)
    return copy.deepcopy(_payloads[key])
