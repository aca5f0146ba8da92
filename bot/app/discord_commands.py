"""Builds the cogs, with what each of them needs of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord.ext import commands

from bot import __version__
from bot.app.health_report import HealthReport
from bot.config import Settings
from bot.jobs.earlier_videos import EarlierVideos
from bot.jobs.source_fetcher import most_bytes
from bot.jobs.video_request_builder import VideoRequestBuilder
from bot.jobs.video_retakes import VideoRetakes
from bot.store.gauges import GaugeStore
from cogs.about import About
from cogs.character.cog import CharacterCommands
from cogs.character.groups import GroupCommands
from cogs.character.lookup import CastLookup
from cogs.character.portability import Portability
from cogs.closer_look import CloserLook
from cogs.earlier_videos import EarlierVideoButtons
from cogs.message_menu import MessageMenu
from cogs.operator import Operator
from cogs.privacy import Privacy
from cogs.server.cog import Allowed, Server
from cogs.server.roles import ServerRoles
from cogs.tasks import Tasks
from cogs.video.cog import VideoCommands
from cogs.video_results import VideoResults

if TYPE_CHECKING:
    from bot.app.build import App


def cogs_of(app: App) -> list[commands.Cog]:
    """The commands for everybody."""
    stores = app.stores
    max_bytes = most_bytes(app.settings)
    lookup = CastLookup(stores.characters, stores.cast, stores.groups, stores.files, app.face_rows)
    character = CharacterCommands(
        lookup,
        cards=app.character_cards,
        starter=app.job_starter,
        lending=app.cast.lending,
        loans=stores.loans,
        consents=stores.person_consents,
        cast=app.cast.playable,
        characters=stores.characters,
        defaults=stores.defaults,
        videos=stores.videos,
        files=stores.files,
        messages=app.message_updates,
        note_sent=app.note_sent,
        clock=app.clock,
        availability=app.availability,
        max_bytes=max_bytes,
        portability=Portability(
            exporter=app.cast.exporter, links=app.cast.export_links, importer=app.cast.importer, groups=stores.groups
        ),
    )
    earlier = EarlierVideoButtons(
        earlier=EarlierVideos(
            starter=app.job_starter,
            owned=stores.owned_jobs,
            characters=stores.characters,
            availability=app.availability,
            files=stores.files,
            clock=app.clock,
        ),
        starter=app.job_starter,
        clock=app.clock,
    )
    menu = MessageMenu(
        tree=app.client.tree,
        starter=app.job_starter,
        drafts=stores.drafts,
        clock=app.clock,
        max_bytes=max_bytes,
    )
    video = VideoCommands(
        starter=app.job_starter,
        planner=app.video_planner,
        cast=app.cast.playable,
        loans=stores.loans,
        builder=VideoRequestBuilder(
            cast=app.cast.playable,
            characters=stores.characters,
            defaults=stores.defaults,
            drafts=stores.drafts,
            owned=stores.owned_jobs,
            planner=app.video_planner,
            starter=app.job_starter,
            clock=app.clock,
            random=app.random,
        ),
        characters=stores.characters,
        videos=stores.videos,
        files=stores.files,
        fitted=app.fitted_videos,
        address=app.provider.video_address,
        clock=app.clock,
    )
    return [
        character,
        GroupCommands(lookup, groups=stores.groups, clock=app.clock),
        video,
        menu,
        earlier,
        VideoResults(
            retakes=VideoRetakes(owned=stores.owned_jobs, planner=app.video_planner, starter=app.job_starter),
            starter=app.job_starter,
            clock=app.clock,
        ),
        CloserLook(jobs=stores.owned_jobs, inspection=app.inspection),
        Tasks(job_service=app.job_service, jobs=stores.owned_jobs, task_list=app.task_list, clock=app.clock),
        Privacy(
            store=stores.privacy,
            archive_writer=app.archive_writer,
            erasure=app.erasure,
            signatures=stores.signatures,
            clock=app.clock,
            day_limit=app.settings.limits.per_user_per_day,
        ),
        ServerRoles(servers=stores.servers, log=app.server_log),
        Server(servers=stores.servers, allowed=_allowed_in_a_server(app.settings)),
        About(version=__version__, availability=app.availability, video_availability=app.video_availability),
    ]


def _allowed_in_a_server(settings: Settings) -> Allowed:
    return Allowed(
        characters=settings.limits.per_server_per_day,
        videos=settings.limits.videos_per_server_per_day,
        credits=settings.limits.credits_per_server_per_day,
        member_credits=settings.limits.credits_per_user_per_day,
        priced=bool(settings.toapis.prices or settings.toapis.video_prices),
    )


def operator_cog_of(app: App) -> Operator:
    """The operators' commands."""
    report = HealthReport(
        probes=app.probes,
        gauges=GaugeStore(app.stores.database),
        availability=app.availability,
        video_availability=app.video_availability,
        clock=app.clock,
    )
    owners = app.settings.discord.owners
    return Operator(
        blocks=app.stores.blocks,
        owners=owners,
        report=report.lines,
        resume=app.breaker.resume,
        clock=app.clock,
    )
