"""Lending: who may use whose character, and what happens to videos when it is taken back or somebody says no."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot import metrics
from bot.errors import Refusal
from bot.jobs import transitions
from bot.jobs.access_policy import AccessPolicy
from bot.jobs.ports import SentMessages, ServerLog, Workers
from bot.store.characters import CharacterStore, Deleted
from bot.store.files import FileStore
from bot.store.loan_reach import not_lent
from bot.store.loans import LoanStore, TakenBack
from bot.store.person_consents import PersonConsentStore
from bot.texts import listed, text
from bot.values.clock import Clock
from bot.values.job import Job, Outcome, Transition
from bot.values.loan import Answer, Loan, LoanRecipient, PersonConsent

_log = structlog.get_logger(__name__)


class Lending:
    """Everything here acts for the given owner; another person's character counts as unknown."""

    def __init__(
        self,
        *,
        loans: LoanStore,
        consents: PersonConsentStore,
        characters: CharacterStore,
        files: FileStore,
        access_policy: AccessPolicy,
        workers: Workers,
        server_log: ServerLog,
        messages: SentMessages,
        clock: Clock,
    ) -> None:
        self._loans = loans
        self._consents = consents
        self._characters = characters
        self._files = files
        self._access_policy = access_policy
        self._workers = workers
        self._server_log = server_log
        self._messages = messages
        self._clock = clock

    async def lend(
        self,
        owner_id: int,
        character_id: int,
        to: LoanRecipient,
        *,
        guild_id: int | None,
        uses: int | None,
        until: datetime | None,
    ) -> Loan | None:
        """Lend it, or change the terms. ``guild_id``: where the command was given. ``None``: no such character.

        Raises Refusal if the borrower may not use the bot, or it is lent too often already.
        """
        if to.person == owner_id:
            raise Refusal(text("It's yours already. Choose somebody else, or lend it to the whole server."))
        if to.person is not None and self._access_policy.refusal(user_id=to.person, guild_id=guild_id, channels=()):
            raise Refusal(text("That person can't use me here, so I lent them nothing."))
        return await self._loans.lend(owner_id, character_id, to, uses=uses, until=until, now=self._clock())

    async def take_back(
        self,
        owner_id: int,
        *,
        character_id: int | None = None,
        to: LoanRecipient | None = None,
        loan_id: int | None = None,
    ) -> TakenBack:
        """End the loans, as :meth:`LoanStore.take_back`. Jobs that have not been sent end, uncharged.

        What the provider is already making is paid for, and goes to the person who started it.
        """
        now = self._clock()

        def stop(job: Job) -> Transition:
            names = {role.name for role in job.video.cast if role.loan_id is not None}
            return transitions.failed(job, now, not_lent(listed(sorted(names))))

        taken = await self._loans.take_back(owner_id, stop, now=now, character_id=character_id, to=to, loan_id=loan_id)
        for job in taken.stopped:
            metrics.JOBS_ENDED.labels(Outcome.FAILED).inc()
            self._server_log.ended(job)
            await self._workers.interrupt(job.id)  # its next write would find the lease gone; this saves waiting for it
        if taken.stopped:
            self._workers.wake()
        if taken.loans:
            _log.info("taken_back", loans=taken.loans, stopped=len(taken.stopped), going_on=taken.going_on)
        return taken

    async def delete(self, owner_id: int, character_id: int) -> Deleted | None:
        """Take the character back from everybody, then delete it and its files; ``None`` if there is none."""
        await self.take_back(owner_id, character_id=character_id)
        async with self._files.owner(owner_id):
            gone = await self._characters.delete(owner_id, character_id)
            for key in gone.orphans if gone is not None else ():
                await self._files.delete(key)
        self._messages.wake()
        return gone

    async def answered(self, person_id: int, consent_id: int, answer: Answer) -> tuple[PersonConsent, Deleted | None]:
        """Record the answer of a person who is shown in a character. A no deletes it with its files and copies.

        Raises Refusal if nobody asked them.
        """
        consent = await self._consents.answer(person_id, consent_id, answer, now=self._clock())
        if consent is None:
            raise Refusal(text("That question is gone: the person who asked it deleted it."))
        if consent.answer is not Answer.NO:
            return consent, None
        gone = await self.delete(consent.owner_id, consent.character_id)
        for copy in await self._consents.refused(consent.owner_id, person_id):
            await self.delete(consent.owner_id, copy)
        _log.info("person_refused", removed=gone is not None)
        return consent, gone
