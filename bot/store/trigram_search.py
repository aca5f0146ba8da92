"""Searching a cast by trigrams: the only module that knows how SQLite and PostgreSQL do that.

SQLite has an index of pieces of three letters (FTS5, ``character_search``), in which each person's characters are a
range of rows of their own (migration 0013). PostgreSQL is asked with LIKE, for which the extension pg_trgm has an index
(migration 0024). Where a server does not have it, the owner's characters are read, and those of nobody else.

What is looked for is a parameter of each expression here: building one, and with it the statement that it is in, takes
longer than asking a database.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    String,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    table,
)

from bot.store.cast_tables import characters
from bot.store.dialects import place_of
from bot.values.folding import indexed

PIECE = 3  # letters
OWNER = bindparam("owner", type_=BigInteger)
_MOST_PIECES = 12  # of what was typed that count; more make little difference, and cost
_MOST_ASKED = 5  # of these that are looked up, spread over the words; all are counted in what is found so
_LEAST_SHARE = 0.4  # of the pieces that a name must have, with the least a typo leaves of a short one
_MOST_COUNTED = 50  # names, of those that SQLite's index has: with the most of what is looked up
_NOWHERE = "\n" * PIECE  # stands in no name
_search = table("character_search", column("rowid"), column("character_search"))
_looked_for = bindparam("looked_for", type_=String)


def having(*, postgres: bool) -> ColumnElement[bool]:
    """Filter of the characters table: the owner's whose name, tags or note contain the words of :func:`words_asked`."""
    theirs = characters.c.owner_id == OWNER
    columns = (characters.c.search_name, characters.c.search_more)
    if postgres:
        pattern = bindparam("pattern", type_=String)
        return and_(theirs, or_(*(each.like(pattern) for each in columns)))
    stands = or_(*(place_of(each, _looked_for) > 0 for each in columns))
    # Not joined: SQLite would look each character up in the full-text index, as soon as it thinks them few.
    rows = select(_search.c.rowid).where(*_matches(bindparam("phrase", type_=String)))
    return and_(theirs, characters.c.search_id.in_(rows), stands)


def words_asked(words: str) -> dict[str, Any]:
    """What :func:`having` takes: one or two letters are looked for only where a word begins.

    In SQLite's index only the longest word is looked up: a piece with the space between two words is in every fourth
    row, and reading through all of those takes fifty times as long as looking at the few rows that are left.
    """
    longest = max(words.split(), key=len).rjust(PIECE)
    looked_for = words.rjust(PIECE)
    return {"looked_for": looked_for, "pattern": _pattern(looked_for), "phrase": _quoted(longest)}


def shared_pieces() -> ColumnElement[int]:
    """Of the characters table: how many of the pieces of :func:`pieces_asked` are in a name."""
    return _shared("piece", _MOST_PIECES)


def _shared(named: str, most: int) -> ColumnElement[int]:
    asked = (bindparam(f"{named}_{number}", type_=String) for number in range(most))
    has = [case((place_of(characters.c.search_name, piece) > 0, 1), else_=0) for piece in asked]
    return sum(has[1:], has[0])


def alike(*, postgres: bool) -> ColumnElement[bool]:
    """Of the characters table: the owner's whose names have enough of the pieces of :func:`pieces_asked`."""
    enough = and_(characters.c.owner_id == OWNER, shared_pieces() >= bindparam("least", type_=Float))
    least_looked_up = bindparam("least_looked_up", type_=Float)
    if postgres:
        patterns = (bindparam(f"pattern_{number}", type_=String) for number in range(_MOST_ASKED))
        some = or_(*(characters.c.search_name.like(pattern) for pattern in patterns))
        return and_(some, enough, _shared("looked_up", _MOST_ASKED) >= least_looked_up)
    asked_for = func.json_each(bindparam("looked_up", type_=String)).table_valued("value", name="asked_for")
    rows = (
        select(_search.c.rowid)
        .select_from(asked_for.join(_search, and_(*_matches(asked_for.c.value))))
        .group_by(_search.c.rowid)
        .having(func.count() >= least_looked_up)
        .order_by(func.count().desc())
        .limit(_MOST_COUNTED)
    )
    return and_(characters.c.search_id.in_(rows), enough)


def pieces_asked(words: str) -> dict[str, Any]:
    """What :func:`alike` takes, for three letters or more.

    A piece with two spaces is in so many names that to look it up takes as long as all others: it is only counted, in
    the few names that are left.
    """
    padded = indexed(words)
    every = dict.fromkeys(padded[at : at + PIECE] for at in range(len(padded) - PIECE + 1))
    pieces = list(every)[:_MOST_PIECES]
    looked_up = _spread([each for each in pieces if "  " not in each], _MOST_ASKED)
    # Of each: for a pattern without letters PostgreSQL would read all of its index, so no place for one is left empty.
    patterns = (list(looked_up) * _MOST_ASKED)[:_MOST_ASKED]
    return {
        **{f"pattern_{number}": _pattern(piece) for number, piece in enumerate(patterns)},
        **_numbered("piece", pieces, _MOST_PIECES),
        **_numbered("looked_up", looked_up, _MOST_ASKED),
        "least": len(pieces) * _LEAST_SHARE,
        "looked_up": json.dumps([f"search_name : {_quoted(piece)}" for piece in looked_up]),
        "least_looked_up": (len(looked_up) + 1) * _LEAST_SHARE - 1,
    }


def _numbered(named: str, pieces: Sequence[str], most: int) -> dict[str, str]:
    """As :func:`_shared` takes them."""
    filled = [*pieces, *[_NOWHERE] * (most - len(pieces))]
    return {f"{named}_{number}": piece for number, piece in enumerate(filled)}


def _spread(pieces: Sequence[str], most: int) -> Sequence[str]:
    """At most so many of them, from the first to the last, with gaps that are as long as each other."""
    if len(pieces) <= most:
        return pieces
    return [pieces[round(place * (len(pieces) - 1) / (most - 1))] for place in range(most)]


def _matches(asked: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """Rows of the owner's in ``character_search`` that have what is asked for in FTS5's language."""
    theirs = select(characters.c.search_id).where(characters.c.owner_id == OWNER)
    lowest = theirs.order_by(characters.c.search_id).limit(1).scalar_subquery()
    highest = theirs.order_by(characters.c.search_id.desc()).limit(1).scalar_subquery()
    return _search.c.character_search.op("MATCH")(asked), _search.c.rowid >= lowest, _search.c.rowid <= highest


def _pattern(words: str) -> str:
    """As LIKE takes them where they stand anywhere."""
    for sign in ("\\", "%", "_"):
        words = words.replace(sign, f"\\{sign}")
    return f"%{words}%"


def _quoted(words: str) -> str:
    """As FTS5 takes them for nothing but words."""
    quoted = words.replace('"', '""')
    return f'"{quoted}"'
