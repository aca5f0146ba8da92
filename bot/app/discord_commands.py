"""Builds the cogs, with what each of them needs from the app."""

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
from cogs.character.consent import ConsentRequests
from cogs.character.creation import CharacterCreation
from cogs.character.deletion import CharacterDeletion
from cogs.character.editing import CharacterEditing
from cogs.character.groups import GroupCommands
from cogs.character.lending import CharacterLending
from cogs.character.listing import CastListing
from cogs.character.lookup import CastLookup
from cogs.character.portability import CastPortability
from cogs.closer_look import CloserLook
from cogs.earlier_videos import EarlierVideoButtons
from cogs.message_menu import MessageMenu
from cogs.operator import Operator
from cogs.privacy import Privacy
from cogs.server.cog import Allowed, Server
from cogs.server.roles import ServerRoles
from cogs.tasks import Tasks
from cogs.video.choices import VideoChoices
from cogs.video.cog import VideoCommands
from cogs.video.creation import VideoCreation
from cogs.video.listing import VideoListing
from cogs.video_results import VideoResults

if TYPE_CHECKING:
    from bot.app.build import App


def cogs_of(app: App) -> list[commands.Cog]:
    """The cogs with the commands for everybody."""
    stores = app.stores
    max_bytes = most_bytes(app.settings)
    lookup = CastLookup(stores.characters, stores.cast, stores.groups, stores.files, app.face_rows)
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
    return [
        _character_commands(app, lookup, max_bytes),
        GroupCommands(lookup, groups=stores.groups, clock=app.clock),
        _video_commands(app),
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


def _character_commands(app: App, lookup: CastLookup, max_bytes: int) -> CharacterCommands:
    stores, lending, record_sent, clock = app.stores, app.cast.lending, app.record_sent, app.clock
    return CharacterCommands(
        lookup,
        creation=CharacterCreation(
            starter=app.job_starter,
            videos=stores.videos,
            clock=clock,
            availability=app.availability,
            max_bytes=max_bytes,
        ),
        listing=CastListing(lookup, cards=app.character_cards, record_sent=record_sent, clock=clock),
        editing=CharacterEditing(
            lookup,
            characters=stores.characters,
            defaults=stores.defaults,
            files=stores.files,
            messages=app.message_updates,
            record_sent=record_sent,
            clock=clock,
        ),
        deletion=CharacterDeletion(lookup, lending=lending, record_sent=record_sent, clock=clock),
        lending=CharacterLending(
            lookup,
            lending=lending,
            loans=stores.loans,
            consents=stores.person_consents,
            cast=app.cast.playable,
            videos=stores.videos,
            files=stores.files,
            clock=clock,
        ),
        consent=ConsentRequests(
            lookup, lending=lending, consents=stores.person_consents, characters=stores.characters, clock=clock
        ),
        portability=CastPortability(
            lookup, exporter=app.cast.exporter, links=app.cast.export_links, importer=app.cast.importer
        ),
    )


def _video_commands(app: App) -> VideoCommands:
    stores, planner, cast = app.stores, app.video_planner, app.cast.playable
    builder = VideoRequestBuilder(
        cast=cast,
        characters=stores.characters,
        defaults=stores.defaults,
        drafts=stores.drafts,
        owned=stores.owned_jobs,
        planner=planner,
        starter=app.job_starter,
        clock=app.clock,
        random=app.random,
    )
    choices = VideoChoices(cast=cast, planner=planner, builder=builder)
    return VideoCommands(
        choices=choices,
        creation=VideoCreation(
            starter=app.job_starter,
            planner=planner,
            choices=choices,
            builder=builder,
            characters=stores.characters,
            videos=stores.videos,
            address=app.provider.video_address,
            clock=app.clock,
        ),
        listing=VideoListing(videos=stores.videos, loans=stores.loans, files=stores.files, fitted=app.fitted_videos),
    )


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
