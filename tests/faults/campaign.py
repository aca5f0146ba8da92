"""Many scenarios, several at once: every point of every step, before and after it, and moments drawn by a seed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TypeAlias

from tests.faults.points import EXPECTED, OF_VIDEOS, AnsweredFirst, At, End, Kill, Point, When
from tests.faults.scenario import ENOUGH, History, Outcome, Plan, Story
from tests.faults.troubles import TROUBLES
from tests.faults.world import run

AT_ONCE = 3
TRIES = 3  # of a kill whose point was not come to: how often some are passed depends on the machine's speed
DURING = 0.004  # seconds: about what an act on loopback takes
DURING_MEDIA = 0.6  # … and a child
LONGEST = 1.5  # seconds from the last command to the last result, about; moments are drawn from them
SECOND_KILLS = 0.25  # of the scenarios, at some moment after the restart
RANDOM_MOMENTS = 40
VIDEOS = 0.4  # of the scenarios with random moments
BORROWED = 0.3  # of those of videos in which nothing else is the matter
TROUBLES_MET = 0.5  # of those of videos
MOST_TROUBLES = 4  # at once

# Only for a submission that was cut off, which a kill at some moment seldom does.
FIND, FIND_VIDEO = "submit.provider.find", "submit.provider.find_video"
FIT = "deliver.media.fit"
SITE, RENEWED = "prepare.site.fetch", "prepare.discord.renew"
ANSWERED = "bot.discord.answer"
TROUBLED = frozenset(  # where a kill meets what provider and Discord did wrong
    {
        "submit.provider.upload_video",
        "submit.provider.upload_image",
        "submit.provider.create_video",
        "watch.provider.video_task",
        "watch.discord.post",
        "collect.source.fetch_on",
        "deliver.discord.post",
        "deliver.discord.follow_up",
        "deliver.discord.edit",
    }
)

Say: TypeAlias = Callable[[str], None]

_POSTED = Kill("deliver.discord.post", "after")
_EDITED = Kill("deliver.discord.edit", "after")
_TAKEN = Kill("submit.provider.create_character", "after")
# What each shows that the ones before do not: a restart, the questions, the other ways of delivery. Where there are
# kills in it, its last life is looked at.
DRY_RUNS = (
    Plan(),
    Plan((At(0.3),)),
    Plan((_TAKEN,)),
    Plan((_TAKEN,), remembers=False),
    Plan(story=Story.PICKED),
    Plan(story=Story.REFUSED),
    *[Plan(story=Story.LATE, history=history) for history in History],
    *[Plan((_POSTED,), Story.LATE, history=history) for history in (History.READABLE, History.BLIND)],
    Plan(story=Story.OUTAGE),
    Plan((_EDITED,), Story.OUTAGE),
    Plan(story=Story.LINKS),
)
# Videos go the same ways: of those, what may differ, and the acts that they alone have.
_VIDEO_TAKEN = Kill("submit.provider.create_video", "after")
DRY_RUNS_OF_VIDEOS = (
    Plan(videos=True),
    Plan((_VIDEO_TAKEN,), videos=True),
    Plan(story=Story.REFUSED, remembers=False, videos=True),
    Plan(story=Story.LATE, history=History.READABLE, videos=True),
    Plan(story=Story.OUTAGE, videos=True),
    Plan(story=Story.LARGE, videos=True),
    Plan(videos=True, troubles=tuple(TROUBLES)),
    Plan(story=Story.IMPORT, videos=True),
    Plan(story=Story.LENT, videos=True),
    Plan(story=Story.TAKEN_BACK, videos=True),
)
WHENS: tuple[When, ...] = ("before", "after")
_BEFORE_SENT = ("bot.", "prepare.", "submit.")
_SHARED = ("start.", "bot.commit.JobStore.c", "bot.commit.JobStore.renew")  # with jobs of every kind


@dataclass
class Campaign:
    """Everything that was run with ``seed``. ``points``: all that were passed."""

    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    points: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def failures(self) -> list[str]:
        """Empty when all is well."""
        return self.wrong + self.absent + self.never

    @property
    def wrong(self) -> list[str]:
        """What did not hold after a scenario."""
        return [f"{outcome.plan}: {found}" for outcome in self.outcomes for found in outcome.findings.wrong]

    @property
    def absent(self) -> list[str]:
        """Points that were there once, and that nothing passed: an act has got another name, or is gone."""
        return [f"no such point any more: {name}" for name in sorted(EXPECTED - self.points)]

    @property
    def never(self) -> list[str]:
        """Kills that did not happen, and that no other scenario had either.

        Which way a result goes, and whether there is progress to show, depends on how quick the machine is: a drawn
        plan may ask for a point that its story does not come to this time. What stands in EXPECTED must be killed at;
        of any other point it is enough that it was passed.
        """
        late = [outcome for outcome in self.outcomes if not happened(outcome)]
        return [f"never happened: {outcome.plan}" for outcome in late if not self._stood_in_for(outcome)]

    def _stood_in_for(self, outcome: Outcome) -> bool:
        """Whether each kill of its plan happened, here or elsewhere; after the first one, moments are only extras."""
        points = [kill for kill in outcome.plan.kills if isinstance(kill, Kill)]
        if not points:
            return False
        by_chance = self.points - EXPECTED
        return all((kill.point, kill.when) in self._killed_at or kill.point in by_chance for kill in points)

    @property
    def _killed_at(self) -> set[Point]:
        """Where the bot was killed with enough jobs running."""
        return {
            (kill.point, kill.when)
            for outcome in self.outcomes
            for kill, running in zip(_not_missed(outcome), outcome.killed, strict=False)
            if isinstance(kill, Kill) and running >= ENOUGH
        }


def happened(outcome: Outcome) -> bool:
    """Whether every point was come to, and enough jobs were running at each kill."""
    return not outcome.missed and all(running >= ENOUGH for running in outcome.killed)


def _not_missed(outcome: Outcome) -> list[End]:
    return [kill for kill in outcome.plan.kills if kill not in outcome.missed]


async def carry_out(plans: Sequence[Plan], looks: Path, campaign: Campaign, say: Say, at_once: int = AT_ONCE) -> None:
    """Run ``plans``, and write down in ``campaign`` how they went."""
    places = asyncio.Semaphore(at_once)
    begun = time.monotonic()
    done = 0

    async def one(number: int, plan: Plan) -> None:
        nonlocal done
        async with places:
            outcome = await _until_it_happens(plan, looks)
        campaign.outcomes.append(outcome)
        campaign.points |= {name for name, _ in outcome.passed}
        done += 1
        if outcome.findings.wrong:
            say(f"{number}. {plan}:\n  " + "\n  ".join(outcome.findings.wrong) + f"\n{outcome.log[-4000:]}")
        elif not happened(outcome):
            say(f"{number}. {plan}: never happened; running at kills: {outcome.killed}")
        if done % 25 == 0:
            say(f"{done} of {len(plans)} scenarios, {time.monotonic() - begun:.0f} s")

    await asyncio.gather(*[one(number, plan) for number, plan in enumerate(plans, start=1)])
    campaign.seconds += time.monotonic() - begun


async def _until_it_happens(plan: Plan, looks: Path) -> Outcome:
    outcome = await run(plan, looks)
    for _ in range(TRIES - 1):
        if outcome.findings.wrong or happened(outcome):
            break
        plan = replace(plan, kills=tuple(map(_sooner, plan.kills)))
        outcome = await run(plan, looks)
    return outcome


def _sooner(kill: End) -> End:
    """On a fast machine all may be over by then."""
    match kill:
        case Kill():
            return replace(kill, hit=1, delay=kill.delay / 2)
        case At():
            return At(kill.seconds / 2)
        case AnsweredFirst():
            return kill


async def every_point(looks: Path, campaign: Campaign, random: Random, say: Say) -> list[Plan]:
    """A scenario for each point, before and after, with both kinds of provider; the points are seen in dry runs."""
    plans = []
    known: set[Point] = set()
    for dry in DRY_RUNS:
        await carry_out([dry], looks, campaign, say)
        often = _TAKEN in dry.kills
        points = {point for point in campaign.outcomes[-1].passed if often or point[0] != FIND}
        for point in sorted(points - known):
            plans += [_killed_at(point, replace(dry, remembers=remembers), random) for remembers in (True, False)]
        if dry.story is Story.OUTAGE:  # the token of what was just answered dies there
            plans += [_killed_at(point, dry, random) for point in sorted(points & known) if point[0] == ANSWERED]
        # What is delivered, and how, is another there.
        if not dry.remembers or dry.story in (Story.REFUSED, Story.LATE, Story.OUTAGE):
            again = sorted(point for point in points & known if point[0].startswith("deliver."))
            plans += [_killed_at(point, dry, random) for point in again]
        known |= points
    plans += [Plan((AnsweredFirst(),), story) for story in (Story.STRAIGHT, Story.PICKED, Story.OUTAGE)]
    return plans + await every_point_of_videos(looks, campaign, random, say)


async def every_point_of_videos(looks: Path, campaign: Campaign, random: Random, say: Say) -> list[Plan]:
    """As :func:`every_point`; only around a submission does it matter what the provider remembers."""
    plans = []
    known: set[Point] = set()
    for dry in DRY_RUNS_OF_VIDEOS:
        await carry_out([dry], looks, campaign, say)
        often = _VIDEO_TAKEN in dry.kills
        passed = campaign.outcomes[-1].passed
        points = {point for point in passed if not point[0].startswith(_SHARED) and (often or point[0] != FIND_VIDEO)}
        for point in sorted(points - known):
            kinds = (True, False) if point[0] in (_VIDEO_TAKEN.point, FIND_VIDEO) else (dry.remembers,)
            plans += [_killed_at(point, replace(dry, remembers=remembers), random) for remembers in kinds]
        if dry.story is not Story.STRAIGHT:
            again = sorted(point for point in points & known if point[0].startswith("deliver.discord."))
            plans += [_killed_at(point, dry, random) for point in again]
        if dry.troubles:
            again = sorted(point for point in points & known if point[0] in TROUBLED)
            plans += [_killed_at(point, replace(dry, troubles=_some_troubles(random)), random) for point in again]
        if dry.story in (
            Story.LENT,
            Story.TAKEN_BACK,
        ):  # each act once; and where the loan decides, before and after it
            decides = _BEFORE_SENT if dry.story is Story.TAKEN_BACK else ("submit.",)
            both = {point for point in points & known if point[0].startswith(decides)}
            once = {(name, random.choice(WHENS)) for name in sorted({name for name, _ in points & known - both})}
            plans += [_killed_at(point, dry, random) for point in sorted(both | once)]
        known |= points
    return plans


def _some_troubles(random: Random) -> tuple[str, ...]:
    return tuple(random.sample(sorted(TROUBLES), MOST_TROUBLES))


def _killed_at(point: Point, plan: Plan, random: Random) -> Plan:
    name, when = point
    often = name.startswith(("watch", "collect", "deliver")) and name != "deliver.commit.release"
    hit = random.choice((1, 2)) if often else 1
    first = tuple(_at_any_time(random) if isinstance(kill, At) else kill for kill in plan.kills)
    return _perhaps_again(replace(plan, kills=(*first, Kill(name, when, hit))), random)


def inside_acts(points: Iterable[str], random: Random) -> list[Plan]:
    """A scenario for each act that takes a while, killed somewhere in it; a child is a real one then."""
    plans = []
    for name in sorted(points):
        step, _, act = name.partition(".")
        if step in ("start", "bot") or act.startswith(("part.", "kept_part.", "files.flush")):
            continue
        posts = act in ("discord.post", "discord.open_dm")
        story = (
            Story.PICKED
            if step == "choose" or act == "discord.edit_public"
            else Story.LATE
            if posts
            else Story.LARGE
            if name in (FIT, f"{step}.files.rename_work")
            else Story.IMPORT
            if step == "import"
            else Story.LINKS
            if name in (SITE, RENEWED)
            else Story.STRAIGHT
        )
        media = act.startswith("media.")
        videos = name in OF_VIDEOS or step == "import"
        kill = Kill(name, "during", delay=random.uniform(0.0, DURING_MEDIA if media else DURING))
        first: tuple[End, ...] = {FIND: (_TAKEN,), FIND_VIDEO: (_VIDEO_TAKEN,)}.get(name, ())
        if act != "discord.history":  # nor this, and not after every kill
            plans.append(Plan((*first, kill), story, random.random() < 0.5, real_media=media, videos=videos))
    return plans


def random_moments(count: int, random: Random) -> list[Plan]:
    """Kills at any time, one or two in a scenario."""
    stories = (Story.STRAIGHT, Story.STRAIGHT, Story.PICKED, Story.REFUSED, Story.LATE, Story.OUTAGE)
    plans = []
    for _ in range(count):
        story = random.choice(stories)
        history = random.choice(list(History)) if story is Story.LATE else History.NONCE
        videos = story is not Story.PICKED and random.random() < VIDEOS  # nobody is asked about a video
        if videos and story is Story.STRAIGHT and random.random() < BORROWED:
            story = random.choice((Story.LENT, Story.TAKEN_BACK, Story.IMPORT))
        troubled = videos and history is History.NONCE and random.random() < TROUBLES_MET
        troubles = _some_troubles(random) if troubled else ()
        plan = Plan((_at_any_time(random),), story, random.random() < 0.5, history, videos=videos, troubles=troubles)
        plans.append(_perhaps_again(plan, random))
    return plans


def _perhaps_again(plan: Plan, random: Random) -> Plan:
    again = random.random() < SECOND_KILLS
    return replace(plan, kills=(*plan.kills, _at_any_time(random))) if again else plan


def _at_any_time(random: Random) -> At:
    return At(random.uniform(0.0, LONGEST))
