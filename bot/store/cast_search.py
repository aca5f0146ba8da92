"""Finding members of a cast: as one types, by search and by group, ranked, in the order one likes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import UnaryExpression

from bot.store.cast_pieces import PIECE, having, sharing
from bot.store.cast_tables import character_groups, characters, group_members
from bot.store.character_rows import character_of, owned
from bot.store.database import Database
from bot.store.dialects import place_of
from bot.values.character import Character
from bot.values.folding import indexed

_LAST = "\U0010ffff"  # behind everything that can begin in the same way
_FUZZY_PIECES = 12  # of what was typed that are looked for; more make no difference, and cost
_FUZZY_SHARE = 0.4  # of these that a name must have, with the least a typo leaves of a short one
_FUZZY_MOST = 24  # characters that are offered for a typo
_LONGEST = 100  # characters of what was typed, as /character list takes: folded, one may become eighteen
_UNSEARCHABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Sort(StrEnum):
    """In which order a cast is shown. ``BEST`` is for what a search has found: what fits best comes first."""

    BEST = "best"
    RECENT = "recent"
    NEWEST = "newest"
    NAME = "name"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of a cast: ``search`` in names, notes and tags, in one group, in this order."""

    search: str = ""
    group_id: int | None = None
    sort: Sort = Sort.RECENT


_BY_USE = (characters.c.frecency.desc(), characters.c.id.desc())
_ORDERS: dict[Sort, Sequence[ColumnElement[Any] | UnaryExpression[Any]]] = {
    Sort.BEST: _BY_USE,
    Sort.RECENT: (func.coalesce(characters.c.last_used_at, characters.c.created_at).desc(), characters.c.id.desc()),
    Sort.NEWEST: (characters.c.created_at.desc(), characters.c.id.desc()),
    Sort.NAME: (characters.c.name_key,),
    Sort.USED: (characters.c.uses.desc(), *_BY_USE),
}


class CastSearch:
    """Reads casts. Each query carries the owner's id, and looks at nothing of anybody else's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self, owner_id: int, typed: str, limit: int = 25) -> list[str]:
        """Names for autocomplete, those that are used most, and of late, first.

        Before that counts: what was typed as a whole, names that begin with it, those that have it elsewhere, those
        with a tag or a note that has it. Where there are none at all: names that look like it.
        """
        words = _words(typed)
        theirs = characters.c.owner_id == owner_id
        async with self._database.read() as connection:
            if not words:
                query = select(characters.c.name).where(theirs).order_by(*_BY_USE).limit(limit)
                return list((await connection.scalars(query)).all())
            begins = (characters.c.search_name >= f"  {words}", characters.c.search_name < f"  {words}{_LAST}")
            whole = case((characters.c.search_name == f"  {words} ", 0), else_=1)
            first = select(characters.c.name).where(theirs, *begins).order_by(whole, *_BY_USE).limit(limit)
            found = list((await connection.scalars(first)).all())
            if len(found) < limit:
                more = select(characters.c.name).where(_has(connection, owner_id, words))
                more = more.order_by(_rank(words), *_BY_USE).limit(limit)
                found = list(dict.fromkeys([*found, *(await connection.scalars(more)).all()]))[:limit]
            if not found and (alike := await _alike(connection, owner_id, words)):
                query = select(characters.c.name).where(theirs, characters.c.id.in_(alike))
                query = query.order_by(_in_order(alike)).limit(limit)
                found = list((await connection.scalars(query)).all())
            return found

    async def page(self, owner_id: int, wish: Wish, *, offset: int, limit: int) -> tuple[list[Character], int]:
        """Some of the characters that are wanted, and how many those are in all."""
        words = _words(wish.search)
        theirs = _in_group(owner_id, wish.group_id)
        order: Sequence[Any] = _ORDERS[wish.sort]
        async with self._database.read() as connection:
            if not words:
                found = select(characters.c.id).where(characters.c.owner_id == owner_id, *theirs)
            else:
                found = select(characters.c.id).where(_has(connection, owner_id, words), *theirs)
                order = (_rank(words), *order) if wish.sort is Sort.BEST else order
            total = await connection.scalar(select(func.count()).select_from(found.subquery())) or 0
            if words and not total and (alike := await _alike(connection, owner_id, words)):
                found = select(characters.c.id).where(
                    characters.c.owner_id == owner_id, characters.c.id.in_(alike), *theirs
                )
                order = (_in_order(alike),)
                total = await connection.scalar(select(func.count()).select_from(found.subquery())) or 0
            ids = list((await connection.scalars(found.order_by(*order).offset(offset).limit(limit))).all())
            rows = await connection.execute(owned(owner_id).where(characters.c.id.in_(ids)))
            by_id = {row["id"]: character_of(row) for row in rows.mappings()}
            return [by_id[each] for each in ids], total


def _words(typed: str) -> str:
    """What is looked for, as :func:`bot.values.folding.indexed` has it, but without the spaces at its ends.

    No control character and no half of a surrogate pair is in it: SQLite takes neither in the words of a search.
    """
    typed = _UNSEARCHABLE.sub(" ", typed[:_LONGEST])
    return indexed(typed.lstrip("@# ")).strip()


def _has(connection: AsyncConnection, owner_id: int, words: str) -> ColumnElement[bool]:
    """Those in whose name, tags or note the words stand; one or two letters only where a word begins."""
    return having(connection, owner_id, words if len(words) >= PIECE else words.rjust(PIECE))


def _rank(words: str) -> ColumnElement[int]:
    """It is the name, the name begins with it, one of its words does, the name has it, something else has it."""
    begins, word_begins = f"  {words}", f" {words}"
    return case(
        (characters.c.search_name == f"{begins} ", 0),
        (func.substr(characters.c.search_name, 1, len(begins)) == begins, 1),
        (place_of(characters.c.search_name, literal(word_begins)) > 0, 2),
        (place_of(characters.c.search_name, literal(words)) > 0, 3),
        else_=4,
    )


async def _alike(connection: AsyncConnection, owner_id: int, words: str) -> list[int]:
    """The ids of characters whose names have most of the pieces of three letters that are in ``words``, best first."""
    if len(words) < PIECE:
        return []
    padded = indexed(words)
    pieces = list(dict.fromkeys(padded[at : at + PIECE] for at in range(len(padded) - PIECE + 1)))
    pieces = [each for each in pieces if each.strip()][:_FUZZY_PIECES]
    best, joined = sharing(connection, owner_id, pieces, least=len(pieces) * _FUZZY_SHARE, most=_FUZZY_MOST)
    as_long = func.abs(func.length(characters.c.search_name) - len(padded))
    theirs = and_(characters.c.owner_id == owner_id, joined)
    query = select(characters.c.id).select_from(best.join(characters, theirs))
    query = query.order_by(best.c.shared.desc(), as_long, *_BY_USE)
    return list((await connection.scalars(query)).all())


def _in_order(ids: Sequence[int]) -> ColumnElement[int]:
    """As the ids stand in ``ids``."""
    return case({each: place for place, each in enumerate(ids)}, value=characters.c.id, else_=len(ids))


def _in_group(owner_id: int, group_id: int | None) -> tuple[ColumnElement[bool], ...]:
    """Those in that group of the owner's; ``None``: all."""
    if group_id is None:
        return ()
    its = (
        select(group_members.c.character_id)
        .join(character_groups, group_members.c.group_id == character_groups.c.id)
        .where(character_groups.c.owner_id == owner_id, group_members.c.group_id == group_id)
    )
    return (characters.c.id.in_(its),)
