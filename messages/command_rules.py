"""Discord's rules for commands, in every language: https://discord.com/developers/docs/interactions/application-commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_IN_ALL = 8000  # name, description and values of a command with all its options, each in its longest language


def problems(payload: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Everything in the commands that Discord would refuse, a line each."""
    yield from _twice("commands", payload)
    for command in payload:
        if (size := _size(command)) > _IN_ALL:
            yield f"{command['name']}: {size} characters of {_IN_ALL}"
        yield from _within(command)


def _within(command: Mapping[str, Any]) -> Iterator[str]:
    inner = command.get("options") or []
    yield from _twice(command["name"], inner)
    for each in inner:
        yield from _within(each)


def _twice(of: str, these: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Names that two of them share in one language. One without a name in it has its English name there."""
    locales = {locale for each in these for locale in each.get("name_localizations") or {}}
    for locale in ["", *sorted(locales)]:
        names = Counter(
            (each.get("type"), (each.get("name_localizations") or {}).get(locale, each["name"])) for each in these
        )
        for (_, name), times in names.items():
            if times > 1:
                yield f"{of}: {name!r} {times} times in {locale or 'English'}"


def _size(part: Mapping[str, Any]) -> int:
    own = sum(
        max(map(len, [str(part.get(key) or ""), *(part.get(f"{key}_localizations") or {}).values()]))
        for key in ("name", "description")
    )
    values = len(str(part["value"])) if "value" in part else 0
    return own + values + sum(map(_size, [*(part.get("options") or []), *(part.get("choices") or [])]))
