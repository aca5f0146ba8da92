"""The group ``/video``."""

from __future__ import annotations

from discord.ext import commands

from bot.jobs.fitted_videos import FittedVideos
from bot.jobs.job_starter import JobStarter
from bot.jobs.playable_cast import PlayableCast
from bot.jobs.video_planner import VideoPlanner
from bot.jobs.video_request_builder import VideoRequestBuilder
from bot.store.characters import CharacterStore
from bot.store.files import FileStore
from bot.store.loans import LoanStore
from bot.store.videos import VideoStore
from bot.values.clock import Clock
from cogs.video.listing import ListedVideos
from cogs.video.making import MakingVideos


class VideoCommands(
    MakingVideos,
    ListedVideos,
    commands.GroupCog,
    group_name="video",
    group_description="Make videos with your cast, and look at those you have.",
):
    """Makes videos, and shows those that were made."""

    def __init__(
        self,
        *,
        starter: JobStarter,
        planner: VideoPlanner,
        builder: VideoRequestBuilder,
        cast: PlayableCast,
        characters: CharacterStore,
        videos: VideoStore,
        loans: LoanStore,
        files: FileStore,
        fitted: FittedVideos,
        address: str,
        clock: Clock,
    ) -> None:
        MakingVideos.__init__(
            self,
            starter=starter,
            planner=planner,
            builder=builder,
            cast=cast,
            characters=characters,
            videos=videos,
            address=address,
            clock=clock,
        )
        ListedVideos.__init__(self, videos=videos, loans=loans, files=files, fitted=fitted)
