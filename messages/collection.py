"""Collects everything that is translated: the sentences in the code, and what Discord shows of our commands."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from messages import commands
from messages.extraction import is_message, merged, read, sources
from messages.message import Message
from messages.places import Places


async def collect() -> list[Message]:
    """Every sentence and name once. The commands come first: finding the places needs the classes of all cogs."""
    names = await commands.messages()
    return merged([*_said(), *names])


def _said() -> Iterator[Message]:
    modules = dict(sources())
    places = Places(modules.values()).found
    for name, module in modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and is_message(node):
                found, stands = read(node, name), sorted(places.get(node, ()), key=lambda place: place.what)
                yield Message(
                    found["msgid"],
                    found.get("plural", ""),
                    found.get("context", ""),
                    files=(name,),
                    comments=tuple(f"It is {place.what}: at most {place.at_most} characters." for place in stands),
                    at_most=min((place.at_most for place in stands), default=None),
                )
