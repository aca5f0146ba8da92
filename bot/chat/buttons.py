"""The buttons on our messages: one ``DynamicItem`` class per action.

A press is handled by a cog's method marked with ``@on_press(TheClass)`` (:mod:`bot.chat.interaction_handlers`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from discord import ButtonStyle

from bot.chat.durable_items import DurableButton
from bot.chat.markdown import say
from bot.texts import text


class OwnerButton(DurableButton):
    """A button that needs to know only its owner."""

    def __init__(self, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary) -> None:
        super().__init__(label, style, owner_id=owner_id)


class ShowAppsMenu(OwnerButton, custom_id="cb:help:apps:all:{owner_id}"):
    """Explains how to open the message menu (cogs/about.py)."""


# -- the cast (cogs/character) ---------------------------------------------------------------------------------------


class CharacterButton(DurableButton):
    """A button of one character."""

    def __init__(
        self, character_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, character_id=character_id)
        self.character_id = character_id


class UseCharacter(CharacterButton, custom_id="cb:cast:use:{character_id}:{owner_id}"):
    """Shows how to use it in a video."""


class MakeWithModel(CharacterButton, custom_id="cb:cast:model:{character_id}:{owner_id}"):
    """Has a model make a portable character as well."""


class ShowCharacter(CharacterButton, custom_id="cb:cast:show:{character_id}:{owner_id}"):
    """Shows it to its owner only."""


class RenameCharacter(CharacterButton, custom_id="cb:cast:rename:{character_id}:{owner_id}"):
    """Opens a form for a new name."""


class NameButton(DurableButton):
    """A button about a name for one character."""

    def __init__(
        self,
        character_id: int,
        name: str,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.secondary,
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, character_id=character_id, name=name)
        self.character_id = character_id
        self.name = name


class TakeName(NameButton, custom_id="cb:cast:name:{character_id}:{name}:{owner_id}"):
    """Gives it the offered name."""


class TypeAnotherName(NameButton, custom_id="cb:cast:othername:{character_id}:{name}:{owner_id}"):
    """Opens the form for another name, filled with the one that is taken."""


class DeleteCharacter(CharacterButton, custom_id="cb:cast:delete:{character_id}:{owner_id}"):
    """Asks whether to delete it."""


class ConfirmDelete(CharacterButton, custom_id="cb:cast:deleteyes:{character_id}:{owner_id}"):
    """Deletes it."""


class KeepCharacter(CharacterButton, custom_id="cb:cast:deleteno:{character_id}:{owner_id}"):
    """Keeps it."""


class TurnPage(DurableButton, custom_id="cb:list:page:{page}:{owner_id}"):
    """Shows another page of /character list. ``page`` is a :class:`~bot.chat.render_cast.CastPage` as a string."""

    def __init__(
        self,
        page: str,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.secondary,
        *,
        disabled: bool = False,
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, disabled=disabled, page=page)
        self.page = page


class PageButton(DurableButton):
    """Shows another page of a list, starting at ``offset``."""

    def __init__(
        self,
        offset: int,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.secondary,
        *,
        disabled: bool = False,
        **fields: object,
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, disabled=disabled, offset=offset, **fields)
        self.offset = offset


_Turn = TypeVar("_Turn", bound=PageButton)


def turning(
    kind: Callable[..., _Turn], owner_id: int, offset: int, total: int, most: int, locale: str, **fields: object
) -> tuple[_Turn, ...]:
    """Previous and next for a list of ``total`` with ``most`` per page; empty if there is only one page."""
    if total <= most:
        return ()
    before, after = max(0, offset - most), offset + most
    return (
        kind(before, owner_id, say(text("Previous"), locale), disabled=offset == 0, **fields),
        kind(after, owner_id, say(text("Next"), locale), disabled=after >= total, **fields),
    )


class TurnGroups(PageButton, custom_id="cb:groups:page:{offset}:{owner_id}"):
    """Shows another page of /group show."""


class NextCastPart(DurableButton, custom_id="cb:cast:part:{part}:{selection}:{owner_id}"):
    """Sends another part of /character export, counted from 1."""

    def __init__(
        self,
        part: int,
        selection: str,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.primary,
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, part=part, selection=selection)
        self.part = part
        self.selection = selection


class ImportButton(DurableButton):
    """A button of an offered import."""

    def __init__(
        self, draft_id: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, draft_id=draft_id)
        self.draft_id = draft_id


class BringIn(ImportButton, custom_id="cb:import:yes:{draft_id}:{owner_id}"):
    """Writes what was offered."""


class DropImport(ImportButton, custom_id="cb:import:no:{draft_id}:{owner_id}"):
    """Discards it."""


# -- privacy (cogs/privacy.py) ---------------------------------------------------------------------------------------


class PrivacyButton(OwnerButton):
    """People may always export and delete their own data."""

    always_open = True


class DeleteEverything(PrivacyButton, custom_id="cb:privacy:deleteyes:all:{owner_id}"):
    """Deletes everything stored about its owner."""


class DeleteWithMessages(PrivacyButton, custom_id="cb:privacy:deleteyes:messages:{owner_id}"):
    """The same, and the bot's messages about them."""


class KeepEverything(PrivacyButton, custom_id="cb:privacy:deleteno:all:{owner_id}"):
    """Deletes nothing."""


class NextPart(DurableButton, custom_id="cb:privacy:part:{part}:{owner_id}"):
    """Sends another part of /privacy export, counted from 1."""

    always_open = True

    def __init__(self, part: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.primary) -> None:
        super().__init__(label, style, owner_id=owner_id, part=part)
        self.part = part


# -- servers (cogs/server) -------------------------------------------------------------------------------------------


class SetDayLimit(OwnerButton, custom_id="cb:server:limit:all:{owner_id}"):
    """Opens a form for a server's daily limit."""

    always_open = True


class ShowResultsTo(DurableButton, custom_id="cb:server:private:{private}:{owner_id}"):
    """Sets who sees a server's results: everyone (0), or only their owners (1)."""

    always_open = True

    def __init__(
        self, private: bool, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, private=private)
        self.private = private
