"""The buttons under our messages: one ``DynamicItem`` class per action, so that they work after a restart too.

What a press does is a method of a cog, marked with ``@on_press(TheClass)`` (:mod:`bot.chat.interaction_handlers`).
The ids stay as they are: messages posted by earlier versions carry them.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Protocol, Self, TypeAlias, cast

import discord
from discord import ButtonStyle, ui

from bot import limits

# What may stand in the place of each field of a ``custom_id``.
_FIELDS = {
    "place": "job|tasks",
    "job_id": rf"[0-9a-f]{{{limits.JOB_ID_HEX}}}",
    "seconds": r"[\d.]+,[\d.]+",
    "nudge": "suggested|earlier|later|shorter|longer",
    "character_id": r"\d{1,20}",
    "page": r"\d+\.[a-z]+\..*",
    "part": r"\d{1,9}",
    "owner_id": r"\d{1,20}",
}
_Interaction: TypeAlias = discord.Interaction[Any]

_NOTHING = re.compile(r"(?!)")


class DurableItem(ui.DynamicItem[ui.Item[ui.View]], template=_NOTHING):
    """What can be pressed, with a ``custom_id`` that says all that a press needs. Only its owner may press it.

    A subclass is declared with its ``custom_id``, in which ``{field}`` stands for what differs from item to item; the
    field ``owner_id`` comes last. ``always_open``: people whom the bot is closed to may press it all the same.
    """

    always_open: ClassVar[bool] = False
    _id_format: ClassVar[str] = ""

    def __init_subclass__(cls, *, custom_id: str = "") -> None:
        cls._id_format = custom_id
        super().__init_subclass__(template=id_template(custom_id, _FIELDS) if custom_id else _NOTHING)

    def __init__(self, item: ui.Item[ui.View], owner_id: int) -> None:
        super().__init__(item)
        self.owner_id = owner_id

    @classmethod
    def made_id(cls, owner_id: int, **fields: str | int) -> str:
        """Raises :class:`ValueError` where ``fields`` make no ``custom_id`` that Discord or the class takes."""
        made = cls._id_format.format(owner_id=owner_id, **fields)
        if len(made) > limits.CUSTOM_ID or not cls.matches(made):
            raise ValueError(f"not an id of {cls.__name__}: {made!r}")
        return made

    @classmethod
    def matches(cls, custom_id: str) -> bool:
        """Whether this class answers presses of an item with that id."""
        return cls.__discord_ui_compiled_template__.fullmatch(custom_id) is not None

    def on_row(self, row: int) -> Self:
        """The same button in this row of its message, from 0; without that they are filled one after the other."""
        self.row = row
        return self

    async def callback(self, interaction: _Interaction) -> None:
        """Hand the press to the cog that answers it."""
        await cast("_Client", interaction.client).handlers.press(interaction, self)


class DurableButton(DurableItem):
    """A button."""

    item: ui.Button[ui.View]

    def __init__(
        self, label: str, style: ButtonStyle, *, owner_id: int, disabled: bool = False, **fields: str | int
    ) -> None:
        """Raises :class:`ValueError` where ``fields`` make no ``custom_id``."""
        shown = label if len(label) <= limits.BUTTON_LABEL else label[: limits.BUTTON_LABEL - 1] + "…"
        made = self.made_id(owner_id, **fields)
        super().__init__(ui.Button(custom_id=made, label=shown, style=style, disabled=disabled), owner_id)


class _Handlers(Protocol):
    async def press(self, interaction: _Interaction, button: DurableItem) -> None: ...


class _Client(Protocol):
    handlers: _Handlers


def id_template(custom_id: str, fields: dict[str, str]) -> re.Pattern[str]:
    """The pattern of the ids that ``custom_id.format(…)`` makes; ``fields`` has the pattern of each field."""
    parts = re.split(r"\{(\w+)\}", custom_id)  # every second one is a field's name
    pattern = "".join(
        f"(?P<{part}>{fields[part]})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    return re.compile(pattern, re.DOTALL)


# -- jobs (cogs/tasks.py) --------------------------------------------------------------------------------------------


class JobButton(DurableButton):
    """A button of one job: under the job's own message, or (``in_list``) under the list of /tasks."""

    def __init__(
        self,
        job_id: str,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.secondary,
        *,
        in_list: bool = False,
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, job_id=job_id, place="tasks" if in_list else "job")
        self.job_id = job_id
        self.in_list = in_list

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(match["job_id"], int(match["owner_id"]), in_list=match["place"] == "tasks")


class GiveConsent(JobButton, custom_id="cb:{place}:consent:{job_id}:{owner_id}"):
    """Yes: the person in the clip may be made into a character."""


class MakeAnother(JobButton, custom_id="cb:{place}:again:{job_id}:{owner_id}"):
    """Yes: the same clip and seconds once more."""


class UseAnyway(JobButton, custom_id="cb:{place}:anyway:{job_id}:{owner_id}"):
    """Yes: these seconds, in spite of what was found in them."""


class PickSeconds(JobButton, custom_id="cb:{place}:pick:{job_id}:{owner_id}"):
    """Shows the picker, for the first time or again."""


class OtherSeconds(JobButton, custom_id="cb:{place}:other:{job_id}:{owner_id}"):
    """Opens a form for seconds that were not suggested."""


