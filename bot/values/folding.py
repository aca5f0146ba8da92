"""Folds names and notes for searching: case, accents, widths and scripts do not count."""

from __future__ import annotations

import unicodedata

from anyascii import anyascii


def fold(words: str) -> str:
    """``words`` in small ASCII letters with single spaces between: "Zoë", "ＺＯＥ" and "Зоэ" are found by "zo".

    What no ASCII stands for (a character newer than the tables) stays as it is. A change of what comes out here needs
    a migration: what is in the database was folded when it was written.
    """
    normal = unicodedata.normalize("NFKC", words)
    ascii_only = anyascii(normal)
    return " ".join((ascii_only if ascii_only.strip() else normal).casefold().split())


def indexed(*texts: str) -> str:
    """The words of ``texts``, folded, each with two spaces before it and one behind the last.

    So pieces of three letters tell where a word begins, as in PostgreSQL's pg_trgm: ``"  a"`` and ``" an"`` of "anna".
    Empty where no word is.
    """
    words = [word for each in texts for word in fold(each).split()]
    return f"  {'  '.join(words)} " if words else ""
