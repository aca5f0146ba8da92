"""One page of a cast, with pictures and the buttons to turn it. Pure rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot import limits
from bot.chat.buttons import ShowCharacter, TurnPage, UseCharacter
from bot.chat.card import BLUE, Card, Entry
from bot.chat.markdown import PLAIN, Commands, escape, say
from bot.chat.message import MessageContent, picture_file
from bot.store.characters import Sort
from bot.texts import Text, text
from bot.values.character import Character


@dataclass(frozen=True, slots=True)
class CastPage:
    """Which part of a cast is shown. The buttons carry it as ``<offset>.<sort>.<search>``.

    ``search`` has at most :data:`bot.limits.NAME_LENGTH` characters, so it always fits there.
    """

    offset: int
    sort: Sort
    search: str

    def __str__(self) -> str:
        return f"{self.offset}.{self.sort.value}.{self.search}"

    @classmethod
    def parse(cls, argument: str) -> CastPage:
        """The counterpart of ``str``. Raises :class:`ValueError` where it is not one."""
        offset, sort, search = argument.split(".", 2)
        return cls(int(offset), Sort(sort), search)

    def within(self, total: int) -> CastPage:
        """This page, or the last one where the cast has become shorter since."""
        last = max(0, (total - 1) // limits.CAST_PER_PAGE * limits.CAST_PER_PAGE)
        return replace(self, offset=min(self.offset, last))


def render_page(
    owner_id: int,
    page: CastPage,
    characters: Sequence[Character],
    total: int,
    pictures: Mapping[int, bytes],
    locale: str,
    commands: Commands = PLAIN,
) -> MessageContent:
    """``characters`` of ``total``, and what can be done next. ``pictures`` by character id, as far as there are any."""
    if not characters:
        return MessageContent(card=Card(colour=BLUE, description=say(_nothing_found(page.search), locale, commands)))
    card = Card(
        colour=BLUE,
        entries=tuple(_entry(each, pictures.get(each.id), locale) for each in characters),
        footer=say(_count(page, len(characters), total), locale),
    )
    return MessageContent(card=card, buttons=_turning(owner_id, page, total, locale))


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
    return Entry(
        words=f"**{escape(character.name)}**\n{say(about, locale)}",
        picture=None if picture is None else picture_file(character, picture, locale),
        buttons=(
            ShowCharacter(its, owner, say(text("Open"), locale)),
            UseCharacter(its, owner, say(text("Use in a video"), locale)),
        ),
    )


def _nothing_found(search: str) -> Text:
    if search:
        return text("No match for “{search}”. To see your whole cast, leave search empty.", search=search)
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
