"""Searches a cast by trigrams: the only module that knows how SQLite and PostgreSQL do that.

SQLite has a trigram index (FTS5, ``character_search``), in which each person's characters have their own range of rows
(migration 0013). PostgreSQL uses LIKE with an index of the extensions pg_trgm and btree_gin, which finds rows of one
owner (migration 0026). If the server does not have them, all characters of the owner, and nobody else's, are scanned.

The search text is a parameter of each expression here, because building an expression with its statement takes longer
than executing it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    String,
    and_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    table,
)

from bot.store.cast_tables import characters
from bot.store.dialects import occurs
from bot.values.folding import indexed

PIECE = 3  # letters
OWNER = bindparam("owner", type_=BigInteger)
_MOST_PIECES = 12  # pieces of the typed text that count; more make little difference, and cost time
_MOST_ASKED = 5  # pieces that are looked up, spread over the words; in the matches, all pieces are counted
_LEAST_SHARE = 0.4  # of the pieces that a name must share; a short name with a typo has about that many
_MOST_COUNTED = 50  # names from SQLite's index: those with most of the looked-up pieces
_NOWHERE = "\n" * PIECE  # occurs in no name
_search = table("character_search", column("rowid"), column("character_search"))
_looked_for = bindparam("looked_for", type_=String)


def having(*, postgres: bool) -> ColumnElement[bool]:
    """Condition on the characters table: the owner's whose name, tags or note contain the words of
    :func:`words_asked`.
    """
    theirs = characters.c.owner_id == OWNER
    columns = (characters.c.search_name, characters.c.search_more)
    if postgres:
        pattern = bindparam("pattern", type_=String)
        return and_(theirs, or_(*(each.like(pattern) for each in columns)))
    stands = or_(*(occurs(each, _looked_for) for each in columns))
    # Not joined: for few rows SQLite would look each character up in the full-text index.
    rows = select(_search.c.rowid).where(*_matches(bindparam("phrase", type_=String)))
    return and_(theirs, characters.c.search_id.in_(rows), stands)


def words_asked(words: str) -> dict[str, Any]:
    """The parameters of :func:`having`: one or two letters only match the beginning of a word.

    In SQLite's index only the longest word is looked up: a piece with the space between two words is in every fourth
    row, and reading all of those takes fifty times as long as checking the few rows that match.
    """
    longest = max(words.split(), key=len).rjust(PIECE)
    looked_for = words.rjust(PIECE)
    return {"looked_for": looked_for, "pattern": _pattern(looked_for), "phrase": _quoted(longest)}


def shared_pieces() -> ColumnElement[int]:
    """On the characters table: how many of the pieces of :func:`pieces_asked` a name contains."""
    asked = (bindparam(f"piece_{number}", type_=String) for number in range(_MOST_PIECES))
    has = [cast(occurs(characters.c.search_name, piece), Integer) for piece in asked]
    return sum(has[1:], has[0])


def alike(*, postgres: bool) -> ColumnElement[bool]:
    """Condition on the characters table: the owner's whose names contain enough of the pieces of
    :func:`pieces_asked`.
    """
    enough = and_(characters.c.owner_id == OWNER, shared_pieces() >= bindparam("least", type_=Float))
    if postgres:
        # By single pieces the index finds so many rows that reading them takes longer than looking up every pair.
        patterns = (bindparam(f"pattern_{number}", type_=String) for number in range(_MOST_ASKED))
        has = [characters.c.search_name.like(pattern) for pattern in patterns]
        return and_(enough, or_(*(and_(*pair) for pair in combinations(has, 2))))
    asked_for = func.json_each(bindparam("looked_up", type_=String)).table_valued("value", name="asked_for")
    rows = (
        select(_search.c.rowid)
        .select_from(asked_for.join(_search, and_(*_matches(asked_for.c.value))))
        .group_by(_search.c.rowid)
        .having(func.count() >= bindparam("least_looked_up", type_=Integer))
        .order_by(func.count().desc())
        .limit(_MOST_COUNTED)
    )
    return and_(characters.c.search_id.in_(rows), enough)


def pieces_asked(words: str) -> dict[str, Any]:
    """The parameters of :func:`alike`, for three letters or more.

    A piece with two spaces is in so many names that looking it up takes as long as all the others: it is only counted,
    in the few names that match.
    """
    padded = indexed(words)
    every = dict.fromkeys(padded[at : at + PIECE] for at in range(len(padded) - PIECE + 1))
    pieces = list(every)[:_MOST_PIECES]
    looked_up = _spread([each for each in pieces if "  " not in each], _MOST_ASKED)
    patterns = [_pattern(piece) for piece in looked_up]
    if len(patterns) < _MOST_ASKED:  # one of them is enough: each makes a pair with the one that matches everything
        patterns = [*patterns, *patterns[:1] * (_MOST_ASKED - 1 - len(patterns)), "%"]
    counted = [*pieces, *[_NOWHERE] * (_MOST_PIECES - len(pieces))]
    return {
        **{f"piece_{number}": piece for number, piece in enumerate(counted)},
        **{f"pattern_{number}": pattern for number, pattern in enumerate(patterns)},
        "least": len(pieces) * _LEAST_SHARE,
        "looked_up": json.dumps([f"search_name : {_quoted(piece)}" for piece in looked_up]),
        "least_looked_up": 2 if len(looked_up) == _MOST_ASKED else 1,
    }


def _spread(pieces: Sequence[str], most: int) -> Sequence[str]:
    """At most ``most`` of them, evenly spaced from the first to the last."""
    if len(pieces) <= most:
        return pieces
    return [pieces[round(place * (len(pieces) - 1) / (most - 1))] for place in range(most)]


def _matches(asked: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """The owner's rows in ``character_search`` that match a query in FTS5's syntax."""
    theirs = select(characters.c.search_id).where(characters.c.owner_id == OWNER)
    lowest = theirs.order_by(characters.c.search_id).limit(1).scalar_subquery()
    highest = theirs.order_by(characters.c.search_id.desc()).limit(1).scalar_subquery()
    return _search.c.character_search.op("MATCH")(asked), _search.c.rowid >= lowest, _search.c.rowid <= highest


def _pattern(words: str) -> str:
    """As a LIKE pattern that matches them anywhere."""
    for sign in ("\\", "%", "_"):
        words = words.replace(sign, f"\\{sign}")
    return f"%{words}%"


def _quoted(words: str) -> str:
    """As an FTS5 string, without operators."""
    quoted = words.replace('"', '""')
    return f'"{quoted}"'
