"""Texts as Discord markdown: in the reader's language, outside values escaped, our commands clickable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import discord
from discord import app_commands

from bot import limits, texts
from bot.texts import Text
from bot.values.character import BIDI_CONTROLS

Commands: TypeAlias = Mapping[str, str]
"""The mention of each command by its full name: ``character create`` → ``</character create:123>``."""

PLAIN: Commands = MappingProxyType({})
"""For where no command can be clicked: before the first sync, and in titles, footers, labels and forms."""


# Removed: characters with no place in a sentence, and controls that reorder text. Joiners (the rest of Cf) stay,
# because real scripts and emoji need them.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_MARKDOWN = re.compile(r"[\\`*_~|<>#\[\]()]|:(?=//)")
_BLOCK_START = re.compile(r"^([0-9]+(?=\.)|(?=[-+]))")  # a list, if the value begins a line: "- ", "-# ", "1. "
_WITHOUT_BLANKS = frozenset({"zh-CN", "zh-TW", "ja"})
_FENCE = "\0"  # no escaped outside value contains it


def say(message: Text, locale: str, commands: Commands = PLAIN) -> str:
    """``message`` as Discord markdown in ``locale``; its string parameters are shown literally.

    ``commands`` become mentions where our own text names them; use them only where Discord shows mentions: in the text
    of a message, and in the description and the field values of an embed.
    """
    words = texts.render(message, locale, lambda value: f"{_FENCE}{escape(value)}{_FENCE}")
    return _linked(words, commands)


def paragraph(sentences: Iterable[Text], locale: str, commands: Commands = PLAIN) -> str:
    """Whole sentences in a row, separated by a space in languages that use one."""
    return ("" if locale in _WITHOUT_BLANKS else " ").join(say(each, locale, commands) for each in sentences)


def escape(value: str) -> str:
    """``value`` escaped so that Discord shows it literally: one line, no formatting, links, mentions or reordering.

    At most :data:`bot.limits.PARAM_LENGTH` characters of it are kept, not counting the escapes.
    """
    escaped = _MARKDOWN.sub(r"\\\g<0>", plain(value, limits.PARAM_LENGTH))
    # A backslash does not disarm @everyone; a zero-width space does.
    return _BLOCK_START.sub(r"\1\\", escaped).replace("@", "@\u200b")


def plain(value: str, limit: int) -> str:
    """``value`` as one line of at most ``limit`` characters, for places without markdown (labels, code, file names)."""
    kept = " ".join("".join(" " if char.isspace() else char for char in value if _allowed(char)).split())
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def code_block(value: str) -> str:
    """``value`` in a code block, for copying; it cannot end the block."""
    return f"```\n{plain(value, limits.PARAM_LENGTH).replace('`', 'ˋ')}\n```"


def _allowed(char: str) -> bool:
    if char.isspace():
        return True
    return char not in BIDI_CONTROLS and unicodedata.category(char) not in _FORBIDDEN_CATEGORIES


def _linked(words: str, commands: Commands) -> str:
    """``words`` with our own commands as mentions; outside values are between fences."""
    names = "|".join(re.escape(name) for name in sorted(commands, key=len, reverse=True))
    ours = rf"|(?<![\w/<])/(?P<name>{names})(?![\w-])" if names else ""
    pattern = f"{_FENCE}(?P<foreign>[^{_FENCE}]*){_FENCE}{ours}"

    def shown(found: re.Match[str]) -> str:
        foreign = found["foreign"]
        return commands[found["name"]] if foreign is None else foreign

    return re.sub(pattern, shown, words, flags=re.ASCII)  # commands may be next to other letters without a space


def command_mentions(
    commands: Iterable[app_commands.Command[Any, Any, Any] | app_commands.Group], ids: Mapping[str, int]
) -> Commands:
    """Those of ``commands`` that can be used and whose root has an id in ``ids`` (Discord: Message formatting)."""
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
    """The mentions of ``client``'s own commands."""
    return client.command_mentions if isinstance(client, _KnowsCommands) else PLAIN
