"""Builds the services around people's casts: search, lending, use in videos, export and import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.jobs.cast_exporter import CastExporter
from bot.jobs.cast_import import CastImporter
from bot.jobs.export_links import ExportLinks
from bot.jobs.lending import Lending
from bot.jobs.playable_cast import PlayableCast
from bot.jobs.ports import ByteSource

if TYPE_CHECKING:
    from bot.app.build import App


@dataclass(frozen=True, slots=True)
class CastLibrary:
    """The services that use characters, but do not make them."""

    lending: Lending
    playable: PlayableCast
    exporter: CastExporter
    export_links: ExportLinks
    importer: CastImporter

    @classmethod
    def of(cls, app: App, source: ByteSource) -> CastLibrary:
        """``source``: provides the bytes of an archive."""
        stores, settings, clock = app.stores, app.settings, app.clock
        return cls(
            lending=Lending(
                loans=stores.loans,
                consents=stores.person_consents,
                characters=stores.characters,
                files=stores.files,
                access_policy=app.access_policy,
                workers=app.runner,
                server_log=app.server_log,
                messages=app.message_updates,
                clock=clock,
            ),
            playable=PlayableCast(characters=stores.characters, search=stores.cast, loans=stores.loans, clock=clock),
            exporter=CastExporter(
                store=stores.portable_casts,
                archive_writer=app.archive_writer,
                signatures=stores.signatures,
                clock=clock,
            ),
            export_links=ExportLinks(stores.signatures, clock, settings.web.public_url),
            importer=CastImporter(
                store=stores.portable_casts,
                drafts=stores.drafts,
                files=stores.files,
                disk=stores.disk,
                consents=stores.consents,
                consent_denials=stores.consent_denials,
                source=source,
                media=app.media,
                places=app.places,
                signatures=stores.signatures,
                clock=clock,
                random=app.random,
                settings=settings,
            ),
        )
