"""Links to sites, as jobs: what is switched off is told; of what is on, the asked seconds are fetched."""

from bot.values.source import Link
from tests.jobs.harness import JobHarness


def switch_on(harness: JobHarness, *sites: str) -> None:
    links = harness.settings.links.model_copy(update={"sites": sites, "timeout": 60})
    harness.settings = harness.settings.model_copy(update={"links": links})


async def test_a_site_that_is_switched_off_ends_the_job_with_what_to_do(harness: JobHarness) -> None:
    job = await harness.ask(Link(url="https://www.youtube.com/watch?v=abc"))
    await harness.run()
    failure = str((await harness.job(job)).failure)
    assert failure.startswith("YouTube links are switched off here. Download the video and attach it.")
    assert harness.simulated.submissions == []


async def test_a_site_that_is_switched_on_makes_a_character(harness: JobHarness) -> None:
    switch_on(harness, "127.0.0.1")
    await harness.restart()
    job = await harness.ask(harness.link())
    await harness.run()
    done = await harness.job(job)
    assert done.failure is None
    assert done.seen.facts is not None
    assert done.seen.facts.container == "mp4"
    assert len(harness.simulated.submissions) == 1
    assert harness.host.asked.count("clip.mp4") > 1  # by yt-dlp, and then in parts
