"""The buttons of jobs (cogs/tasks.py, cogs/closer_look.py, cogs/earlier_videos.py, cogs/video_results.py)."""

from __future__ import annotations

from typing import Final

from discord import ButtonStyle

from bot.chat.buttons import OwnerButton
from bot.chat.durable_items import DurableButton


class JobButton(DurableButton):
    """A button of one job: on the job's own message, or (``in_list``) on the list of /tasks."""

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
    """Yes: a character may be made from the person in the clip."""


class MakeAnother(JobButton, custom_id="cb:{in_list}:again:{job_id}:{owner_id}"):
    """Yes: the same clip and seconds again."""


class UseAnyway(JobButton, custom_id="cb:{in_list}:anyway:{job_id}:{owner_id}"):
    """Yes: these seconds, in spite of the concerns."""


class MakeLouder(JobButton, custom_id="cb:{in_list}:louder:{job_id}:{owner_id}"):
    """Yes: these seconds, with the sound at the usual loudness of voices."""


class UseOfferedName(JobButton, custom_id="cb:{in_list}:name:{job_id}:{owner_id}"):
    """Yes: the name with a number after it, because the requested one is taken."""


class TypeJobName(JobButton, custom_id="cb:{in_list}:othername:{job_id}:{owner_id}"):
    """Opens a form for another name, filled with the one that is taken."""


class PickSeconds(JobButton, custom_id="cb:{in_list}:pick:{job_id}:{owner_id}"):
    """Shows the picker, for the first time or again."""


class OtherSeconds(JobButton, custom_id="cb:{in_list}:other:{job_id}:{owner_id}"):
    """Opens a form for seconds that were not suggested."""


class CancelJob(JobButton, custom_id="cb:{in_list}:cancel:{job_id}:{owner_id}"):
    """Cancels a job that has not been submitted yet."""


class SendAgain(JobButton, custom_id="cb:{in_list}:resend:{job_id}:{owner_id}"):
    """Sends a job again after an unclear submission."""


class CheckAgain(JobButton, custom_id="cb:{in_list}:recheck:{job_id}:{owner_id}"):
    """Checks again how a task at the provider ended."""


class ShowResult(JobButton, custom_id="cb:{in_list}:show:{job_id}:{owner_id}"):
    """Shows a result that could not be delivered."""


class MakeVideoAgain(JobButton, custom_id="cb:{in_list}:video:{job_id}:{owner_id}"):
    """Makes the same video again."""


class MakeSilentVideo(JobButton, custom_id="cb:{in_list}:silent:{job_id}:{owner_id}"):
    """Makes a video without the sound that the provider refused."""


class MakeVideoByOtherModel(JobButton, custom_id="cb:{in_list}:othermodel:{job_id}:{owner_id}"):
    """Makes a video with a model that accepts people who may be real."""


class MakeVideoOfNobodyReal(JobButton, custom_id="cb:{in_list}:nobodyreal:{job_id}:{owner_id}"):
    """Makes a video whose owner says that everyone in it is made up."""


class ChangeFailedVideo(JobButton, custom_id="cb:{in_list}:changevideo:{job_id}:{owner_id}"):
    """Opens the form of a video, filled with the request of a failed job."""


class BackToTasks(OwnerButton, custom_id="cb:tasks:list:all:{owner_id}"):
    """Shows the list of /tasks again, replacing one of its jobs."""


class UseSeconds(DurableButton, custom_id="cb:job:use:{job_id}:{seconds}:{owner_id}"):
    """Uses one of the suggestions. ``seconds`` are in the provider's form: ``1,3``."""

    def __init__(
        self, job_id: str, seconds: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.primary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, job_id=job_id, seconds=seconds)
        self.job_id = job_id
        self.seconds = seconds


class UsePreview(UseSeconds, custom_id="cb:job:begin:{job_id}:{seconds}:{owner_id}"):
    """Starts a character from one of the suggestions of a preview."""


class OtherPreviewSeconds(JobButton, custom_id="cb:{in_list}:beginother:{job_id}:{owner_id}"):
    """Opens a form for other seconds of a previewed video."""


class RetryJob(JobButton, custom_id="cb:{in_list}:retry:{job_id}:{owner_id}"):
    """Starts a failed job again, as a new one, with the video that is here or the same link."""


PREVIEWED: Final = "previewed"
"""The ``adjustment`` of a preview's seconds, which are shown in their own message."""


class WatchSeconds(DurableButton, custom_id="cb:job:watch:{adjustment}:{job_id}:{seconds}:{owner_id}"):
    """Shows seconds as an animated picture. ``adjustment``: how they were chosen, which distinguishes equal buttons."""

    def __init__(
        self,
        adjustment: str,
        job_id: str,
        seconds: str,
        owner_id: int,
        label: str = "",
        style: ButtonStyle = ButtonStyle.secondary,
        *,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            label, style, owner_id=owner_id, disabled=disabled, adjustment=adjustment, job_id=job_id, seconds=seconds
        )
        self.adjustment = adjustment
        self.job_id = job_id
        self.seconds = seconds
