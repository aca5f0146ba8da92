"""What Discord's own program does before it sends a command: finds it, checks the options, and nests them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.loopback_discord.cdn import StoredFile, Upload
from tests.loopback_discord.places import Account

STRING, INTEGER, BOOLEAN, USER, NUMBER, ATTACHMENT = 3, 4, 5, 6, 10, 11
_PYTHON: dict[int, type | tuple[type, ...]] = {
    STRING: str,
    INTEGER: int,
    BOOLEAN: bool,
    USER: Account,
    NUMBER: (int, float),
    ATTACHMENT: Upload,
}


class NotPossible(AssertionError):
    """Discord's program would not let a person do this."""


@dataclass(frozen=True)
class Found:
    """A registered command and the options of the subcommand that was meant."""

    command: dict[str, Any]
    path: tuple[tuple[str, int], ...]  # names and types below the command: group, subcommand
    options: list[dict[str, Any]]

    def nested(self, filled: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for name, kind in reversed(self.path):
            filled = [{"name": name, "type": kind, "options": filled}]
        return filled


def find(commands: list[dict[str, Any]], spoken: str, kind: int = 1) -> Found:
    """The command of that type which is called `spoken`: "character create"."""
    words = spoken.split() if kind == 1 else [spoken]
    for command in commands:
        if command["type"] == kind and command["name"] == words[0]:
            break
    else:
        raise NotPossible(f"/{spoken} is not registered; there is {[each['name'] for each in commands]}")
    options, path = command.get("options") or [], []
    for word in words[1:]:
        below = [option for option in options if option["name"] == word and option["type"] in (1, 2)]
        if not below:
            raise NotPossible(f"/{spoken} is not registered")
        path.append((word, below[0]["type"]))
        options = below[0].get("options") or []
    if any(option["type"] in (1, 2) for option in options):
        raise NotPossible(f"/{spoken} is not complete: {[option['name'] for option in options]}")
    return Found(command, tuple(path), options)


def fill(
    found: Found, given: dict[str, Any], store: Callable[[Upload], StoredFile]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The options of a complete command as sent, and what they refer to (`resolved`)."""
    known = {option["name"]: option for option in found.options}
    if unknown := given.keys() - known.keys():
        raise NotPossible(f"no option {sorted(unknown)}; there is {sorted(known)}")
    if missing := [name for name, option in known.items() if option.get("required") and name not in given]:
        raise NotPossible(f"required: {missing}")
    filled: list[dict[str, Any]] = []
    resolved: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        _check(known[name], value)
        if isinstance(value, Upload):
            stored = store(value)
            resolved.setdefault("attachments", {})[str(stored.id)] = stored.payload()
            value = str(stored.id)
        elif isinstance(value, Account):
            resolved.setdefault("users", {})[str(value.id)] = value.payload()
            value = str(value.id)
        filled.append({"name": name, "type": known[name]["type"], "value": value})
    return found.nested(filled), resolved


def _check(option: dict[str, Any], value: Any) -> None:
    kind, name = option["type"], option["name"]
    if not isinstance(value, _PYTHON[kind]) or (kind != BOOLEAN and isinstance(value, bool)):
        raise NotPossible(f"{name}: {value!r} is not of its type")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise NotPossible(f"{name}: {value!r} is none of {choices}")
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    if kind in (STRING, INTEGER, NUMBER):
        if option.get(least) is not None and size < option[least]:
            raise NotPossible(f"{name}: below {option[least]}")
        if option.get(most) is not None and size > option[most]:
            raise NotPossible(f"{name}: above {option[most]}")


def typing(found: Found, given: dict[str, Any], focused: str) -> tuple[list[dict[str, Any]], int]:
    """The options while a person types in `focused`, and that option's type."""
    known = {option["name"]: option for option in found.options}
    if not known.get(focused, {}).get("autocomplete"):
        raise NotPossible(f"{focused} does not autocomplete")
    values = {name: value for name, value in given.items() if not isinstance(value, Upload)}
    filled = [{"name": name, "type": known[name]["type"], "value": value} for name, value in values.items()]
    for option in filled:
        if option["name"] == focused:
            option |= {"focused": True, "value": str(option["value"])}
    return found.nested(filled), known[focused]["type"]