class CancelJob(JobButton, custom_id="cb:{place}:cancel:{job_id}:{owner_id}"):
    """Cancels a job that was not submitted yet."""


class SendAgain(JobButton, custom_id="cb:{place}:resend:{job_id}:{owner_id}"):
    """Submits a job again after an unclear submission."""


class CheckAgain(JobButton, custom_id="cb:{place}:recheck:{job_id}:{owner_id}"):
    """Asks the provider once more how a task ended."""


class ShowResult(JobButton, custom_id="cb:{place}:show:{job_id}:{owner_id}"):
    """Shows a result that could not be delivered."""


class BackToTasks(DurableButton, custom_id="cb:tasks:list:all:{owner_id}"):
    """Shows the list of /tasks again, in the place of one of its jobs."""

    def __init__(self, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary) -> None:
        super().__init__(label, style, owner_id=owner_id)

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(int(match["owner_id"]))


class UseSeconds(DurableButton, custom_id="cb:job:use:{job_id}:{seconds}:{owner_id}"):
    """Takes one of the suggestions. ``seconds`` as the provider takes them: ``1,3``."""

    def __init__(
        self, job_id: str, seconds: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.primary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, job_id=job_id, seconds=seconds)
        self.job_id = job_id
        self.seconds = seconds

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(match["job_id"], match["seconds"], int(match["owner_id"]))


class UsePreview(UseSeconds, custom_id="cb:job:begin:{job_id}:{seconds}:{owner_id}"):
    """Starts a character from one of the suggestions of a preview."""


class OtherPreviewSeconds(JobButton, custom_id="cb:{place}:beginother:{job_id}:{owner_id}"):
    """Opens a form for other seconds of a video that was previewed."""


class RetryJob(JobButton, custom_id="cb:{place}:retry:{job_id}:{owner_id}"):
    """Starts a job that failed once more, as a new one, with the video that is here or the same link."""


class WatchSeconds(DurableButton, custom_id="cb:job:watch:{nudge}:{job_id}:{seconds}:{owner_id}"):
    """Shows seconds as a moving picture. ``nudge``: how they came about; only it tells two buttons apart."""

    def __init__(
        self,
        nudge: str,
        job_id: str,
        seconds: str,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.secondary,
        *,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            label, style, owner_id=owner_id, disabled=disabled, nudge=nudge, job_id=job_id, seconds=seconds
        )
        self.job_id = job_id
        self.seconds = seconds

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(match["nudge"], match["job_id"], match["seconds"], int(match["owner_id"]))


# -- the cast (cogs/character) ---------------------------------------------------------------------------------------


class CharacterButton(DurableButton):
    """A button of one character."""

    def __init__(
        self, character_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, character_id=character_id)
        self.character_id = character_id

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(int(match["character_id"]), int(match["owner_id"]))


class UseCharacter(CharacterButton, custom_id="cb:cast:use:{character_id}:{owner_id}"):
    """Shows how it is used in a video."""


class ShowCharacter(CharacterButton, custom_id="cb:cast:show:{character_id}:{owner_id}"):
    """Shows it to its owner alone."""


class RenameCharacter(CharacterButton, custom_id="cb:cast:rename:{character_id}:{owner_id}"):
    """Opens a form for another name."""


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

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(match["page"], int(match["owner_id"]))


# -- privacy (cogs/privacy.py) ---------------------------------------------------------------------------------------


class PrivacyButton(DurableButton):
    """People may always take and delete their own data."""

    always_open = True

    def __init__(self, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary) -> None:
        super().__init__(label, style, owner_id=owner_id)

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(int(match["owner_id"]))


class DeleteEverything(PrivacyButton, custom_id="cb:privacy:deleteyes:all:{owner_id}"):
    """Deletes all that is kept about its owner."""


class KeepEverything(PrivacyButton, custom_id="cb:privacy:deleteno:all:{owner_id}"):
    """Deletes nothing."""


class NextPart(DurableButton, custom_id="cb:privacy:part:{part}:{owner_id}"):
    """Sends another part of /privacy export, counted from 1."""

    always_open = True

    def __init__(self, part: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.primary) -> None:
        super().__init__(label, style, owner_id=owner_id, part=part)
        self.part = part

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(int(match["part"]), int(match["owner_id"]))


# -- servers (cogs/server.py) ----------------------------------------------------------------------------------------


class SetDayLimit(DurableButton, custom_id="cb:server:limit:all:{owner_id}"):
    """Opens a form for a server's limit of a day."""

    always_open = True

    def __init__(self, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary) -> None:
        super().__init__(label, style, owner_id=owner_id)

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(int(match["owner_id"]))


class ShowResultsTo(DurableButton, custom_id="cb:server:private:{part}:{owner_id}"):
    """Decides whom a server's results are shown to: to everyone (0), or to their owners alone (1)."""

    always_open = True

    def __init__(
        self, private: bool, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, part=int(private))
        self.private = private

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        return cls(bool(int(match["part"])), int(match["owner_id"]))


def view(*buttons: DurableItem) -> ui.View:
    """A view of durable buttons only: mixed with ordinary items it would unregister them all when it times out."""
    made = ui.View(timeout=None)
    for each in buttons:
        made.add_item(each)
    return made
