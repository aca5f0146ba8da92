"""The step ``prepare``: fetches the video, looks at it, and decides whether to ask the owner something."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from bot import limits
from bot.config import Settings
from bot.errors import DownloadFailed
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.consent_check import check_consent_denials
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Courier
from bot.jobs.source_fetcher import SourceFetcher
from bot.jobs.video_inspection import VideoInspection, is_inside
from bot.store.characters import CharacterStore
from bot.store.consent_denials import ConsentDenialStore
from bot.store.consents import ConsentStore
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import text
from bot.values.job import CharacterRequest, PreviewRequest, Question, Transition
from bot.values.source import EarlierTask, StoredClip
from bot.values.time_range import TimeRange
from bot.values.video import VideoFacts


class Prepare:
    """Fetches the video, looks at it, and decides what its owner is asked first."""

    def __init__(
        self,
        *,
        fetcher: SourceFetcher,
        owned: OwnedJobStore,
        characters: CharacterStore,
        consents: ConsentStore,
        consent_denials: ConsentDenialStore,
        courier: Courier,
        inspection: VideoInspection,
        random: Random,
        settings: Settings,
    ) -> None:
        self._fetcher = fetcher
        self._owned = owned
        self._consents = consents
        self._consent_denials = consent_denials
        self._characters = characters
        self._courier = courier
        self._inspection = inspection
        self._random = random
        self._settings = settings

    async def __call__(self, leased: LeasedJob) -> Transition:
        """Fetch and check. Errors of the video or its link end the job uncharged."""
        try:
            await self._fetcher.fetch(leased)
        except DownloadFailed as error:
            if error.permanent or leased.job.attempts >= limits.DOWNLOAD_ATTEMPTS:
                raise
            return transitions.retried(leased.job, leased.now, backoff(leased.job.attempts, self._random))
        await check_consent_denials(self._consent_denials, leased.job)
        facts = await self._facts(leased)
        question = await self._question(leased, facts)
        if question is not None:
            return transitions.asked(leased.job, leased.now, question)
        return transitions.prepared(leased.job, leased.now)

    async def _facts(self, leased: LeasedJob) -> VideoFacts | None:
        """``None`` if there is nothing to ask about the video: it is not here, or the seconds were chosen earlier."""
        source = leased.job.about_source.source
        if isinstance(source, EarlierTask):
            return None
        if isinstance(source, StoredClip):
            await self._inspection.take_whole(leased)
            return None
        return await self._look(leased)

    async def _look(self, leased: LeasedJob) -> VideoFacts:
        if leased.job.seen.facts is None:
            await self._courier.progress(leased.job, text("Looking at the video"), None)
        facts = await self._inspection.probed(leased)
        request = leased.job.request
        if isinstance(request, CharacterRequest) and request.range is not None and not is_inside(request.range, facts):
            # The video is here, so its owner picks other seconds, and is told why.
            await leased.note({"request": replace(request, range=None, typed=request.range.people)})
        return facts

    async def _question(self, leased: LeasedJob, facts: VideoFacts | None) -> Question | None:
        """The first question that is still open; each answer leads back here."""
        job, request = leased.job, leased.job.about_source
        if isinstance(request, PreviewRequest):
            return Question.SECONDS
        if self._settings.consent.ask and await self._without_consent(job.owner_id, request):
            return Question.CONSENT
        if await self._is_taken(leased, request):
            return Question.NAME
        if request.range is None:
            return Question.SECONDS
        if not request.another and await self._same_recently(leased, request.range):
            return Question.SAME_AGAIN
        if facts is not None and job.seen.cut is None:  # they were asked before it was cut out
            findings = await self._inspection.examined(leased)
            if findings is not None and request.concerns(findings) and not request.anyway:
                return Question.CONCERNS
        return None

    async def _is_taken(self, leased: LeasedJob, request: CharacterRequest) -> bool:
        """Whether another character of theirs has the name; then the question suggests a free one."""
        name = request.name
        if name is None or request.completes is not None:  # an existing character keeps its name
            return False
        free = await self._characters.free_name(leased.job.owner_id, name)
        if free != request.offered and free != name:
            await leased.note({"request": replace(request, offered=free)})
        return free != name

    async def _without_consent(self, owner_id: int, request: CharacterRequest) -> bool:
        """Consent is asked of everybody once, and for each video that somebody else has posted."""
        if request.consent_at is not None:
            return False
        return request.of_others or not await self._consents.given(owner_id)

    async def _same_recently(self, leased: LeasedJob, chosen: TimeRange) -> bool:
        job, source = leased.job, leased.job.about_source.source
        same = await self._owned.same_recently(
            job.owner_id,
            but=job.id,
            sha256=job.seen.sha256,
            task_id=source.task_id if isinstance(source, EarlierTask) else None,
            range=chosen,
            since=leased.now - limits.SAME_AGAIN,
        )
        return same is not None
