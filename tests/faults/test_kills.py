"""The bot is killed at points and moments of its work, with jobs running; whoever comes next loses nothing.

The short run: a few points of every step, and both kinds of provider. ``make faults`` takes them all.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.faults.campaign import Campaign, carry_out, random_moments
from tests.faults.figures import figures, kills, text_table
from tests.faults.points import AnsweredFirst, At, Kill
from tests.faults.scenario import History, Plan, Story
from tests.remembered_looks import looks_of_this_run

SEED = 4  # of the moments
AT_LEAST = 16
AT_ONCE = 4

SENT = "submit.provider.create_character"
EDITED = Kill("deliver.discord.edit", "after")
POSTED = Kill("deliver.discord.post", "after")

PLANS = (
    Plan((Kill("bot.commit.JobStore.add", "after"), At(0.1))),  # the row is there, and no answer yet
    Plan((Kill("bot.discord.answer", "before"),), Story.PICKED),
    Plan((Kill("bot.discord.answer", "after", 2),), remembers=False),  # answered, and nothing else
    Plan((Kill("prepare.commit.row(file,request,seen)", "before"),), remembers=False),
    Plan((Kill("submit.commit.submitting", "after"),), remembers=False),
    Plan((Kill(SENT, "after"), Kill("submit.provider.find", "after"))),
    Plan((Kill(SENT, "after"), At(0.4)), remembers=False),
    Plan((Kill("watch.commit.release", "before"), Kill("start.files.sweep", "before"))),
    Plan((Kill("collect.commit.CharacterStore.add_for_job", "after"), EDITED)),
    Plan((Kill("choose.discord.edit", "after"), Kill("bot.commit.OwnedJobStore.decide", "before")), Story.PICKED),
    Plan((Kill("watch.discord.post", "after"),), Story.OUTAGE, history=History.READABLE),
    Plan((Kill("watch.discord.post", "after"), Kill("deliver.discord.remove", "after")), Story.REFUSED),
    Plan((POSTED,), Story.LATE, history=History.NONCE),
    Plan((EDITED,), Story.OUTAGE),
    Plan((AnsweredFirst(),), Story.PICKED),
    Plan((Kill("submit.provider.create_video", "after"),), remembers=False, videos=True),
    Plan(
        (Kill("collect.kept_part.write", "after"), Kill("collect.commit.VideoStore.add_for_job", "after")), videos=True
    ),
    Plan((Kill("submit.commit.submitting", "after"),), Story.LENT, remembers=False, videos=True),
    Plan((Kill("bot.commit.LoanStore.take_back", "before"), At(0.2)), Story.TAKEN_BACK, videos=True),
    Plan((Kill("bot.commit.LoanStore.take_back", "after"),), Story.TAKEN_BACK, videos=True),
    Plan((Kill("import.files.put_links", "after"),), Story.IMPORT, videos=True),
    Plan((Kill("import.commit.PortableCastStore.bring_in", "after"),), Story.IMPORT, videos=True),
    Plan((Kill("prepare.discord.renew", "after"), Kill("prepare.site.fetch", "after")), Story.LINKS),
    Plan(
        (Kill("watch.discord.post", "after"), POSTED),
        Story.LATE,
        videos=True,
        troubles=("429 to a request", "a look cut off", "500 to a fetch", "a post cut off that was taken"),
    ),
)


@pytest.mark.timeout(600)  # seconds; on two idle cores it takes less than one of ten
async def test_nothing_is_lost_and_nothing_is_done_twice() -> None:
    campaign = Campaign(SEED)
    plans = [*PLANS, *random_moments(2, Random(SEED))]
    await carry_out(plans, looks_of_this_run(), campaign, print, AT_ONCE)
    print(text_table(figures(campaign)))
    assert not campaign.wrong
    assert not campaign.never
    assert sum(map(kills, campaign.outcomes)) >= AT_LEAST
