"""The buttons and menus of videos, handled in cogs/video."""

from __future__ import annotations

from discord import ButtonStyle

from bot.chat.buttons import OwnerButton, PageButton
from bot.chat.durable_items import DurableButton
from bot.chat.selects import DurableSelect


class TakeInstead(DurableButton, custom_id="cb:video:take:{draft_id}:{change}:{owner_id}"):
    """Makes the video with one change; ``change`` is a :class:`~bot.jobs.video_questions.Change`."""

    def __init__(
        self, draft_id: str, change: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.primary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, draft_id=draft_id, change=change)
        self.draft_id = draft_id
        self.change = change


class ChangeVideo(DurableButton, custom_id="cb:video:change:{draft_id}:{owner_id}"):
    """Opens the form of a video, filled in with what was requested."""

    def __init__(
        self, draft_id: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, draft_id=draft_id)
        self.draft_id = draft_id


class NewVideo(OwnerButton, custom_id="cb:videos:new:all:{owner_id}"):
    """Opens the empty form of a video."""


class TurnVideos(PageButton, custom_id="cb:videos:page:{offset}:{owner_id}"):
    """Shows another page of /video list."""


class OpenVideo(DurableSelect, custom_id="cb:videos:open:all:{owner_id}"):
    """On lists of earlier versions: shows one of the videos of /video list. The values are the videos' ids."""


class VideoButton(DurableButton):
    """A button of one video."""

    def __init__(
        self, video_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, video_id=video_id)
        self.video_id = video_id


class ShowVideo(VideoButton, custom_id="cb:video:show:{video_id}:{owner_id}"):
    """Shows it again, to its owner only."""


class AnotherTake(VideoButton, custom_id="cb:video:another:{video_id}:{owner_id}"):
    """Opens the form of a video, filled in with the request of this one."""


class CharacterOfVideo(VideoButton, custom_id="cb:video:character:{video_id}:{owner_id}"):
    """Starts a character from this video, whose seconds are picked next."""


class DeleteVideo(VideoButton, custom_id="cb:video:delete:{video_id}:{owner_id}"):
    """Asks whether to delete it."""


class ConfirmDeleteVideo(VideoButton, custom_id="cb:video:deleteyes:{video_id}:{owner_id}"):
    """Deletes it."""


class KeepVideo(VideoButton, custom_id="cb:video:deleteno:{video_id}:{owner_id}"):
    """Keeps it."""
