"""Searches a cast by trigrams: the only module that knows how SQLite and PostgreSQL do that.

SQLite has a trigram index (FTS5, ``character_search``), in which each person's characters have their own range of rows
(migration 0013). PostgreSQL has an index (GIN) of keys that are an owner's id and a trigram, so that it has a list of
rows for each trigram of each owner, and a search reads none of anybody else's (migration 0028).

The search text is a parameter of each expression here, because building an expression with its statement takes longer
than executing it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    String,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
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
_MOST_PAIRS = math.comb(_MOST_ASKED, 2)
_KEYS = ARRAY(Text)
_search = table("character_search", column("rowid"), column("character_search"))
_looked_for = bindparam("looked_for", type_=String)


def having(*, postgres: bool) -> ColumnElement[bool]:
    """Condition on the characters table: the owner's whose name, tags or note contain the words of
    :func:`words_asked`.
    """
    columns = (characters.c.search_name, characters.c.search_more)
    stands = or_(*(occurs(each, _looked_for) for each in columns))
    if postgres:
        keys = bindparam("keys", type_=_KEYS)
        return and_(_theirs_by_keys(), or_(*(_has(each, keys) for each in columns)), stands)
    theirs = characters.c.owner_id == OWNER
    # Not joined: for few rows SQLite would look each character up in the full-text index.
    rows = select(_search.c.rowid).where(*_matches(bindparam("phrase", type_=String)))
    return and_(theirs, characters.c.search_id.in_(rows), stands)


def words_asked(owner_id: int, words: str) -> dict[str, Any]:
    """The parameters of :func:`having`: one or two letters only match the beginning of a word.

    In an index only the longest word is looked up: a piece with the space between two words is in every fourth row, and
    reading all of those takes fifty times as long as checking the few rows that match.
    """
    longest = max(words.split(), key=len).rjust(PIECE)
    keys = [f"{owner_id}{piece}" for piece in _pieces(longest)[:_MOST_PIECES]]
    return {"looked_for": words.rjust(PIECE), "keys": keys, "phrase": _quoted(longest)}


def shared_pieces() -> ColumnElement[int]:
    """On the characters table: how many of the pieces of :func:`pieces_asked` a name contains."""
    asked = (bindparam(f"piece_{number}", type_=String) for number in range(_MOST_PIECES))
    has = [cast(occurs(characters.c.search_name, piece), Integer) for piece in asked]
    return sum(has[1:], has[0])


def alike(*, postgres: bool) -> ColumnElement[bool]:
    """Condition on the characters table: the owner's whose names contain enough of the pieces of
    :func:`pieces_asked`.
    """
    enough = shared_pieces() >= bindparam("least", type_=Float)
    if postgres:
        # By single pieces the index finds so many rows that reading them takes longer than looking up every pair.
        pairs = (bindparam(f"pair_{number}", type_=_KEYS) for number in range(_MOST_PAIRS))
        return and_(_theirs_by_keys(), or_(*(_has(characters.c.search_name, pair) for pair in pairs)), enough)
    asked_for = func.json_each(bindparam("looked_up", type_=String)).table_valued("value", name="asked_for")
    rows = (
        select(_search.c.rowid)
        .select_from(asked_for.join(_search, and_(*_matches(asked_for.c.value))))
        .group_by(_search.c.rowid)
        .having(func.count() >= bindparam("least_looked_up", type_=Integer))
        .order_by(func.count().desc())
        .limit(_MOST_COUNTED)
    )
    return and_(characters.c.owner_id == OWNER, characters.c.search_id.in_(rows), enough)


def pieces_asked(owner_id: int, words: str) -> dict[str, Any]:
    """The parameters of :func:`alike`, for three letters or more.

    A piece with two spaces is in so many names that looking it up takes as long as all the others: it is only counted,
    in the few names that match.
    """
    pieces = _pieces(indexed(words))[:_MOST_PIECES]
    looked_up = _spread([each for each in pieces if "  " not in each], _MOST_ASKED)
    at_once = 2 if len(looked_up) == _MOST_ASKED else 1  # of a short word, one is enough
    pairs = [[f"{owner_id}{piece}" for piece in pair] for pair in combinations(looked_up, at_once)]
    pairs += [[_NOWHERE]] * (_MOST_PAIRS - len(pairs))
    counted = [*pieces, *[_NOWHERE] * (_MOST_PIECES - len(pieces))]
    return {
        **{f"piece_{number}": piece for number, piece in enumerate(counted)},
        **{f"pair_{number}": pair for number, pair in enumerate(pairs)},
        "least": len(pieces) * _LEAST_SHARE,
        "looked_up": json.dumps([f"search_name : {_quoted(piece)}" for piece in looked_up]),
        "least_looked_up": at_once,
    }


def _pieces(words: str) -> Sequence[str]:
    """Each piece once, in the order of the words."""
    return list(dict.fromkeys(words[at : at + PIECE] for at in range(len(words) - PIECE + 1)))


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


def _has(words: ColumnElement[str], keys: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row's words have all these of PostgreSQL's keys, which are the owner's id and a piece."""
    return func.search_keys(characters.c.owner_id, words).bool_op("@>")(keys)


def _theirs_by_keys() -> ColumnElement[bool]:
    """The owner's, written so that PostgreSQL uses the index of keys.

    Not knowing how many characters this owner has, it might read all of them by an index of owners instead.
    """
    return characters.c.owner_id + literal_column("0", BigInteger) == OWNER


def _quoted(words: str) -> str:
    """As an FTS5 string, without operators."""
    quoted = words.replace('"', '""')
    return f'"{quoted}"'
