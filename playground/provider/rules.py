"""What a field of a request may hold: small rules, each of which says what is wrong, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

Rule: TypeAlias = Callable[[Any], "str | None"]

ASSET: Final = "asset://"


def one_of(*values: object) -> Rule:
    """Exactly one of these, of the same type."""

    def check(value: object) -> str | None:
        same = any(type(value) is type(each) and value == each for each in values)
        return None if same else f"must be one of {', '.join(map(str, values))}"

    return check


def whole(first: int, last: int, *more: int) -> Rule:
    """A whole number from `first` to `last`, or one of `more`."""

    def check(value: object) -> str | None:
        fits = type(value) is int and (first <= value <= last or value in more)
        return None if fits else f"must be a whole number from {first} to {last}"

    return check


def flag(value: object) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "must be true or false"


def words(longest: int) -> Rule:
    """A text that is not empty."""

    def check(value: object) -> str | None:
        fits = isinstance(value, str) and len(value.strip()) > 0 and len(value) <= longest
        return None if fits else f"must be a text of 1 to {longest} characters"

    return check


def address(value: object) -> str | None:
    """A public URL. What lies inside the request itself (base64) is not taken any more."""
    if isinstance(value, str) and value.startswith("data:"):
        return "must be a public URL: base64 is no longer accepted"
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    return None if parts and parts.scheme in ("http", "https") and parts.hostname else "must be a public URL"


def address_or_asset(value: object) -> str | None:
    """A public URL, or a private avatar."""
    if isinstance(value, str) and value.startswith(ASSET) and len(value) > len(ASSET):
        return None
    return address(value)


def listed(rule: Rule, most: int) -> Rule:
    """A list of 1 to `most` of them."""

    def check(value: object) -> str | None:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            return f"must be a list of 1 to {most}"
        return next((wrong for each in value if (wrong := rule(each)) is not None), None)

    return check


def entry(needed: Mapping[str, Rule], more: Mapping[str, Rule] | None = None) -> Rule:
    """An object with the `needed` fields, perhaps some of `more`, and nothing else."""
    known = {**needed, **(more or {})}

    def check(value: object) -> str | None:
        if not isinstance(value, dict) or not needed.keys() <= value.keys():
            return f"must be an object with {', '.join(needed)}"
        for name, inner in value.items():
            wrong = known[name](inner) if name in known else "is unknown"
            if wrong is not None:
                return f"{name} {wrong}"
        return None

    return check
