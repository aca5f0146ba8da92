"""Folds names and notes for searching, ignoring case, accents, widths and scripts."""

from __future__ import annotations

import unicodedata

from anyascii import anyascii


def fold(words: str) -> str:
    """``words`` in lower-case ASCII with single spaces: "Zoë", "ＺＯＥ" and "Зоэ" are found by "zo".

    Characters without an ASCII form (newer than the tables) stay as they are. A change of the result needs a migration,
    because the database contains folded texts.
    """
    normal = unicodedata.normalize("NFKC", words)
    ascii_only = anyascii(normal)
    return " ".join((ascii_only if ascii_only.strip() else normal).casefold().split())


def indexed(*texts: str) -> str:
    """The words of ``texts``, folded, each with two spaces before it and one after the last.

    So trigrams show where a word begins, as in PostgreSQL's pg_trgm: ``"  a"`` and ``" an"`` of "anna". Empty if there
    is no word.
    """
    words = [word for each in texts for word in fold(each).split()]
    return f"  {'  '.join(words)} " if words else ""
