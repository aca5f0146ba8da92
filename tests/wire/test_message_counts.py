"""The numbers of a first use over the wire: public messages, clicks, notifications, what is left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from playground.provider.tasks import Failure
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import Channel
from tests.wire.bot_by_hand import ByHand, bot_by_hand

pytestmark = pytest.mark.asyncio(loop_scope="module")

MADE, FAILED, CANCELLED = "Reusable task ID", "Nothing was made", "Cancelled."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ByHand]:
    """One bot for all; nobody has to give consent any more."""
    async with bot_by_hand(tmp_path_factory.mktemp("castbook")) as bot:
        yield bot


@dataclass(frozen=True)
class Counted:
    """``seen``: the most public messages that a second member saw at once, before the end."""

    seen: int
    public: int
    left_behind: int
    notified: int
    clicks: int


class Use:
    """One person's use of the bot, in a channel that a second member reads."""

    def __init__(self, bot: ByHand, *, user_installed: bool = False) -> None:
        self.show = bot.anew()
        self.ann, self.bob = self.show.person("ann", installed_app=True), self.show.person("bob")
        self.place: Channel = self.show.channel
        if user_installed:
            self.place = self.show.discord.add_guild("elsewhere", bot_is_member=False).add_channel("lounge")
            assert self.place.guild is not None
            self.place.guild.members += [self.ann, self.bob]
        self.seen = self.clicks = 0

    async def asks(self, **options: object) -> None:
        """The command, and what it does by itself; the provider comes no further than half."""
        self.show.provider.hold_at(50)
        await self.show.handled(await self.show.create(self.ann, self.place, **options))
        await self.passes(3)

    async def passes(self, seconds: float) -> None:
        await self.show.passes(seconds)
        self.seen = max(self.seen, len(self.place.visible_to(self.bob)))

    async def clicks_on(self, label: str) -> None:
        """A button of the message that she alone sees."""
        (box,) = [message for message in self.place.visible_to(self.ann) if label in message.labels]
        assert box.only_for is self.ann
        self.clicks += 1
        await self.show.handled(await box.press(self.ann, label))
        await self.passes(3)

    async def works(self) -> None:
        """Until long after the last click, while the provider is at work."""
        await self.passes(30)

    async def ends(self, failure: Failure | None = None) -> Counted:
        """The provider ends; then everything is counted."""
        if failure is not None:
            task = self.show.tasks[-1]
            task.settled, task.settled_at = failure, self.show.discord.clock.now()
        self.show.provider.hold_at(None)
        await self.show.passes(120)
        return self.counted()

    def counted(self) -> Counted:
        told = [*self.place.visible_to(self.ann), *self.ann.dms()]
        last = [message for message in told if any(words in message.text for words in (MADE, FAILED, CANCELLED))]
        assert len(last) == 1, [message.text for message in told]
        return Counted(
            seen=self.seen,
            public=len(self.place.visible_to(self.bob)),
            left_behind=len(told) - len(last),
            notified=sum(self.ann.id in message.pinged for message in _every(self.place)) + len(self.ann.dms()),
            clicks=self.clicks,
        )


def _every(place: Channel) -> list[Message]:
    """Also those that are gone: they had notified."""
    return place.messages


async def test_with_a_range(bot: ByHand) -> None:
    use = Use(bot)
    await use.asks()
    await use.works()
    assert await use.ends() == Counted(seen=1, public=1, left_behind=0, notified=1, clicks=0)


async def test_with_the_picker(bot: ByHand) -> None:
    use = Use(bot)
    await use.asks(range=None)
    assert use.seen == 0, "the picker is nobody else's business"
    await use.clicks_on("Use 1")
    await use.works()
    assert await use.ends() == Counted(seen=1, public=1, left_behind=0, notified=1, clicks=1)


async def test_a_failure_before_the_provider_has_taken_it(bot: ByHand) -> None:
    use = Use(bot)
    video = use.show.discord.file("clip.mp4", b"no video at all", "video/mp4")
    await use.asks(video=video)
    await use.works()
    assert await use.ends() == Counted(seen=0, public=0, left_behind=0, notified=0, clicks=0)


async def test_a_failure_after_the_provider_has_taken_it(bot: ByHand) -> None:
    use = Use(bot)
    await use.asks()
    await use.works()
    assert await use.ends(Failure("content_policy_violation", "no")) == Counted(
        seen=1, public=0, left_behind=0, notified=1, clicks=0
    )


async def test_a_private_one(bot: ByHand) -> None:
    use = Use(bot)
    await use.asks(private=True)
    await use.works()
    assert await use.ends() == Counted(seen=0, public=0, left_behind=0, notified=1, clicks=0)


async def test_where_the_bot_may_not_write(bot: ByHand) -> None:
    use = Use(bot)
    use.place.deny("send_messages")
    await use.asks()
    await use.works()
    assert await use.ends() == Counted(seen=0, public=1, left_behind=0, notified=1, clicks=0)


async def test_where_only_its_user_has_installed_it(bot: ByHand) -> None:
    use = Use(bot, user_installed=True)
    await use.asks()
    await use.works()
    assert await use.ends() == Counted(seen=0, public=1, left_behind=0, notified=1, clicks=0)


async def test_in_direct_messages_with_the_bot(bot: ByHand) -> None:
    use = Use(bot)
    use.place = use.show.discord.dm(use.ann)
    await use.asks()
    await use.works()
    use.show.provider.hold_at(None)
    await use.show.passes(120)
    (card,) = use.ann.dms()
    assert MADE in card.text
    assert not card.ephemeral


async def test_one_that_is_cancelled(bot: ByHand) -> None:
    use = Use(bot)
    await use.asks(range=None)
    await use.clicks_on("Cancel")
    await use.works()
    assert use.counted() == Counted(seen=0, public=0, left_behind=0, notified=0, clicks=1)
