"""Reads translations directly from gettext catalogues (``.po``), so that there is no build step."""

from __future__ import annotations

import gettext
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("zh_CN", "zh_TW", "ja", "ko", "ru", "es", "pt_BR")
"""The languages with a catalogue, under gettext's names; English is in the code."""

LOCALES = ("en-US", "zh-CN", "zh-TW", "ja", "ko", "ru", "es-ES", "es-419", "pt-BR")
"""The bot's languages under Discord's names; English stands for all others."""

FOLDER = Path(__file__).with_name("locale")

_PLURAL_FORMS = re.compile(r"plural=([^;\n]+)")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language. ``forms``: by context (empty without one) and English sentence, a sentence for each plural form.

    Untranslated entries, and those marked ``fuzzy``, are left out. ``plural`` returns the index of a number's form.
    """

    forms: Mapping[tuple[str, str], tuple[str, ...]]
    plural: Callable[[int], int]


def path_of(language: str) -> Path:
    """The path of the catalogue of ``language``, by gettext's own convention."""
    return FOLDER / language / "LC_MESSAGES" / "castbook.po"


@lru_cache(maxsize=64)  # Discord knows some thirty locales
def catalogue_of(locale: str) -> Catalogue | None:
    """The catalogue for a Discord locale (``pt-BR``, ``es-419``); ``None`` if there is none: English."""
    for language in (locale.replace("-", "_"), locale.split("-", 1)[0]):
        if path_of(language).is_file():
            return _catalogue(language)
    return None


@lru_cache(maxsize=64)
def _catalogue(language: str) -> Catalogue:
    return parse(path_of(language).read_text("utf-8"))


def parse(content: str) -> Catalogue:
    """Parse what ``make messages`` writes: entries separated by blank lines. Raises ``ValueError``.

    Its quoted strings use the escapes of JSON.
    """
    forms: dict[tuple[str, str], tuple[str, ...]] = {}
    plural: Callable[[int], int] = _as_in_english
    for block in content.split("\n\n"):
        parts, fuzzy = _parts(block)
        told = tuple(said for part, said in parts.items() if part.startswith("msgstr"))
        if parts.get("msgid") == "" and "msgctxt" not in parts:
            found = _PLURAL_FORMS.search(told[0])
            plural = gettext.c2py(found[1]) if found else plural
        elif told and all(told) and not fuzzy:
            forms[parts.get("msgctxt", ""), sys.intern(parts["msgid"])] = told
    return Catalogue(forms, plural)


def _parts(block: str) -> tuple[dict[str, str], bool]:
    """The strings of an entry by their keywords (``msgid``, ``msgstr[0]``), and whether it is marked ``fuzzy``."""
    parts: dict[str, str] = {}
    keyword, fuzzy = "", False
    for line in block.splitlines():
        fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        if not line or line.startswith("#"):
            continue
        if not line.startswith('"'):
            keyword, _, line = line.partition(" ")
        parts[keyword] = parts.get(keyword, "") + json.loads(line)
    return parts, fuzzy


def _as_in_english(number: int) -> int:
    return int(number != 1)
