"""The commands in every language, kept: each test starts the bot, and translating them takes longest of its start."""

from __future__ import annotations

import json
import pickle
from typing import Any, Self, TypeAlias

from discord import app_commands

from bot import catalogues
from bot.chat.command_tree import CastbookTree

Command: TypeAlias = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
_payloads: dict[str, bytes] = {}
_translate = CastbookTree._payload
_ours = catalogues.FOLDER  # what a test puts in its place may change at any time


class _Payload(dict[str, Any]):
    """A command with its thousands of words. simcord's log of requests copies it: this way in a tenth of the time."""

    def __deepcopy__(self, _memo: object) -> Self:
        return type(self)(pickle.loads(pickle.dumps(dict(self))))


def remember_commands() -> None:
    """From now on, in this process, a command that is the same in English is translated once."""
    CastbookTree._payload = _once  # type: ignore[method-assign]  # it does what it did


async def _once(self: CastbookTree, command: Command) -> dict[str, Any]:
    if catalogues.FOLDER is not _ours:
        return await _translate(self, command)
    key = json.dumps(command.to_dict(self), sort_keys=True)
    if key not in _payloads:
        _payloads[key] = pickle.dumps(await _translate(self, command))
    return _Payload(pickle.loads(_payloads[key]))
