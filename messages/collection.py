"""All there is to translate: what the code says, and what Discord shows of our commands."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from messages import commands
from messages.extraction import is_message, merged, read, sources
from messages.message import Message


async def collect() -> list[Message]:
    """Every sentence and name once."""
    return merged([*_said(), *await commands.messages()])


def _said() -> Iterator[Message]:
    for name, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and is_message(node):
                found = read(node, name)
                yield Message(found["msgid"], found.get("plural", ""), found.get("context", ""), files=(name,))
