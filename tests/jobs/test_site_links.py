"""Links to sites, as jobs: what is switched off is told; of what is on, the asked seconds are fetched."""

from bot.values.source import Link
from tests.jobs.shop import Shop


def switch_on(shop: Shop, *sites: str) -> None:
    links = shop.settings.links.model_copy(update={"sites": sites, "timeout": 60})
    shop.settings = shop.settings.model_copy(update={"links": links})


async def test_a_site_that_is_switched_off_ends_the_job_with_what_to_do(shop: Shop) -> None:
    job = await shop.ask(Link(url="https://www.youtube.com/watch?v=abc"))
    await shop.run()
    failure = str((await shop.job(job)).failure)
    assert failure.startswith("YouTube links are switched off here. Download the video and attach it.")
    assert shop.simulated.submissions == []


async def test_a_site_that_is_switched_on_makes_a_character(shop: Shop) -> None:
    switch_on(shop, "127.0.0.1")
    await shop.restart()
    job = await shop.ask(shop.link())
    await shop.run()
    done = await shop.job(job)
    assert done.failure is None
    assert done.seen.facts is not None
    assert done.seen.facts.container == "mp4"
    assert len(shop.simulated.submissions) == 1
    assert shop.host.asked.count("clip.mp4") > 1  # by yt-dlp, and then in parts
