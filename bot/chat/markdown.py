"""Sentences in the words of one reader, with everything that came from outside made harmless."""

from __future__ import annotations

import re
import unicodedata

from bot import texts
from bot.chat.command_mentions import PLAIN, Commands, fenced, linked
from bot.texts import Text

PARAM_LENGTH = 200  # of one value from outside; our own sentences and ids are far shorter

# Removed: what reorders the text around it, and what has no business in a sentence. Joiners (the rest of Cf) stay:
# real scripts and emoji need them.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_MARKDOWN = re.compile(r"[\\`*_~|<>#\[\]()]|:(?=//)")
_BLOCK_START = re.compile(r"^([0-9]+(?=\.)|(?=[-+]))")  # a list, where the value begins a line: "- ", "-# ", "1. "


def say(message: Text, locale: str, commands: Commands = PLAIN) -> str:
    """``message`` as Discord markdown in ``locale``; its string parameters are shown letter by letter.

    ``commands`` become mentions where our own sentence names them; only where Discord shows mentions: in the text of
    a message, and in the description and the field values of an embed.
    """
    return linked(texts.render(message, locale, lambda value: fenced(escape(value))), commands)


def escape(value: str) -> str:
    """``value`` so that Discord shows it as it is: one line, no formatting, no links, no mentions, no reordering.

    At most :data:`PARAM_LENGTH` characters of it are kept; the escapes come on top.
    """
    escaped = _MARKDOWN.sub(r"\\\g<0>", plain(value, PARAM_LENGTH))
    # A backslash does not disarm @everyone; a zero-width space does.
    return _BLOCK_START.sub(r"\1\\", escaped).replace("@", "@\u200b")


def plain(value: str, limit: int) -> str:
    """``value`` as one line of at most ``limit`` characters, for places without markdown (labels, code, file names)."""
    kept = " ".join("".join(" " if char.isspace() else char for char in value if _allowed(char)).split())
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def code_block(value: str) -> str:
    """``value`` in a code block: it can be copied whole, and cannot end the block."""
    return f"```\n{plain(value, PARAM_LENGTH).replace('`', 'ˋ')}\n```"


def _allowed(char: str) -> bool:
    if char.isspace():
        return True
    return char not in _BIDI and unicodedata.category(char) not in _FORBIDDEN_CATEGORIES
