"""The buttons under our messages: one ``DynamicItem`` class per action.

What a press does is a method of a cog, marked with ``@on_press(TheClass)`` (:mod:`bot.chat.interaction_handlers`).
"""

from __future__ import annotations

from discord import ButtonStyle

from bot.chat.durable_items import DurableButton


class OwnerButton(DurableButton):
    """A button that needs to know nothing but whose it is."""

    def __init__(self, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary) -> None:
        super().__init__(label, style, owner_id=owner_id)


class ShowAppsMenu(OwnerButton, custom_id="cb:help:apps:all:{owner_id}"):
    """Explains how to open the message menu (cogs/about.py)."""


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
        super().__init__(label, style, owner_id=owner_id, job_id=job_id, in_list=in_list)
        self.job_id = job_id
        self.in_list = in_list


class GiveConsent(JobButton, custom_id="cb:{in_list}:consent:{job_id}:{owner_id}"):
    """Yes: the person in the clip may be made into a character."""


class MakeAnother(JobButton, custom_id="cb:{in_list}:again:{job_id}:{owner_id}"):
    """Yes: the same clip and seconds once more."""


class UseAnyway(JobButton, custom_id="cb:{in_list}:anyway:{job_id}:{owner_id}"):
    """Yes: these seconds, in spite of what was found in them."""


class MakeLouder(JobButton, custom_id="cb:{in_list}:louder:{job_id}:{owner_id}"):
    """Yes: these seconds, with their sound as loud as voices usually are."""


class UseOfferedName(JobButton, custom_id="cb:{in_list}:name:{job_id}:{owner_id}"):
    """Yes: the name with a number behind it, because the one that was wanted is taken."""


class TypeJobName(JobButton, custom_id="cb:{in_list}:othername:{job_id}:{owner_id}"):
    """Opens a form for another name, with the one that is taken in it."""


class PickSeconds(JobButton, custom_id="cb:{in_list}:pick:{job_id}:{owner_id}"):
    """Shows the picker, for the first time or again."""


class OtherSeconds(JobButton, custom_id="cb:{in_list}:other:{job_id}:{owner_id}"):
    """Opens a form for seconds that were not suggested."""


class CancelJob(JobButton, custom_id="cb:{in_list}:cancel:{job_id}:{owner_id}"):
    """Cancels a job that was not submitted yet."""


class SendAgain(JobButton, custom_id="cb:{in_list}:resend:{job_id}:{owner_id}"):
    """Submits a job again after an unclear submission."""


class CheckAgain(JobButton, custom_id="cb:{in_list}:recheck:{job_id}:{owner_id}"):
    """Asks the provider once more how a task ended."""


class ShowResult(JobButton, custom_id="cb:{in_list}:show:{job_id}:{owner_id}"):
    """Shows a result that could not be delivered."""


class MakeVideoAgain(JobButton, custom_id="cb:{in_list}:video:{job_id}:{owner_id}"):
    """Makes the same video once more."""


class MakeSilentVideo(JobButton, custom_id="cb:{in_list}:silent:{job_id}:{owner_id}"):
    """Makes a video without the sound that the provider refused."""


class MakeVideoByOtherModel(JobButton, custom_id="cb:{in_list}:othermodel:{job_id}:{owner_id}"):
    """Makes a video with a model that takes people who may be real."""


class MakeVideoOfNobodyReal(JobButton, custom_id="cb:{in_list}:nobodyreal:{job_id}:{owner_id}"):
    """Makes a video whose owner says that nobody in it exists."""


class BackToTasks(OwnerButton, custom_id="cb:tasks:list:all:{owner_id}"):
    """Shows the list of /tasks again, in the place of one of its jobs."""


class UseSeconds(DurableButton, custom_id="cb:job:use:{job_id}:{seconds}:{owner_id}"):
    """Takes one of the suggestions. ``seconds`` as the provider takes them: ``1,3``."""

    def __init__(
        self, job_id: str, seconds: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.primary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, job_id=job_id, seconds=seconds)
        self.job_id = job_id
        self.seconds = seconds


class UsePreview(UseSeconds, custom_id="cb:job:begin:{job_id}:{seconds}:{owner_id}"):
    """Starts a character from one of the suggestions of a preview."""


class OtherPreviewSeconds(JobButton, custom_id="cb:{in_list}:beginother:{job_id}:{owner_id}"):
    """Opens a form for other seconds of a video that was previewed."""


class RetryJob(JobButton, custom_id="cb:{in_list}:retry:{job_id}:{owner_id}"):
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


# -- the cast (cogs/character) ---------------------------------------------------------------------------------------


class CharacterButton(DurableButton):
    """A button of one character."""

    def __init__(
        self, character_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, character_id=character_id)
        self.character_id = character_id


class UseCharacter(CharacterButton, custom_id="cb:cast:use:{character_id}:{owner_id}"):
    """Shows how it is used in a video."""


class MakeWithModel(CharacterButton, custom_id="cb:cast:model:{character_id}:{owner_id}"):
    """Has a model make a portable character as well."""


class ShowCharacter(CharacterButton, custom_id="cb:cast:show:{character_id}:{owner_id}"):
    """Shows it to its owner alone."""


class RenameCharacter(CharacterButton, custom_id="cb:cast:rename:{character_id}:{owner_id}"):
    """Opens a form for another name."""


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
    """Gives it the name, which was free a moment ago."""


class TypeAnotherName(NameButton, custom_id="cb:cast:othername:{character_id}:{name}:{owner_id}"):
    """Opens the form for another name, with the one that is taken in it."""


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
    """A button of an import that was offered."""

    def __init__(
        self, draft_id: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, draft_id=draft_id)
        self.draft_id = draft_id


class BringIn(ImportButton, custom_id="cb:import:yes:{draft_id}:{owner_id}"):
    """Writes what would come in."""


class DropImport(ImportButton, custom_id="cb:import:no:{draft_id}:{owner_id}"):
    """Forgets it."""


# -- privacy (cogs/privacy.py) ---------------------------------------------------------------------------------------


class PrivacyButton(OwnerButton):
    """People may always take and delete their own data."""

    always_open = True


class DeleteEverything(PrivacyButton, custom_id="cb:privacy:deleteyes:all:{owner_id}"):
    """Deletes all that is kept about its owner."""


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
    """Opens a form for a server's limit of a day."""

    always_open = True


class ShowResultsTo(DurableButton, custom_id="cb:server:private:{private}:{owner_id}"):
    """Decides whom a server's results are shown to: to everyone (0), or to their owners alone (1)."""

    always_open = True

    def __init__(
        self, private: bool, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, private=private)
        self.private = private
