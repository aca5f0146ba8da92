"""The group ``/video``."""

from __future__ import annotations

from discord.ext import commands

from cogs.video.making import MakingVideos


class VideoCommands(
    MakingVideos,
    commands.GroupCog,
    group_name="video",
    group_description="Make videos with your cast, and look at those you have.",
):
    """Makes videos."""
