"""What can be ordered of the playground: trouble, and prices that are made up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.__main__ import parser
from playground.browser import Clips, guide
from playground.clip import render_clip
from playground.prices import SIMULATED_PRICES
from playground.provider import SimulatedProvider
from playground.simulated_server import SimulatedServer
from playground.trouble import SMALL_FILES, Trouble, order


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_can_be_named_and_stands_in_the_guide(trouble: Trouble) -> None:
    assert parser().parse_args(["playground", "--trouble", trouble]).trouble == trouble
    assert f"TROUBLE={trouble.value} " in guide("http://page", "http://phone", Clips(Path("a"), Path("b")))


def test_what_is_ordered_of_the_provider_it_does() -> None:
    provider = SimulatedProvider(seconds_per_task=1.0)
    for trouble in (None, Trouble.LARGE):  # the second one is Discord's
        order(trouble, provider)
    assert (provider.videos.real_faces, provider.videos.refuses_sound, provider.seconds_per_task) == (False, "", 1.0)
    for trouble in (Trouble.FACES, Trouble.SOUND, Trouble.LATE):
        order(trouble, provider)
    assert (provider.videos.real_faces, provider.videos.refuses_sound) == (True, "later")
    assert provider.seconds_per_task > 15 * 60


async def test_prices_budgets_and_small_files_reach_the_bot(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    render_clip(clip, seconds=3, size=(320, 180), fps=8)
    (tmp_path / "state").mkdir()
    async with SimulatedServer(tmp_path / "state", environ=SIMULATED_PRICES, most_bytes=SMALL_FILES) as server:
        asked = {"video": ("clip.mp4", clip.read_bytes()), "range": "1-3"}
        await server.act(lambda: server.mia.slash(server.channel, "character create", **asked))
        overview = await server.app.job_service.overview(server.mia.id)
        (job,) = overview.unfinished
        assert job.character.price == Decimal(60)
        assert job.origin.attachment_limit == SMALL_FILES
        assert overview.credits_limit == 2000
        assert server.app.video_planner.price("wan2.6", 5) == Decimal(60)
