"""The figures of a campaign, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tests.faults.campaign import Campaign, happened
from tests.faults.points import Kill
from tests.faults.scenario import ENOUGH, Outcome, Story

_PARTS_OF_A_KIND = 3  # of "fault injected: provider: answer damaged: truncated"
Rows: TypeAlias = Sequence[tuple[str, object]]
"""The name of each figure, and the figure."""


def text_table(rows: Rows) -> str:
    """``rows`` in two columns."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def markdown_table(rows: Rows) -> str:
    """``rows`` as in docs/faults.md: the injected faults by kind only, such as "provider: answer damaged"."""
    kept: dict[str, object] = {}
    for name, value in rows:
        kind = ": ".join(name.split(": ")[:_PARTS_OF_A_KIND])
        known = kept.get(kind)
        kept[kind] = value if known is None else int(str(known)) + int(str(value))
    return "\n".join(
        ["| figure | result |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in kept.items())]
    )


def figures(campaign: Campaign, others: Mapping[str, object] | None = None) -> Rows:
    """What people want to know of it; ``others`` are figures of other tests."""
    outcomes = campaign.outcomes
    found = [outcome.findings for outcome in outcomes]
    tried, survived = sum(map(kills, outcomes)), sum(kills(each) for each in outcomes if not each.findings.wrong)
    few = sum(running < ENOUGH for outcome in outcomes for running in outcome.killed)
    return [
        ("kills survived / tried", f"{survived} / {tried}"),
        ("… at a point, before / during / after", " / ".join(str(_at_points(outcomes, when)) for when in WHENS)),
        ("… at a moment", tried - sum(_at_points(outcomes, when) for when in WHENS)),
        ("… with fewer than two jobs running, not counted", few),
        ("points, each killed before and after", len(campaign.points)),
        ("scenarios", len(outcomes)),
        ("jobs", sum(each.jobs for each in found)),
        ("jobs lost", sum(each.lost for each in found)),
        ("double submits", sum(each.double_submits for each in found)),
        ("second messages", sum(each.second_messages for each in found)),
        ("second messages where nobody could know of the first", sum(each.undecidable for each in found)),
        ("answers that expired while the bot was down; their jobs went on", sum(each.expired for each in found)),
        ("answers before a row that a kill kept from being written", sum(each.unasked for each in found)),
        ("answers that Discord took no more; their jobs were cancelled", sum(each.too_late for each in found)),
        ("submissions cut off, ended as unknown and said so", sum(each.unknown for each in found)),
        ("results that nobody could be sent, kept in /tasks", sum(each.in_tasks for each in found)),
        ("questions that had to be looked for in /tasks", sum(each.looked_into_tasks for each in outcomes)),
        ("orphan files after the sweep", sum(each.orphans for each in found)),
        *_of_videos(outcomes),
        *_of_bystanders(outcomes),
        *(others or {}).items(),
        ("seconds", f"{campaign.seconds:.0f}"),
        ("seed", campaign.seed),
    ]


def _of_videos(outcomes: Sequence[Outcome]) -> Rows:
    videos = [outcome for outcome in outcomes if outcome.plan.videos]
    found = [outcome.findings for outcome in videos]
    tried, survived = sum(map(kills, videos)), sum(kills(each) for each in videos if not each.findings.wrong)
    return [
        ("videos: kills survived / tried", f"{survived} / {tried}"),
        ("videos: jobs", sum(each.jobs for each in found)),
        ("videos: jobs lost", sum(each.lost for each in found)),
        ("videos: double submits", sum(each.double_submits for each in found)),
        ("videos: second messages", sum(each.second_messages for each in found)),
        ("videos: submissions cut off, ended as unknown and said so", sum(each.unknown for each in found)),
        ("videos: jobs whose credits were counted wrongly", sum(each.miscounted for each in found)),
        ("videos: fetches that went on in the middle of the file", sum(each.went_on for each in videos)),
        ("videos: faults of provider and Discord on the way", sum(each.troubles for each in videos)),
        ("videos: orphan files after the sweep", sum(each.orphans for each in found)),
    ]


def _of_bystanders(outcomes: Sequence[Outcome]) -> Rows:
    rows: list[tuple[str, object]] = []
    for name, stories in (("borrowed", (Story.LENT, Story.TAKEN_BACK)), ("imports", (Story.IMPORT,))):
        its = [outcome for outcome in outcomes if outcome.plan.story in stories]
        survived = sum(kills(each) for each in its if not each.findings.wrong)
        rows.append((f"{name}: kills survived / tried", f"{survived} / {sum(map(kills, its))}"))
    ended = sum(outcome.findings.taken_back for outcome in outcomes)
    return [*rows, ("borrowed: videos that ended unsent, taken back in the middle", ended)]


WHENS = ("before", "during", "after")


def kills(outcome: Outcome) -> int:
    """Those at which enough jobs were running."""
    return sum(running >= ENOUGH for running in outcome.killed)


def _at_points(outcomes: Sequence[Outcome], when: str) -> int:
    planned = [(outcome, kill) for outcome in outcomes if happened(outcome) for kill in outcome.plan.kills]
    return sum(isinstance(kill, Kill) and kill.when == when for _, kill in planned)
