"""The glossary (``docs/glossary.md``): one thing has one word, in every language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.catalogues import LANGUAGES
from messages.extraction import ROOT

PATH = ROOT / "docs" / "glossary.md"
_TABLE = re.compile(r"^## Checked words$.*?^(\|.*?)^(?!\|)", re.MULTILINE | re.DOTALL)
_ENDING = 2  # letters that a word may lose when it is inflected
_SHORTEST_STEM = 4
_INFLECTED = {"ru", "es", "pt_BR"}


@dataclass(frozen=True, slots=True)
class Term:
    """An English word and its translations: by language, any one of these."""

    english: str
    said: Mapping[str, tuple[str, ...]]


def read(document: str) -> list[Term]:
    """The words of the first table that are checked, the longest first. Raises ``ValueError``."""
    found = _TABLE.search(document)
    if found is None:
        raise ValueError("no table of checked words")
    head, _, *lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines())
    columns = {language: head.index(language.replace("_", "-")) for language in LANGUAGES}
    terms = [
        Term(cells[0], {each: tuple(map(str.strip, cells[at].split("/"))) for each, at in columns.items()})
        for cells in lines
    ]
    return sorted(terms, key=lambda term: len(term.english), reverse=True)


def unlike(english: str, translation: str, language: str, terms: Iterable[Term]) -> Iterator[Term]:
    """The words of ``english`` that ``translation`` renders differently. In "voice sample", "voice" is not checked."""
    left = english
    for term in terms:
        left, times = re.subn(rf"\b{re.escape(term.english)}(?:s|es)?\b", " ", left, flags=re.IGNORECASE)
        if times and not any(_has(translation, said, language) for said in term.said[language]):
            yield term


def _has(translation: str, said: str, language: str) -> bool:
    words = said.split() if language in _INFLECTED else [said]
    return all(_stem(word, language) in translation.casefold() for word in words)


def _stem(word: str, language: str) -> str:
    if language not in _INFLECTED:
        return word.casefold()
    return word[: max(_SHORTEST_STEM, len(word) - _ENDING)].casefold()
