"""How a cast is looked through for letters: the only module that knows how SQLite and PostgreSQL do that.

SQLite has an index of pieces of three letters (FTS5, ``character_search``), in which each person's characters are a
range of rows of their own (migration 0013). PostgreSQL has nothing like it without an extension that not every server
has; there the owner's characters are read, and those of nobody else: some milliseconds for ten thousand.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    case,
    column,
    func,
    literal,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.cast_tables import characters
from bot.store.dialects import is_postgres, place_of

PIECE = 3  # letters
_search = table("character_search", column("rowid"), column("character_search"))


def having(connection: AsyncConnection, owner_id: int, looked_for: str) -> ColumnElement[bool]:
    """Of the characters table: the owner's in whose name, tags or note that stands; three letters or more."""
    theirs = characters.c.owner_id == owner_id
    places = (place_of(each, literal(looked_for)) > 0 for each in (characters.c.search_name, characters.c.search_more))
    stands = or_(*places)
    if is_postgres(connection):
        return and_(theirs, stands)
    # Only the longest word is looked up: a piece with the space between two words is in every fourth row, and reading
    # through all of those takes fifty times as long as looking at the few rows that are left.
    longest = max(looked_for.split(), key=len).rjust(PIECE)
    # Not joined: SQLite would look each character up in the full-text index, as soon as it thinks them few.
    rows = select(_search.c.rowid).where(*_matches(owner_id, longest))
    found = and_(theirs, characters.c.search_id.in_(rows))
    return found if longest == looked_for else and_(found, stands)


def sharing(
    connection: AsyncConnection, owner_id: int, pieces: Sequence[str], *, least: float, most: int
) -> tuple[FromClause, ColumnElement[bool]]:
    """The owner's characters whose names have the most of ``pieces``, and how they are joined to the characters.

    Each has ``least`` of them or more, which its column ``shared`` counts; ``most`` characters are found.
    """
    if is_postgres(connection):
        its = characters.alias()
        has = [case((place_of(its.c.search_name, literal(piece)) > 0, 1), else_=0) for piece in pieces]
        counted = select(its.c.id, sum(has[1:], has[0]).label("shared")).where(its.c.owner_id == owner_id).subquery()
        best = select(counted).where(counted.c.shared >= least).order_by(counted.c.shared.desc(), counted.c.id)
        found = best.limit(most).subquery()
        return found, characters.c.id == found.c.id
    each = union_all(*(select(_search.c.rowid).where(*_matches(owner_id, piece, "search_name")) for piece in pieces))
    rows = each.subquery()
    shared = func.count()
    found = (
        select(rows.c.rowid, shared.label("shared"))
        .group_by(rows.c.rowid)
        .having(shared >= least)
        .order_by(shared.desc())
        .limit(most)
        .subquery()
    )
    return found, characters.c.search_id == found.c.rowid


def _matches(owner_id: int, looked_for: str, within: str = "") -> tuple[ColumnElement[bool], ...]:
    """Rows of the owner's in ``character_search`` that have ``looked_for``, perhaps only in the column ``within``."""
    quoted = looked_for.replace('"', '""')
    asked = f'{within} : "{quoted}"' if within else f'"{quoted}"'
    theirs = select(characters.c.search_id).where(characters.c.owner_id == owner_id)
    lowest = theirs.order_by(characters.c.search_id).limit(1).scalar_subquery()
    highest = theirs.order_by(characters.c.search_id.desc()).limit(1).scalar_subquery()
    return _search.c.character_search.op("MATCH")(asked), _search.c.rowid >= lowest, _search.c.rowid <= highest
