"""Builds the steps of each kind of job, with what each of them needs of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.character_submission import CharacterSubmission
from bot.jobs.choose import Choose
from bot.jobs.collect import Collect
from bot.jobs.deliver import Deliver
from bot.jobs.kinds import character_content, character_steps, preview_steps
from bot.jobs.leased_job import Steps
from bot.jobs.ports import ByteSource
from bot.jobs.prepare import Prepare
from bot.jobs.submit import Submit
from bot.jobs.watch import Watch
from bot.values.job import JobKind

if TYPE_CHECKING:
    from bot.app.build import App


def steps_by_kind(app: App, source: ByteSource) -> dict[JobKind, Steps]:
    """``source``: where the bytes of a link or an attachment come from."""
    stores, settings, random = app.stores, app.settings, app.random
    places, inspection = app.places, app.inspection
    prepare = Prepare(
        jobs=stores.jobs,
        owned=stores.owned_jobs,
        characters=stores.characters,
        consents=stores.consents,
        files=stores.files,
        disk=stores.disk,
        source=source,
        places=places,
        courier=app.courier,
        inspection=inspection,
        random=random,
        settings=settings,
    )
    choose = Choose(courier=app.courier, files=stores.files, inspection=inspection, random=random)
    submission = CharacterSubmission(
        provider=app.provider,
        inspection=inspection,
        places=places,
        courier=app.courier,
        cut=settings.media.send == "clip",
    )
    submit = Submit(
        submission=submission,
        provider=app.provider,
        breaker=app.breaker,
        availability=app.availability,
        courier=app.courier,
        events=stores.events,
        random=random,
        settings=settings.toapis,
    )
    watch = Watch(
        provider=app.provider,
        courier=app.courier,
        events=stores.events,
        random=random,
        settings=settings.toapis,
    )
    collect = Collect(
        characters=stores.characters,
        files=stores.files,
        source=source,
        media=app.media,
        places=places,
        inspection=inspection,
        random=random,
    )
    deliver = Deliver(
        contents={JobKind.CHARACTER: character_content(stores.characters)},
        files=stores.files,
        courier=app.courier,
        random=random,
    )
    return {
        JobKind.CHARACTER: character_steps(prepare, choose, submit, watch, collect, deliver),
        JobKind.PREVIEW: preview_steps(prepare, choose, deliver),
    }
