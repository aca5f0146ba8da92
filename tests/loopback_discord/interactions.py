"""Interactions: the token's life, the one first answer, and what it became."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.loopback_discord.api_errors import (
    FormErrors,
    already_acknowledged,
    dead_token,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import Channel
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.loopback_discord.driving import User

COMMAND, COMPONENT, AUTOCOMPLETE, FORM = 2, 3, 4, 5
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
FIRST_ANSWER = timedelta(seconds=3)
TOKEN_LIFE = timedelta(minutes=15)
USER_INSTALL_FOLLOWUPS = 5
ANSWERS = {
    COMMAND: frozenset({4, 5, 9, 10, 11, 12}),
    COMPONENT: frozenset({4, 5, 6, 7, 9, 10, 12}),
    AUTOCOMPLETE: frozenset({8}),
    FORM: frozenset({4, 5, 6, 7, 10, 12}),
}


@dataclass(frozen=True)
class Field:
    """One input of a form."""

    custom_id: str
    label: str
    type: int
    component: dict[str, Any]
    around: int  # the id of what it stands in
    labelled: bool  # inside a Label (then the answer comes back in one), not in an action row


@dataclass(eq=False)
class Modal:
    """A form that the bot opened for one person."""

    interaction: Interaction
    payload: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.payload["title"])

    @property
    def custom_id(self) -> str:
        return str(self.payload["custom_id"])

    @property
    def fields(self) -> list[Field]:
        found = []
        for part in self.payload["components"]:
            if part["type"] == 18:
                inner = part["component"]
                found.append(Field(inner["custom_id"], part["label"], inner["type"], inner, part["id"], labelled=True))
            elif part["type"] == 1:
                inner = part["components"][0]
                found.append(
                    Field(inner["custom_id"], inner["label"], inner["type"], inner, part["id"], labelled=False)
                )
        return found

    def field(self, wanted: str) -> Field:
        """The input with that label or custom id."""
        for each in self.fields:
            if wanted in (each.label, each.custom_id):
                return each
        raise AssertionError(f"no {wanted!r} in this form; there is {[each.label for each in self.fields]}")


@dataclass(eq=False)
class Interaction:
    """What one person did, and everything the bot answered."""

    id: int
    token: str = field(repr=False)
    type: int
    user: User
    channel: Channel
    created: datetime  # by Discord's clock
    owners: dict[str, str]  # authorizing_integration_owners
    forced_ephemeral: bool
    data: dict[str, Any]
    message: Message | None = None  # the one with the component, or that the form was opened from
    command_type: int = 1
    answer_type: int | None = None
    original: Message | None = None
    modal: Modal | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    followups: list[Message] = field(default_factory=list)
    first_answer_took: float | None = None  # seconds by the wall clock
    _sent: float = field(default_factory=time.monotonic, repr=False)
    _answered: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    # -- for tests -----------------------------------------------------------------------------------------------

    async def answered(self, timeout: float = PATIENCE) -> Interaction:  # noqa: ASYNC109 - as asyncio.wait_for has it  # tests give it in seconds
        """Wait for the bot's first answer, of whatever type."""
        async with asyncio.timeout(timeout):
            await self._answered.wait()
        return self

    async def replied(self, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109 - as asyncio.wait_for has it
        """Wait for a reply that is more than "thinking"; it is the original reply or a follow-up."""
        return await self.channel.discord.wait_for(self._reply, timeout)

    @property
    def answer(self) -> Message:
        """The original reply, where there must be one by now."""
        assert self.original is not None, "nothing was answered yet"
        return self.original

    def _reply(self) -> Message | None:
        ready = [message for message in [self.original, *self.followups] if message and not message.loading]
        return next((message for message in ready if not message.deleted), None)

    async def opened(self, timeout: float = PATIENCE) -> Modal:  # noqa: ASYNC109 - as asyncio.wait_for has it
        """Wait for the form that the bot opens."""
        await self.answered(timeout)
        assert self.modal, f"the bot answered with type {self.answer_type}, not with a form"
        return self.modal

    # -- for the routes ------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.channel.discord.clock.now()

    def check_first_answer(self, answer_type: Any) -> int:
        """The type of the first answer; raise what Discord answers to a second, a late or an impossible one."""
        if self.answer_type is not None:
            raise already_acknowledged()
        if self.now - self.created > FIRST_ANSWER:
            raise unknown_interaction()
        errors = FormErrors()
        with errors.at("type"):
            errors.choice(answer_type, ANSWERS[self.type])
        errors.check()
        if answer_type == UPDATE and self.message is None:
            raise unknown_message()
        return int(answer_type)

    def acknowledge(self, answer_type: int) -> None:
        self.answer_type = answer_type
        self.first_answer_took = time.monotonic() - self._sent
        self._answered.set()

    def check_token(self) -> None:
        """Raise what Discord answers to a token before the first answer, or after its 15 minutes."""
        if self.now - self.created > TOKEN_LIFE:
            raise dead_token()
        if self.answer_type is None:
            raise unknown_webhook()

    def target(self, message_id: str) -> Message:
        """The message that a webhook route means; raises 10008."""
        if message_id == "@original":
            candidates = [self.original]
        else:
            candidates = [self.original, self.message, *self.followups]
            candidates = [each for each in candidates if each and str(each.id) == message_id]
        for message in candidates:
            if message is not None and not message.deleted:
                return message
        raise unknown_message()

    @property
    def by_user_install_only(self) -> bool:
        return "0" not in self.owners

    def metadata(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "type": self.type,
            "user": self.user.payload(),
            "authorizing_integration_owners": self.owners,
        }
