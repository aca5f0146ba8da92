"""Searches a cast: for autocomplete, by text and by group, ranked and sorted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.elements import UnaryExpression

from bot.store.cast_tables import character_groups, characters, group_members
from bot.store.character_rows import SELECT, character_of
from bot.store.database import Database
from bot.store.dialects import is_postgres, occurs
from bot.store.trigram_search import OWNER, PIECE, alike, having, pieces_asked, shared_pieces, words_asked
from bot.values.character import Character
from bot.values.folding import indexed

_LAST = "\U0010ffff"  # sorts after everything with the same beginning
_MOST_ALIKE = 24  # characters suggested for a typo
_LONGEST = 100  # characters of the typed text, as /character list accepts: folding may turn one into eighteen
_UNSEARCHABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Sort(StrEnum):
    """The order in which a cast is shown. ``BEST`` is for search results: best match first."""

    BEST = "best"
    RECENT = "recent"
    NEWEST = "newest"
    NAME = "name"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class CastQuery:
    """What to list of a cast: ``search`` in names, notes and tags, in one group, in this order."""

    search: str = ""
    group_id: int | None = None
    sort: Sort = Sort.RECENT


_BY_USE = (characters.c.frecency.desc(), characters.c.id.desc())
_ORDERS: dict[Sort, Sequence[ColumnElement[Any] | UnaryExpression[Any]]] = {
    Sort.BEST: _BY_USE,
    Sort.RECENT: (func.coalesce(characters.c.last_used_at, characters.c.created_at).desc(), characters.c.id.desc()),
    Sort.NEWEST: (characters.c.created_at.desc(), characters.c.id.desc()),
    Sort.NAME: (characters.c.search_name, characters.c.name_key),  # accents don't count: Łucja before Mina
    Sort.USED: (characters.c.uses.desc(), *_BY_USE),
}


class CastSearch:
    """Reads casts. Each query carries the owner's id, and reads nothing of anybody else's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self, owner_id: int, typed: str, limit: int = 25) -> list[str]:
        """Names for autocomplete, those used most and most recently first.

        Matches rank above that: exact names, names that begin with what was typed, names that contain it, then tags or
        notes that contain it. If there are none at all: names that look similar.
        """
        words = _words(typed)
        asked = _asked(owner_id, words) | {"limit": limit}
        async with self._database.search() as connection:
            queries = _name_queries(postgres=is_postgres(connection))
            if not words:
                return list((await connection.scalars(queries.all, asked)).all())
            # A search by trigrams finds these as well. Before it, for few letters, which are in many names.
            found = list((await connection.scalars(queries.beginning, asked)).all()) if len(words) <= PIECE else []
            if len(found) < limit:
                more = (await connection.scalars(queries.having, asked)).all()
                found = list(dict.fromkeys([*found, *more]))[:limit]
            if not found and len(words) >= PIECE:
                found = list((await connection.scalars(queries.alike, asked)).all())
            return found

    async def page(self, owner_id: int, query: CastQuery, *, offset: int, limit: int) -> tuple[list[Character], int]:
        """One page of the characters that match, and how many match in all."""
        words = _words(query.search)
        asked = _asked(owner_id, words) | {"group": query.group_id, "limit": limit, "offset": offset}
        async with self._database.search() if words else self._database.read_at_once() as connection:
            queries = _page_queries(
                query.sort, searched=bool(words), grouped=query.group_id is not None, postgres=is_postgres(connection)
            )
            rows = await connection.execute(queries.rows, asked)
            found = [character_of(row) for row in rows.mappings()]
            if 0 < len(found) < limit:  # the last page: nobody has to be counted
                return found, offset + len(found)
            total = await connection.scalar(queries.total, asked) or 0
            if total or len(words) < PIECE:
                return found, total
            rows = await connection.execute(queries.alike, asked)
            found = [character_of(row) for row in rows.mappings()]
            return found[offset : offset + limit], len(found)

    async def merge(self, *, whole: bool) -> None:
        """Keep searches fast (:meth:`~bot.store.database.Database.merge_search`)."""
        await self._database.merge_search(whole=whole)


