"""Finds the sentences for people in the code: every call of ``text``, ``ntext`` and ``ptext``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from messages.message import Message

ROOT = Path(__file__).parent.parent
_PACKAGES = ("bot", "cogs")
_LITERALS = {"text": ("msgid",), "ntext": ("msgid", "plural"), "ptext": ("context", "msgid")}


class NotALiteral(Exception):
    """A sentence is assembled at run time, so that nobody can translate it."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Each module of the bot: its path from the root, and its syntax tree."""
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield name, ast.parse(path.read_text("utf-8"), name)


def is_message(node: ast.AST) -> bool:
    """Whether ``node`` builds a text."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _LITERALS


def read(call: ast.Call, name: str) -> dict[str, str]:
    """The literals of a call of ``text``, ``ntext`` or ``ptext``. Raises :class:`NotALiteral`."""
    assert isinstance(call.func, ast.Name)  # noqa: S101 - is_message said so
    parts = _LITERALS[call.func.id]
    given = [each.value for each in call.args[: len(parts)] if isinstance(each, ast.Constant)]
    found = {part: value for part, value in zip(parts, given, strict=False) if isinstance(value, str)}
    if len(found) < len(parts):
        raise NotALiteral(f"{name}:{call.lineno}: a sentence is a literal, or it cannot be translated")
    return found


def merged(found: Iterable[Message]) -> list[Message]:
    """One message for each that is used in several places. Raises ``ValueError`` if it has two plurals."""
    together: dict[tuple[str, str], Message] = {}
    for each in found:
        other = together.get(each.key, each)
        if other.plural != each.plural:
            raise ValueError(f"two plurals of {each.msgid!r}: {each.plural!r} and {other.plural!r}")
        limits = [limit for limit in (each.at_most, other.at_most) if limit is not None]
        together[each.key] = Message(
            each.msgid,
            each.plural,
            each.context,
            tuple(sorted({*each.files, *other.files})),
            tuple(dict.fromkeys((*other.comments, *each.comments))),
            min(limits, default=None),
        )
    return list(together.values())
