"""Work that a full disk stops: tried again for a while, then a sentence; the others' work goes on."""

from __future__ import annotations

from bot.values.job import Outcome, Step
from tests.jobs.harness import OWNER, JobHarness
from tests.small_files import files_at_most

ROOM = 4_000_000  # bytes; the database takes less, the large video more


def large(clip: bytes) -> bytes:
    """The same clip with much that nobody needs at its end: a box of the kind "free"."""
    padding = 6_000_000
    return clip + padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)


async def test_a_video_for_which_there_is_no_room_ends_with_a_sentence_and_leaves_nothing(
    harness: JobHarness, clip: bytes
) -> None:
    harness.host.files["large.mp4"] = large(clip)
    with files_at_most(ROOM):
        job = await harness.ask(harness.link("large.mp4"))
        other = await harness.ask(owner=OWNER + 1)
        await harness.runner.run_due()
        assert (await harness.job(job)).outcome is None, "it may pass"
        assert harness.host.hits == 2
        await harness.run(600)
    ended = await harness.job(job)
    assert (ended.outcome, ended.counted, ended.step) == (Outcome.FAILED, False, Step.DONE)
    assert "my disk is full" in str(ended.failure)
    assert "Nothing was charged" in str(ended.failure)
    assert (await harness.job(other)).outcome is Outcome.SUCCEEDED
    assert not harness.work(job).exists()


async def test_a_video_for_which_there_is_room_again_goes_on(harness: JobHarness, clip: bytes) -> None:
    harness.host.files["large.mp4"] = large(clip)
    with files_at_most(ROOM):
        job = await harness.ask(harness.link("large.mp4"))
        await harness.runner.run_due()
        left = [path for path in harness.work(job).rglob("*") if path.is_file()]
        assert left == [], "nothing half-written"
    await harness.run(600)
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1
