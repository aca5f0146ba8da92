"""Tells people at their next command about results and questions that could not be delivered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias

import aiohttp
import discord
import structlog

from bot import limits
from bot.chat.markdown import mentions_of, say
from bot.errors import DatabaseFault
from bot.log import passing, unexpected
from bot.store.database_errors import database_fault_of
from bot.store.owned_jobs import Pending
from bot.store.person_consents import PersonConsentStore
from bot.texts import Text, listed, ntext, text

FindPending: TypeAlias = Callable[[int], Awaitable[Pending]]
"""What has not reached the person with this user id."""

TASKS = "tasks"  # the command that lists them itself

log = structlog.get_logger(__name__)


class PendingResults:
    """Tells them once per result and run of the process, in a separate message, after the command's answer."""

    def __init__(
        self,
        find: FindPending,
        refused: PersonConsentStore | None = None,
        tell_others: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``refused`` knows the characters that were deleted because somebody in them said no.

        ``tell_others``: tells other processes that they need not report that job.
        """
        self._tell_others = tell_others
        self._find = find
        self._refused = refused
        self._told: OrderedDict[str, None] = OrderedDict()

    async def tell(self, interaction: discord.Interaction[Any], command: str) -> None:
        """Called when ``command`` has finished. Never raises: this can wait for the next command."""
        try:
            if self._refused is not None:
                untold = await self._refused.untold(interaction.user.id)
                await self._tell_refused(interaction, self._refused, untold.refused)
                await self._tell_agreed(interaction, self._refused, untold.agreed)
            if command != TASKS:
                await self._tell(interaction)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("waiting_results_not_told", error=type(error).__name__, code=getattr(error, "code", None))
        except Exception as error:  # noqa: BLE001 - the command has been answered: an error message would be wrong now
            (passing if database_fault_of(error) is DatabaseFault.BUSY else unexpected)("waiting_results_failed", error)

    async def _tell_refused(
        self, interaction: discord.Interaction[Any], refused: PersonConsentStore, waiting: Mapping[int, str]
    ) -> None:
        """Tell them what could not be sent as a direct message."""
        found = dict(list(waiting.items())[: limits.NAMES_TOLD])  # the others at the next command
        if not found or not await _answered(interaction):
            return
        told = ntext(
            "Somebody said no to being in “{names}”, so I deleted the character, with its pictures and clips.",
            "Somebody said no to being in {count} characters, so I deleted them, with their pictures and clips: "
            "{names}.",
            count=len(found),
            names=listed(found.values()),
        )
        await interaction.followup.send(say(told, str(interaction.locale)), ephemeral=True)
        await refused.told(interaction.user.id, list(found))

    async def _tell_agreed(
        self, interaction: discord.Interaction[Any], agreed: PersonConsentStore, waiting: Mapping[int, tuple[int, str]]
    ) -> None:
        found = dict(list(waiting.items())[: limits.NAMES_TOLD])
        if not found or not await _answered(interaction):
            return
        lines = [
            say(text("<@{person}> said yes to “{name}”.", person=person, name=name), str(interaction.locale))
            for person, name in found.values()
        ]
        await interaction.followup.send("\n".join(lines), ephemeral=True)
        await agreed.told(interaction.user.id, list(found))

    async def _tell(self, interaction: discord.Interaction[Any]) -> None:
        pending = await self._find(interaction.user.id)
        news = [job_id for job_id in (*pending.results, *pending.questions) if job_id not in self._told]
        if not news or not await _answered(interaction):
            return
        self.remember(news)  # first: another command of theirs may be at this point
        try:
            words = say(_sentence(pending), str(interaction.locale), mentions_of(interaction.client))
            await interaction.followup.send(words, ephemeral=True, suppress_embeds=True)
        except BaseException:
            self._forget(news)
            raise
        for job_id in news:
            self._tell_others(job_id)

    def remember(self, job_ids: Iterable[str]) -> None:
        """Their owners have been told."""
        self._told.update(dict.fromkeys(job_ids))
        while len(self._told) > limits.TOLD_REMEMBERED:
            self._told.popitem(last=False)

    def _forget(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            self._told.pop(job_id, None)


async def _answered(interaction: discord.Interaction[Any]) -> bool:
    """Whether the command's own answer has arrived: a follow-up would replace a "thinking" one.

    A command that opens a form has no answer yet: it follows the form's submission.
    """
    kind = interaction.response.type
    if kind is None or kind is discord.InteractionResponseType.modal:
        return False
    if kind is not discord.InteractionResponseType.deferred_channel_message:
        return True
    try:
        answer: discord.Message = await interaction.original_response()
        for pause in limits.ANSWER_LOOKS:
            if not answer.flags.loading:
                return True
            await asyncio.sleep(pause)
            answer = await interaction.followup.fetch_message(answer.id)
    except discord.NotFound:  # it was there and was deleted
        return True
    return not answer.flags.loading


def _sentence(pending: Pending) -> Text:
    results, questions = len(pending.results), len(pending.questions)
    if not questions:
        return ntext(
            "A result is waiting for you: see /tasks.",
            "{count} results are waiting for you: see /tasks.",
            count=results,
        )
    if not results:
        return ntext(
            "I have a question about one of your videos: see /tasks.",
            "I have questions about {count} of your videos: see /tasks.",
            count=questions,
        )
    return text(
        "Waiting for you in /tasks: results {results}, questions {questions}.",
        results=results,
        questions=questions,
    )
