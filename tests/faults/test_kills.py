"""The bot is killed at points and moments of its work, with jobs running; whoever comes next loses nothing.

The short run: a point or two of each step, both kinds of provider, and both kinds of job. ``make faults`` takes every
point, and moments beside them.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.faults.campaign import Campaign, carry_out, random_moments
from tests.faults.figures import figures, kills, text_table
from tests.faults.points import Kill
from tests.faults.scenario import History, Plan, Story
from tests.remembered_looks import looks_of_this_run

SEED = 4  # of a moment
AT_LEAST = 10
AT_ONCE = 4

SENT = "submit.provider.create_character"
EDITED = Kill("deliver.discord.edit", "after")
POSTED = Kill("deliver.discord.post", "after")

PLANS = (
    Plan((Kill("bot.discord.answer", "before"),), Story.PICKED),  # the row is there, and no answer yet
    Plan((Kill("submit.commit.submitting", "after"),), remembers=False),
    Plan((Kill(SENT, "after"), Kill("submit.provider.find", "after"))),
    Plan((Kill("collect.commit.CharacterStore.add_for_job", "after"), EDITED)),
    Plan((Kill("watch.discord.post", "after"), Kill("deliver.discord.remove", "after")), Story.REFUSED),
    Plan((POSTED,), Story.LATE, history=History.NONCE),
    Plan(
        (Kill("collect.kept_part.write", "after"), Kill("collect.commit.VideoStore.add_for_job", "after")), videos=True
    ),
    Plan((Kill("import.commit.PortableCastStore.bring_in", "after"),), Story.IMPORT, videos=True),
)


@pytest.mark.timeout(600)  # seconds; on two idle cores it takes a few
async def test_nothing_is_lost_and_nothing_is_done_twice() -> None:
    campaign = Campaign(SEED)
    plans = [*PLANS, *random_moments(1, Random(SEED))]
    await carry_out(plans, looks_of_this_run(), campaign, print, AT_ONCE)
    print(text_table(figures(campaign)))
    assert not campaign.wrong
    assert not campaign.never
    assert sum(map(kills, campaign.outcomes)) >= AT_LEAST