def _words(typed: str) -> str:
    """The search text as :func:`bot.values.folding.indexed` writes it, but without the spaces at its ends.

    Control characters and unpaired surrogates are removed, because SQLite accepts neither in a search.
    """
    typed = _UNSEARCHABLE.sub(" ", typed[:_LONGEST])
    return indexed(typed.lstrip("@# ")).strip()


def _asked(owner_id: int, words: str) -> dict[str, Any]:
    """The parameters of all queries here."""
    asked: dict[str, Any] = {"owner": owner_id}
    if words:
        begins = f"  {words}"
        asked |= {"words": words, "begins": begins, "behind": f"{begins}{_LAST}", "whole": f"{begins} "}
        asked |= {"word_begins": f" {words}", "typed": len(indexed(words)), **words_asked(owner_id, words)}
        asked |= pieces_asked(owner_id, words)
    return asked


@dataclass(frozen=True, slots=True)
class _NameQueries:
    all: Select[Any]
    beginning: Select[Any]
    having: Select[Any]
    alike: Select[Any]


@cache
def _name_queries(*, postgres: bool) -> _NameQueries:
    names, limit = select(characters.c.name), bindparam("limit", type_=Integer)
    theirs = characters.c.owner_id == OWNER
    return _NameQueries(
        all=names.where(theirs).order_by(*_BY_USE).limit(limit),
        beginning=names.where(theirs, _begins()).order_by(_rank(), *_BY_USE).limit(limit),
        having=names.where(having(postgres=postgres)).order_by(_rank(), *_BY_USE).limit(limit),
        alike=_most_alike(names, postgres=postgres),
    )


@dataclass(frozen=True, slots=True)
class _PageQueries:
    total: Select[Any]
    rows: Select[Any]
    alike: Select[Any]  # at most _MOST_ALIKE, whatever the page


@cache
def _page_queries(sort: Sort, *, searched: bool, grouped: bool, postgres: bool) -> _PageQueries:
    wanted = [having(postgres=postgres) if searched else characters.c.owner_id == OWNER]
    within = [_in_group()] if grouped else []
    order = (_rank(), *_ORDERS[sort]) if searched and sort is Sort.BEST else _ORDERS[sort]
    limit, offset = (bindparam(name, type_=Integer) for name in ("limit", "offset"))
    return _PageQueries(
        total=select(func.count()).select_from(characters).where(*wanted, *within),
        rows=SELECT.where(*wanted, *within).order_by(*order).limit(limit).offset(offset),
        alike=_most_alike(SELECT.where(*within), postgres=postgres),
    )


def _word(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=String)


def _rank() -> ColumnElement[int]:
    """Ranks: equal to the name, the name begins with it, a word of it does, the name contains it, the rest."""
    name = characters.c.search_name
    found = (name == _word("whole"), _begins(), occurs(name, _word("word_begins")), occurs(name, _word("words")))
    # Written into the statement, where numbers are parameters otherwise: each costs time at each search.
    ranks = [literal_column(str(rank), Integer) for rank in range(len(found) + 1)]
    return case(*zip(found, ranks, strict=False), else_=ranks[-1])


def _begins() -> ColumnElement[bool]:
    return and_(characters.c.search_name >= _word("begins"), characters.c.search_name < _word("behind"))


def _most_alike(query: Select[Any], *, postgres: bool) -> Select[Any]:
    """Of the rows of ``query``, those whose names share the most trigrams with what was typed, best first."""
    as_long = func.abs(func.length(characters.c.search_name) - bindparam("typed", type_=Integer))
    query = query.where(alike(postgres=postgres))
    return query.order_by(shared_pieces().desc(), as_long, *_BY_USE).limit(_MOST_ALIKE)


def _in_group() -> ColumnElement[bool]:
    """Characters in a group of the owner's."""
    its = (
        select(group_members.c.character_id)
        .join(character_groups, group_members.c.group_id == character_groups.c.id)
        .where(character_groups.c.owner_id == OWNER, group_members.c.group_id == bindparam("group", type_=BigInteger))
    )
    return characters.c.id.in_(its)
