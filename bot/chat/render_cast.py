"""Renders one page of a cast: a grid of faces, or a few characters with their details."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import limits
from bot.chat.buttons import ShowCharacter, TurnPage, UseCharacter
from bot.chat.card import BLUE, AttachedFile, Card, Entry, PictureRow
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import MessageContent, picture_file
from bot.store.cast_search import CastQuery, Sort
from bot.texts import Text, listed, render, text
from bot.values.character import Character, CharacterGroup


@dataclass(frozen=True, slots=True)
class CastPage:
    """Which part of a cast is shown. Buttons carry it as ``<offset>.<sort>[-<group>].<search>``.

    ``search`` has at most :data:`bot.limits.NAME_LENGTH` characters, so it always fits there.
    """

    offset: int
    sort: Sort
    search: str
    group_id: int | None = None

    def __str__(self) -> str:
        group = "" if self.group_id is None else f"-{self.group_id}"
        return f"{self.offset}.{self.sort.value}{group}.{self.search}"

    @classmethod
    def parse(cls, argument: str) -> CastPage:
        """Parse what ``str`` wrote. Raises :class:`ValueError` if it is not a page."""
        offset, order, search = argument.split(".", 2)
        sort, _, group = order.partition("-")
        return cls(int(offset), Sort(sort), search, int(group) if group else None)

    @property
    def query(self) -> CastQuery:
        """The query for this page."""
        return CastQuery(search=self.search, group_id=self.group_id, sort=self.sort)

    def within(self, total: int) -> CastPage:
        """This page, or the last one if the cast has become shorter."""
        last = max(0, (total - 1) // limits.CAST_PER_PAGE * limits.CAST_PER_PAGE)
        return replace(self, offset=min(self.offset, last))


def few(total: int) -> bool:
    """Whether there are so few characters that they are shown one below the other instead of in a grid."""
    return total <= limits.CAST_FEW


def render_page(
    owner_id: int,
    page: CastPage,
    characters: Sequence[Character],
    total: int,
    pictures: Mapping[int, bytes],
    locale: str,
    commands: Commands = PLAIN,
    *,
    faces: Sequence[bytes] = (),
    group: CharacterGroup | None = None,
) -> MessageContent:
    """``characters`` of ``total``, and what can be done next.

    If there are :func:`few`, ``pictures`` are theirs by id, as far as there are any; otherwise ``faces`` are a WebP for
    each of :func:`rows_of`, or empty. ``group``: the group they belong to.
    """
    title = "" if group is None else escape(group.name)
    if not characters:
        said = say(_nothing_found(page, group), locale, commands)
        return MessageContent(card=Card(colour=BLUE, title=title, description=said))
    card = Card(colour=BLUE, title=title, footer=say(_count(page, len(characters), total), locale))
    if few(total):
        card = replace(card, entries=tuple(_entry(each, pictures.get(each.id), locale) for each in characters))
    else:
        card = replace(card, picture_rows=tuple(_rows(page, characters, faces, locale)))
    return MessageContent(card=card, buttons=_turning(owner_id, page, total, locale))


def _rows(
    page: CastPage, characters: Sequence[Character], pictures: Sequence[bytes], locale: str
) -> Iterator[PictureRow]:
    """``pictures``: one for each row, or none at all."""
    for number, row in enumerate(rows_of(characters)):
        names = [plain(each.name, limits.BUTTON_LABEL) for each in row]
        buttons = [ShowCharacter(each.id, each.owner_id, name) for each, name in zip(row, names, strict=True)]
        picture = None
        if pictures:
            alt = render(text("Faces, from left to right: {names}", names=listed(names)), locale)
            picture = AttachedFile(f"faces-{page.offset}-{number}.webp", pictures[number], alt)
        yield PictureRow(picture=picture, buttons=tuple(buttons))


def rows_of(characters: Sequence[Character]) -> list[Sequence[Character]]:
    """The characters side by side in each row of the grid."""
    most = limits.FACES_IN_ROW
    return [characters[first : first + most] for first in range(0, len(characters), most)]


def _entry(character: Character, picture: bytes | None, locale: str) -> Entry:
    made = int(character.created_at.timestamp())
    about = text(
        "{model} · {range} · made <t:{made}:R>",
        model=character.model,
        range=character.range.people,
        made=made,
    )
    if character.portable:
        about = text("Portable · {range} · made <t:{made}:R>", range=character.range.people, made=made)
    its, owner = character.id, character.owner_id
    lines = [f"**{escape(character.name)}**", say(about, locale), *described(character)]
    return Entry(
        words="\n".join(lines),
        picture=None if picture is None else picture_file(character, picture, locale),
        buttons=(
            ShowCharacter(its, owner, say(text("Open"), locale)),
            UseCharacter(its, owner, say(text("Use in a video"), locale)),
        ),
    )


def described(character: Character, *, whole: bool = False) -> list[str]:
    """Its tags and its note as markdown, if it has any; one line of the note, or the ``whole`` of it."""
    lines = []
    if character.tags:
        lines.append(" ".join(f"`{_as_code(tag)}`" for tag in character.tags))
    if character.note and whole:
        lines += [f"> {escape(line)}" for line in character.note.splitlines() if line.strip()]
    elif character.note:
        lines.append(f"> {escape(plain(character.note, limits.NOTE_SHOWN))}")
    return lines


def _as_code(tag: str) -> str:
    return plain(tag, limits.TAG_LENGTH).replace("`", "ˋ")


def _nothing_found(page: CastPage, group: CharacterGroup | None) -> Text:
    if page.search:
        return text(
            "No match for “{search}”. To see your whole cast, leave the option **search** empty.", search=page.search
        )
    if group is not None:
        return text("Nobody is in this group yet. Put somebody in with /group add.")
    return text(
        "Your cast is empty. Make your first character with /character create: attach a clip and give the 1 to 3 "
        "seconds that show somebody best. See /help for more."
    )


def _count(page: CastPage, shown: int, total: int) -> Text:
    if total > limits.CAST_PER_PAGE:
        first, last = page.offset + 1, page.offset + shown
        if first == last:
            return text("Showing {last} of {total}.", last=last, total=total)
        return text("Showing {first}–{last} of {total}.", first=first, last=last, total=total)
    if page.search:
        return text("Found in your cast: {total}.", total=total)
    if page.group_id is not None:
        return text("Characters in this group: {total}.", total=total)
    return text("Characters in your cast: {total}.", total=total)


def _turning(owner_id: int, page: CastPage, total: int, locale: str) -> tuple[TurnPage, ...]:
    if total <= limits.CAST_PER_PAGE:
        return ()
    before, after = page.offset - limits.CAST_PER_PAGE, page.offset + limits.CAST_PER_PAGE
    return (
        _turn(owner_id, replace(page, offset=max(0, before)), text("Previous"), locale, possible=page.offset > 0),
        _turn(owner_id, replace(page, offset=after), text("Next"), locale, possible=after < total),
    )


def _turn(owner_id: int, to: CastPage, label: Text, locale: str, *, possible: bool) -> TurnPage:
    return TurnPage(str(to), owner_id, say(label, locale), disabled=not possible)
