"""A finished video on its way to its owner: the file itself where it fits, a smaller one, or word of where it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bot import limits
from bot.chat.courier import DiscordCourier
from bot.jobs.ports import NothingMade, VideoMade
from bot.store.consent_denials import ConsentDenied
from bot.values.files import StoredFile
from bot.values.job import CastRole, Outcome, VideoRejection, VideoRequest, VideoResult
from bot.values.made_video import MadeVideo
from tests.chat.deliveries import Row, text_of
from tests.chat.one_channel import CHANNEL, OneChannel
from tests.chat.samples import OWNER_ID, Now, a_job, asked_at

SIZE = 900
ROLES = (CastRole(character_id=1, name="Ada"), CastRole(character_id=2, name="Bo"))
WISH = VideoRequest(prompt="@Ada waves at @Bo", cast=ROLES, model="wan2.6")
VIDEO = MadeVideo(
    id=5,
    owner_id=OWNER_ID,
    job_id="00112233445566ff",
    prompt=WISH.prompt,
    model="wan2.6",
    roles=ROLES,
    file=StoredFile(key="42/ab", sha256="ab", size=SIZE, mime="video/mp4"),
    poster=None,
    seconds=5.0,
    width=1280,
    height=720,
    created_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


class Fitted:
    """The video in as many bytes as one asks for; ``smallest``: it cannot be made smaller than that."""

    def __init__(self, smallest: int = 1) -> None:
        self.asked: list[int] = []
        self._smallest = smallest

    async def within(self, most_bytes: int) -> bytes | None:
        self.asked.append(most_bytes)
        return bytes(min(most_bytes, SIZE)) if most_bytes >= self._smallest else None


@pytest.fixture(autouse=True)
def _small_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMALL_VIDEO_BYTES", 200)


def video_row(loopback: OneChannel, now: Now, *, attachment_limit: int = 1_000, **changes: object) -> Row:
    private_reply = loopback.asked(ephemeral=True)
    private_reply.loading, private_reply.content = False, "On it"
    origin = asked_at(now(), attachment_limit=attachment_limit)
    result = VideoResult(url="https://files.example/v.mp4", video_id=VIDEO.id)
    row = Row(a_job(origin, **{"request": WISH, "result": result} | changes), loopback)
    now.pass_by(minutes=6)
    return row


def delivered(courier: DiscordCourier, row: Row, within: Callable[[int], Awaitable[bytes | None]]) -> Awaitable[bool]:
    return courier.deliver(row.job, VideoMade(VIDEO, within), row.record)


async def test_what_fits_is_shown_as_it_came(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    fitted = Fitted()
    assert await delivered(courier, video_row(loopback, now), fitted.within)
    (sent,) = loopback.in_channel
    assert [len(file.upload.data) for file in sent.files] == [SIZE]
    assert sent.pinged == {OWNER_ID}
    assert "Ada waves at" in text_of(sent)
    assert "smaller" not in text_of(sent)
    assert sent.labels == ["Again", "Another take…", "New character from this"]
    assert fitted.asked == [1_000]


async def test_where_less_may_be_attached_it_is_made_smaller(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    assert await delivered(courier, video_row(loopback, now, attachment_limit=500), Fitted().within)
    (sent,) = loopback.in_channel
    assert [len(file.upload.data) for file in sent.files] == [500]
    assert "made the file smaller" in text_of(sent)


@pytest.mark.parametrize(("status", "code"), [(400, 40005), (413, 0)])
async def test_where_discord_takes_less_than_it_said_a_smaller_one_is_sent(
    courier: DiscordCourier, loopback: OneChannel, now: Now, status: int, code: int
) -> None:
    fitted = Fitted()
    loopback.fail(CHANNEL, status, code)
    assert await delivered(courier, video_row(loopback, now), fitted.within)
    (sent,) = loopback.in_channel
    assert [len(file.upload.data) for file in sent.files] == [200]
    assert fitted.asked == [1_000, 200]


async def test_what_fits_nowhere_is_told_and_kept(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    assert await delivered(courier, video_row(loopback, now), Fitted(smallest=5_000).within)
    (sent,) = loopback.in_channel
    assert sent.files == []
    assert "/video list" in text_of(sent)


async def test_what_may_not_be_sent_any_more_once_it_is_small_enough_is_sent_nowhere(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    fitted = Fitted()

    async def within(most_bytes: int) -> bytes | None:
        if fitted.asked:
            raise ConsentDenied(())
        return await fitted.within(most_bytes)

    loopback.fail(CHANNEL, 413, 0)
    with pytest.raises(ConsentDenied):
        await delivered(courier, video_row(loopback, now), within)
    assert loopback.in_channel == [loopback.original]


@pytest.mark.parametrize(
    ("refused", "labels"),
    [
        (VideoRejection.REAL_FACE, ["Use wan2.6", "They're all made up", "Change it…"]),
        (VideoRejection.OWN_SOUND, ["Make it without sound", "Change it…"]),
        (None, ["Try again", "Change it…"]),
    ],
)
async def test_a_refusal_leads_on(
    courier: DiscordCourier, loopback: OneChannel, now: Now, refused: VideoRejection | None, labels: list[str]
) -> None:
    wish = VideoRequest(
        prompt=WISH.prompt,
        cast=ROLES,
        model="seedance-2",
        refused=refused,
        instead="wan2.6",
        made_up_helps=refused is VideoRejection.REAL_FACE,
    )
    row = video_row(loopback, now, outcome=Outcome.FAILED, request=wish)
    assert await courier.deliver(row.job, NothingMade(), row.record)
    assert loopback.in_channel == [loopback.original], "a failure is for its owner alone"
    assert loopback.original.labels == labels
