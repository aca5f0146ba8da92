"""People who want a character or a video: they ask again what was not taken, and answer what they are asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.rows import Row
from tests.loopback_discord.driving import User
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import Channel

YES = ("Yes, I have permission", "Use 1", "Use anyway", "Make another", OTHER := "Other seconds…")
YES_IN_LIST = ("Yes, I have permission", "Use anyway", "Pick seconds", "Make another")
NO = ("Cancel",)
OPEN = "Open one…"
STILL_LOOKING = "Looking for the best seconds"
PATIENCE = 5.0  # seconds without a question before somebody looks into /tasks


@dataclass(eq=False)
class Person:
    """``options`` is what they give ``command``. ``cancels``: they do not want it after all.

    ``fails``: the provider begins with it, and cannot make it. ``last``: they ask once what all
    others want is sent, and ``before`` that this happens.
    """

    user: User
    channel: Channel
    options: Mapping[str, Any]
    cancels: bool = False
    fails: bool = False
    last: bool = False
    before: Callable[[], None] | None = None
    command: str = "character create"
    asked: list[Interaction] = field(default_factory=list)
    looked_into_tasks: int = 0
    _asked_in: int = 0  # the life of the bot in which they asked last
    _pressed: set[tuple[int, int, str]] = field(default_factory=set)
    _waits_since: float | None = None

    async def ask(self, life: int) -> None:
        """Give the command, once in each life of the bot: what a killed one had not taken is asked for again."""
        if self._asked_in != life:
            self._asked_in = life
            if self.before is not None:
                self.before()
            self.asked.append(await self.user.slash(self.channel, self.command, dict(self.options)))

    async def answer(self, mine: Sequence[Row], life: int) -> None:
        """Say yes, or no, to whatever a job of theirs waits with."""
        if not any(row.step == "choose" for row in mine):
            self._waits_since = None
        elif not await self._press(self.channel.visible_to(self.user), NO if self.cancels else YES, life):
            await self._look_into_tasks(next(row.id for row in mine if row.step == "choose"), life)

    async def _press(self, messages: Sequence[Message], labels: Sequence[str], life: int) -> bool:
        """Press it under what asks them; whether there is something that does (perhaps pressed already)."""
        for message in reversed(messages):
            label = next((label for label in labels if label in message.labels), None)
            if label is None:
                continue
            if STILL_LOOKING in message.text:
                return True
            press = (life, message.id, label)
            if press not in self._pressed:
                self._pressed.add(press)
                self._waits_since = None
                pressed = await message.press(self.user, label)
                if label == OTHER:
                    await self._name_seconds(pressed)
            return True
        return False

    async def _name_seconds(self, pressed: Interaction) -> None:
        discord = self.user.discord
        with contextlib.suppress(TimeoutError):  # the form did not open: tried again in the next life
            await discord.wait_for(lambda: pressed.modal or not discord.gateway.connected, PATIENCE)
        if pressed.modal is not None and discord.gateway.connected:
            await self.user.submit(pressed.modal, {pressed.modal.fields[0].label: "1-3"})

    async def _look_into_tasks(self, job_id: str, life: int) -> None:
        """The question is nowhere to be seen: after a while they ask how things stand."""
        now = asyncio.get_running_loop().time()
        self._waits_since = self._waits_since or now
        if now - self._waits_since < PATIENCE:
            return
        self._waits_since = None
        self.looked_into_tasks += 1
        listing = await self.user.slash(self.channel, "tasks")
        with contextlib.suppress(TimeoutError):  # the bot was killed meanwhile
            shown = await listing.replied(PATIENCE)
            labels = NO if self.cancels else YES_IN_LIST
            if not await self._press([shown], labels, life):  # with several to choose from, the list has only a menu
                await self.user.select(shown, OPEN, job_id)
                await self.user.discord.wait_for(lambda: set(labels) & set(shown.labels), PATIENCE)
                await self._press([shown], labels, life)

    async def offered_in_tasks(self, channel: Channel, job_ids: Sequence[str], within: float) -> set[str]:
        """Which of these ``/tasks`` offers to show to them, in that channel. Raises TimeoutError."""
        listing = await self.user.slash(channel, "tasks")
        buttons = [part.get("custom_id", "") for part in (await listing.replied(within)).parts()]
        return {job_id for job_id in job_ids if any(f"show:{job_id}" in button for button in buttons)}

    def results(self, job_id: str) -> list[Message]:
        """Every message that says to them how that job ended."""
        return [message for message in self.about(job_id) if message.seen_by(self.user)]

    def announcements(self, job_id: str) -> list[Message]:
        """Every message, for all to see, that shows that job as a running one."""
        return [message for message in self.about(f"{job_id}-run") if message.seen_by(self.user)]

    def calls(self, job_id: str) -> int:
        """How often that job has called them by name: what was deleted since has called them too."""
        told = (*self.about(job_id), *self.about(f"{job_id}-run"))
        return sum(self.user.id in message.pinged for message in told)

    @property
    def private(self) -> bool:
        """Whether nobody else is to see what they make."""
        return bool(self.options.get("private"))

    def about(self, name: str) -> list[Message]:
        """Those with ``name`` in a footer, deleted ones included."""
        return [
            message
            for channel in list(self.user.discord.channels.values())
            for message in channel.messages
            if any(name in footer.split() for footer in message.footers)
        ]
