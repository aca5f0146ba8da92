"""Inspects a job's video, storing each finding in the row, and cuts the clip out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor
from pathlib import Path

import structlog

from bot import limits
from bot.concurrency import Places
from bot.errors import BadFile, BadRange, BadSource
from bot.jobs.leased_job import LeasedJob
from bot.media.operations import MediaFailed
from bot.media.worker import MediaWorker
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.job import Job
from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Concern, Cut, Findings, Reference, VideoFacts

SOURCE = "source"  # in the job's work folder: the original video
_STRIP, _MARKED_STRIP = "filmstrip.webp", "filmstrip-marked.webp"
_SLACK = 0.05  # seconds a range may end after the last frame, because players round to whole frames
_HELD = 0.25  # seconds it may begin before the first frame; it then starts at the beginning

_log = structlog.get_logger(__name__)


class VideoInspection:
    """Uses the media worker, with a place among the child processes for each look.

    Raises :class:`~bot.errors.BadFile` and :class:`~bot.media.operations.MediaFailed`, both uncharged.
    """

    def __init__(self, *, media: MediaWorker, files: FileStore, places: Places, cuts: bool = True) -> None:
        """``cuts``: the provider gets the clip, not the whole video, so its sound can be made louder."""
        self._cuts = cuts
        self._media = media
        self._places = places
        self._files = files

    async def probed(self, leased: LeasedJob) -> VideoFacts:
        """The facts of the video. Raises BadFile if it is unusable."""
        facts = leased.job.seen.facts
        if facts is None:
            source = await self._source(leased.job)
            async with self._places.videos.place(leased.job.owner_id):
                facts = replace(await self._media.probe(source), section=leased.job.seen.section)
            _check(facts, sound=leased.job.about_source.needs_sound)
            await leased.note({"seen": replace(leased.job.seen, facts=facts)})
        else:  # perhaps of a preview, which required less
            _check(facts, sound=leased.job.about_source.needs_sound)
        return facts

    async def take_whole(self, leased: LeasedJob) -> None:
        """The video is the clip already, and all of it is used. Raises BadFile as :meth:`probed`."""
        facts = await self.probed(leased)
        cut = Cut(name=SOURCE, seconds=facts.seconds, width=facts.width, height=facts.height, stills=())
        await leased.note({"seen": replace(leased.job.seen, cut=cut)})

    async def examined(self, leased: LeasedJob) -> Findings | None:
        """Concerns about the chosen seconds; ``None`` if they could not be examined, which does not stop the job."""
        seen = leased.job.seen
        if seen.findings is None:
            source = await self._source(leased.job)
            try:
                async with self._places.videos.place(leased.job.owner_id):
                    findings = await self._media.examine(source, leased.job.character.chosen)
            except (MediaFailed, BadFile):
                _log.warning("not_examined", job=leased.job.id)
                return None
            if not self._cuts:
                heard = tuple(each for each in findings.concerns if each is not Concern.QUIET)
                findings = replace(findings, concerns=heard)
            seen = replace(seen, findings=findings)
            await leased.note({"seen": seen})
        return seen.findings

    async def suggested(self, leased: LeasedJob) -> BestSeconds:
        """The best seconds of the video, or ``failed`` if it could not be scanned: a person can still choose."""
        seen = leased.job.seen
        if seen.best is None:
            source = await self._source(leased.job)
            try:
                async with self._places.videos.place(leased.job.owner_id):
                    best = await self._media.suggest(source)
            except (MediaFailed, BadFile):
                _log.warning("no_suggestions", job=leased.job.id)
                best = BestSeconds(suggestions=(), sampled=False, faces=False, voices=False, failed=True)
            await leased.note({"seen": replace(seen, best=best)})
            return best
        return seen.best

    async def filmstrip(self, leased: LeasedJob, marks: Sequence[TimeRange] = ()) -> bytes:
        """The video as a filmstrip (WebP), with ``marks`` framed and numbered on it."""
        source = await self._source(leased.job)
        into = source.with_name(_MARKED_STRIP if marks else _STRIP)
        if not await self._files.in_work(into):
            async with self._places.videos.place(leased.job.owner_id):
                await self._media.filmstrip(source, into, marks=marks)
        return await self._files.read_work(into)

    async def strip_of(self, leased: LeasedJob, seconds: TimeRange) -> bytes | None:
        """``seconds`` of the video as a filmstrip; ``None`` if it cannot be made, which does not stop the job."""
        try:
            source = await self._source(leased.job)
            into = source.with_name(f"seconds-{seconds.start}-{seconds.end}.webp")
            if not await self._files.in_work(into):
                async with self._places.videos.place(leased.job.owner_id):
                    await self._media.filmstrip(source, into, marks=[seconds], alone=True)
            return await self._files.read_work(into)
        except (MediaFailed, BadFile, BadSource):
            _log.warning("seconds_not_shown", job=leased.job.id)
            return None

    async def moving(self, job: Job, seconds: TimeRange) -> bytes:
        """``seconds`` of the video as an animated WebP. Raises BadSource if the video is gone."""
        source = await self._source(job)
        into = source.with_name(f"moving-{seconds.start}-{seconds.end}.webp")
        if not await self._files.in_work(into):
            async with self._places.videos.place(job.owner_id):
                await self._media.moving_picture(source, seconds, into)
        return await self._files.read_work(into)

    async def cut(self, leased: LeasedJob) -> None:
        """Cut the chosen seconds into their own file, with its stills; the video itself is no longer needed then."""
        job = leased.job
        if job.seen.cut is not None:
            return
        source = await self._source(job)
        async with self._places.videos.place(leased.job.owner_id):
            cut = await self._media.cut(source, job.character.chosen, source.parent, louder=job.character.louder)
        clip = await self._files.measure_work(source.with_name(cut.name), "video/mp4")
        reference = await self._reference(job, source)
        await self._files.share_in_work(*[source.with_name(name) for name in _names(cut, reference)])
        await leased.note({"file": clip, "seen": replace(job.seen, cut=cut, reference=reference)})
        await self._files.drop_from_work(source)

    async def cut_if_whole(self, leased: LeasedJob) -> None:
        """Cut after the provider has accepted the whole video, if that is here: other models are shown the clip.

        A failure is ignored: a character made by the provider works without it.
        """
        job = leased.job
        if job.seen.cut is not None or not await self._files.in_work(await self._files.work_folder(job.id) / SOURCE):
            return
        try:
            await self.cut(leased)
        except (MediaFailed, BadFile, BadSource, OSError) as error:  # also from a full disk
            _log.warning("no_reference", job=job.id, error=type(error).__name__)

    async def _reference(self, job: Job, source: Path) -> Reference | None:
        """What other models need, made while the video is here; a failure is ignored."""
        try:
            async with self._places.videos.place(job.owner_id):
                return await self._media.reference(
                    source, job.character.chosen, source.parent, louder=job.character.louder
                )
        except (MediaFailed, BadFile):
            _log.warning("no_reference", job=job.id)
            return None

    async def stills(self, job: Job) -> tuple[Path, ...]:
        """The stills of the clip that still exist, best first."""
        folder = await self._files.work_folder(job.id)
        names = [still.name for still in job.seen.cut.stills] if job.seen.cut else []
        return tuple([path for name in names if await self._files.in_work(path := folder / name)])

    async def sent(self, job: Job) -> Path:
        """The file that the provider gets. Raises BadSource if it is gone."""
        return await self._present(job, job.seen.cut.name if job.seen.cut else SOURCE)

    async def _source(self, job: Job) -> Path:
        return await self._present(job, SOURCE)

    async def _present(self, job: Job, name: str) -> Path:
        path = await self._files.work_folder(job.id) / name
        if job.file is None or not await self._files.in_work(path):
            raise BadSource(
                text("I no longer have the video. Attach it again with /character create. Nothing was charged.")
            )
        return path


def _names(cut: Cut, reference: Reference | None) -> tuple[str, ...]:
    """The names of the files in the work folder."""
    names = (cut.name, *(still.name for still in cut.stills))
    if reference is None:
        return names
    more = (reference.clip, reference.voice, *(still.name for still in reference.stills))
    return (*names, *(name for name in more if name is not None))


def problem_with(typed: str, facts: VideoFacts | None) -> Text | None:
    """What is wrong with the seconds that somebody typed for a video; ``None`` if nothing is."""
    try:
        chosen = TimeRange.parse(typed)
        if facts is not None:
            check_inside(chosen, facts)
    except BadRange as error:
        return error.problem
    return None


def is_inside(chosen: TimeRange, facts: VideoFacts) -> bool:
    """Whether ``chosen`` neither begins before the picture nor ends after the video."""
    return _outside(chosen, facts) is None


def check_inside(chosen: TimeRange, facts: VideoFacts) -> None:
    """Raise :class:`~bot.errors.BadRange` if ``chosen`` begins before the picture or ends after the video."""
    problem = _outside(chosen, facts)
    if problem is not None and facts.section:
        raise BadRange(problem, problem)
    if problem is not None:
        raise BadRange(text("{problem} Choose seconds inside the video.", problem=problem), problem)


def _outside(chosen: TimeRange, facts: VideoFacts) -> Text | None:
    late, early = float(chosen.end) > facts.seconds + _SLACK, float(chosen.start) < facts.begins - _HELD
    if facts.section and (late or early):
        return text(
            "I fetched only the seconds from {begins} to {ends} of that video. For others, use /character create again "
            "and give them in the option **range**.",
            begins=ceil(facts.begins),
            ends=floor(facts.seconds),
        )
    if late:
        return text(
            "The video is {length} s long, and {range} ends after that.",
            length=round(facts.seconds, 1),
            range=chosen.people,
        )
    if early:
        return text(
            "The picture of that video begins at {begins} s, and {range} begins before that.",
            begins=ceil(facts.begins * 10) / 10,
            range=chosen.people,
        )
    return None


def _check(facts: VideoFacts, *, sound: bool) -> None:
    if sound and facts.audio_codec is None:
        raise BadFile(
            text("That video has no sound, and characters need sound. Use one in which the character speaks.")
        )
    if facts.seconds - facts.begins + _SLACK < float(limits.RANGE_SHORTEST):
        raise BadFile(
            text("That video is shorter than a second. A character needs one to three seconds, so use a longer one.")
        )
