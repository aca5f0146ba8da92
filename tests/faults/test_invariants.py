"""What the harness would find: each thing that it looks for is put wrong once, and seen.

It says nothing of the bot; what has found nothing wrong in ``make faults`` and in test_kills.py is tried here.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from copy import copy
from functools import partial
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign, happened
from tests.faults.figures import kills
from tests.faults.invariants import Findings
from tests.faults.people import Person
from tests.faults.points import EXPECTED, AnsweredFirst, Kill
from tests.faults.rows import job_rows
from tests.faults.scenario import Outcome, Plan, Scenario, Story
from tests.faults.world import run, world
from tests.loopback_discord.messages import Message
from tests.remembered_looks import looks_of_this_run

pytestmark = pytest.mark.slow

Tampering = Callable[[Scenario], AbstractContextManager[None]]


def _row(statement: str) -> Tampering:
    """Changes the database, and puts it back."""

    @contextmanager
    def tamper(scenario: Scenario) -> Iterator[None]:
        file = scenario.bot.folder / "castbook.db"
        before = file.read_bytes()
        with closing(sqlite3.connect(file)) as database, database:
            database.execute(statement)
        yield
        file.write_bytes(before)

    return tamper


@contextmanager
def _damaged(scenario: Scenario) -> Iterator[None]:
    """An index that no longer has what its table has."""
    file = scenario.bot.folder / "castbook.db"
    before = file.read_bytes()
    with closing(sqlite3.connect(file)) as database:
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_jobs_task_id'").fetchone()[0]
        size = database.execute("PRAGMA page_size").fetchone()[0]
    empty_leaf = b"\x0a" + bytes(4) + size.to_bytes(2, "big") + b"\0"
    file.write_bytes(before[: (page - 1) * size] + empty_leaf.ljust(size, b"\0") + before[page * size :])
    yield
    file.write_bytes(before)


def _file(name: str) -> Tampering:
    """Leaves a file behind."""

    @contextmanager
    def tamper(scenario: Scenario) -> Iterator[None]:
        file = scenario.bot.folder / "files" / name
        there = file.parent.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"left")
        yield
        shutil.rmtree(file.parent) if not there else file.unlink()

    return tamper


@contextmanager
def _file_gone(scenario: Scenario) -> Iterator[None]:
    file = next(path for path in (scenario.bot.folder / "files").rglob("*") if path.is_file())
    data = file.read_bytes()
    file.unlink()
    yield
    file.write_bytes(data)


@contextmanager
def _submitted_again(scenario: Scenario) -> Iterator[None]:
    submissions = scenario.provider.submissions
    submissions.append(submissions[0])
    yield
    submissions.pop()


@contextmanager
def _told_again(scenario: Scenario) -> Iterator[None]:
    messages = scenario.people[0].channel.messages
    messages.append(copy(_result(scenario.people[0])))
    yield
    messages.pop()


@contextmanager
def _announced_still(scenario: Scenario) -> Iterator[None]:
    """What showed the job as a running one was not taken away."""
    message = _announced(scenario)
    message.deleted = False
    yield
    message.deleted = True


@contextmanager
def _called_again(scenario: Scenario) -> Iterator[None]:
    """The message that was taken away had called its owner."""
    message = _announced(scenario)
    message.pinged = {scenario.people[0].user.id}
    yield
    message.pinged = set()


@contextmanager
def _told_in_public(scenario: Scenario) -> Iterator[None]:
    """Everybody sees what was asked for in private."""
    message = _result(scenario.people[1])
    reader, message.only_for = message.only_for, None
    yield
    message.only_for = reader


def _result(person: Person) -> Message:
    mine = [each for each in person.channel.messages if each.seen_by(person.user) and each.files]
    return next(each for each in mine if each.ephemeral == person.private and person.user.id in each.mentioned())


def _announced(scenario: Scenario) -> Message:
    person = scenario.people[0]
    [row] = [row for row in job_rows(scenario.bot.folder) if row.owner == person.user.id]
    return next(each for each in person.about(f"{row.id}-run") if each.deleted)


@contextmanager
def _told_nothing(scenario: Scenario) -> Iterator[None]:
    message = _result(scenario.people[1])
    message.delete()
    yield
    message.deleted = False


@contextmanager
def _still_thinking(scenario: Scenario) -> Iterator[None]:
    answer = scenario.people[1].asked[0].original
    assert answer is not None
    answer.loading, answer.deleted = True, False
    yield
    answer.loading, answer.deleted = False, True


@contextmanager
def _logged(scenario: Scenario) -> Iterator[None]:
    log = scenario.bot.folder / "stderr.log"
    before = log.read_bytes()
    log.write_bytes(before + b"Traceback (most recent call last):\n")
    yield
    log.write_bytes(before)


ABC = "ab" * 32
# What is done, and the figure that must show it ("" for those that have no figure of their own).
TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "an answer that is still thinking": (_still_thinking, "lost"),
    "a job that is gone": (_row("DELETE FROM jobs WHERE rowid = (SELECT min(rowid) FROM jobs)"), "lost"),
    "a job that failed": (_row("UPDATE jobs SET outcome = 'failed'"), "lost"),
    "a job that is unknown without need": (_row("UPDATE jobs SET outcome = 'unknown', failure = NULL"), "lost"),
    "a job that is not done": (_row("UPDATE jobs SET step = 'watch'"), "lost"),
    "a second submission": (_submitted_again, "double_submits"),
    "a second message": (_told_again, "second_messages"),
    "no message": (_told_nothing, "lost"),
    "a message that shows an ended job as running": (_announced_still, ""),
    "a second call": (_called_again, ""),
    "a private result in public": (_told_in_public, ""),
    "a file of no row": (_file(f"123/{ABC}"), "orphans"),
    "a folder of no job": (_file("work/0123456789abcdef/source"), "orphans"),
    "a row of no file": (_file_gone, "lost"),
    "a file's row that nothing refers to": (_row("DELETE FROM character_files"), "orphans"),
    "a damaged index": (_damaged, ""),
    "a defect in the log": (_logged, ""),
}


async def test_each_thing_that_is_wrong_is_found(tmp_path: Path) -> None:
    async with world(Plan(), tmp_path, looks_of_this_run()) as scenario:
        outcome = await scenario.run()
        assert outcome.findings == Findings(jobs=3)
        for name, (tamper, figure) in TAMPERINGS.items():
            found = Findings()
            with tamper(scenario):
                scenario.look(found)
            assert found.wrong, name
            assert not figure or getattr(found, figure), name
        after = Findings()
        scenario.look(after)
        assert after == Findings(jobs=3), "every tampering was put right again"


@contextmanager
def _video_submitted_again(scenario: Scenario) -> Iterator[None]:
    submissions = scenario.provider.videos.submissions
    submissions.append(submissions[0])
    yield
    submissions.pop()


TAMPERINGS_WITH_VIDEOS: dict[str, tuple[Tampering, str]] = {
    "a second submission": (_video_submitted_again, "double_submits"),
    "a submission of no job": (_row("DELETE FROM jobs WHERE rowid = (SELECT min(rowid) FROM jobs)"), "lost"),
    "a second message": (_told_again, "second_messages"),
    "credits that do not count": (_row("UPDATE jobs SET counted = 0"), "miscounted"),
    "credits that count though nothing was charged": (_row("UPDATE jobs SET outcome = 'failed'"), "miscounted"),
    "no credits": (_row("UPDATE jobs SET credits = 0"), "miscounted"),
    "a video that is gone": (_row("DELETE FROM videos WHERE id = (SELECT min(id) FROM videos)"), "lost"),
    "a file of no row": (_file(f"123/{ABC}"), "orphans"),
    "a file that is gone": (_file_gone, "lost"),
}


async def test_each_thing_that_is_wrong_with_videos_is_found(tmp_path: Path) -> None:
    async with world(Plan(videos=True), tmp_path, looks_of_this_run()) as scenario:
        outcome = await scenario.run()
        assert outcome.findings == Findings(jobs=3)
        for name, (tamper, figure) in TAMPERINGS_WITH_VIDEOS.items():
            found = Findings()
            with tamper(scenario):
                scenario.look(found)
            assert getattr(found, figure), name
        after = Findings()
        scenario.look(after)
        assert after == Findings(jobs=3), "every tampering was put right again"


TAMPERINGS_WITH_BYSTANDERS: dict[Story, dict[str, Tampering]] = {
    Story.LENT: {
        "a use more": _row("UPDATE loans SET used_before = used_before + 1"),
        "a use that was not given back": _row("UPDATE jobs SET counted = 1"),
        "a use of no job": _row("DELETE FROM jobs WHERE rowid = (SELECT min(rowid) FROM jobs)"),
        "a loan that is gone": _row("DELETE FROM loans"),
        "more uses than were allowed": _row("UPDATE loans SET uses = 1"),
    },
    Story.TAKEN_BACK: {
        "sent afterwards": _row("UPDATE jobs SET submit_started_at = 1 WHERE outcome = 'failed'"),
        "a job without its use": _row("DELETE FROM loan_uses"),
    },
    Story.IMPORT: {
        "half of an import": _row("DELETE FROM characters WHERE name = 'Ivy'"),
        "an import that came twice": _row("UPDATE characters SET name = name || ' 2' WHERE name = 'Ivy'"),
        "an import without a file": _row("DELETE FROM character_files WHERE position = 1"),
        "nothing of an import": _row("DELETE FROM characters WHERE name IN ('Ivy', 'Jan', 'Kai')"),
    },
}


@pytest.mark.parametrize("story", TAMPERINGS_WITH_BYSTANDERS)
async def test_each_thing_that_is_wrong_with_loans_and_imports_is_found(tmp_path: Path, story: Story) -> None:
    async with world(Plan(story=story, videos=True), tmp_path, looks_of_this_run()) as scenario:
        outcome = await scenario.run()
        assert outcome.findings == Findings(jobs=3, taken_back=outcome.findings.taken_back)
        assert outcome.findings.taken_back == (story is Story.TAKEN_BACK)
        [bystander] = scenario.bystanders
        for name, tamper in TAMPERINGS_WITH_BYSTANDERS[story].items():
            with tamper(scenario):
                assert bystander.wrong(job_rows(tmp_path)), name
        assert not bystander.wrong(job_rows(tmp_path)), "every tampering was put right again"


async def test_a_fetch_goes_on_where_a_kill_broke_it_off() -> None:
    outcome = await run(Plan((Kill("collect.kept_part.write", "after"),), videos=True), looks_of_this_run())
    assert happened(outcome)
    assert outcome.findings == Findings(jobs=3)
    assert outcome.went_on >= 1


async def test_an_answer_may_say_thinking_for_ever_only_where_nobody_could_take_it_away(tmp_path: Path) -> None:
    async with world(Plan(), tmp_path, looks_of_this_run()) as scenario:
        await scenario.run()
        [asked] = scenario.people[1].asked
        assert asked.original is not None
        asked.original.loading, asked.original.deleted = True, False

        def found(*, expired: bool, without_row: bool, after: float) -> Findings:
            scenario.expired = {asked.id} if expired else set()
            scenario.without_row = {asked.id} if without_row else set()
            asked.first_answer_took = after
            findings = Findings()
            scenario.look(findings)
            return findings

        assert found(expired=True, without_row=False, after=0.1) == Findings(jobs=3, expired=1)
        assert found(expired=False, without_row=True, after=1.0) == Findings(jobs=3, unasked=1)
        assert found(expired=False, without_row=True, after=0.9).lost == 1, "the row comes first"
        assert found(expired=True, without_row=True, after=0.9).lost == 1, "the row comes first"
        assert found(expired=False, without_row=False, after=1.5).lost == 1


async def test_an_answer_that_expires_while_the_bot_is_down_is_no_loss() -> None:
    plan = Plan((Kill("bot.discord.answer", "after"),), Story.OUTAGE)
    outcome = await run(plan, looks_of_this_run())
    assert happened(outcome)
    assert outcome.findings == Findings(jobs=3, expired=outcome.findings.expired)
    assert outcome.findings.expired >= 1


async def test_an_answer_before_its_row_is_no_loss() -> None:
    outcome = await run(Plan((AnsweredFirst(),)), looks_of_this_run())
    assert outcome.killed == [2]
    assert outcome.findings == Findings(jobs=3, unasked=1)


async def test_a_command_that_discord_took_no_answer_to_is_no_loss(tmp_path: Path) -> None:
    async with world(Plan(), tmp_path, looks_of_this_run()) as scenario:
        user = scenario.people[1].user
        user.slash = partial(user.slash, late=4.0)  # type: ignore[method-assign]  # seconds: of three
        outcome = await scenario.run()
    assert outcome.findings == Findings(jobs=3, too_late=1)


async def test_a_point_that_is_never_come_to_is_a_failure() -> None:
    plan = Plan((Kill("submit.provider.pay_twice", "before"),))
    campaign = Campaign(0, [await run(plan, looks_of_this_run())])
    assert campaign.never == [f"never happened: {plan}"]
    assert not campaign.wrong


def test_a_kill_that_another_scenario_had_is_none_that_never_happened() -> None:
    missed, other = Kill("deliver.discord.follow_up", "before", 2), Kill("deliver.discord.follow_up", "after")
    late = Outcome(Plan((missed,)), missed=[missed])
    assert Campaign(0, [late, Outcome(Plan((other,)), killed=[2])]).never == [f"never happened: {late.plan}"]
    for hit, running, never in ((1, 2, 0), (2, 2, 0), (1, 1, 2)):
        there = Outcome(Plan((Kill(missed.point, "before", hit),)), killed=[running])
        assert len(Campaign(0, [late, there]).never) == never
    by_chance = Kill("watch.discord.edit_public", "before")
    seldom = Outcome(Plan((by_chance,)), missed=[by_chance])
    assert Campaign(0, [seldom], points={by_chance.point}).never == []
    assert len(Campaign(0, [seldom]).never) == 1, "nobody has ever come to it"


def test_a_point_that_is_gone_is_a_failure() -> None:
    campaign = Campaign(0, points=set(EXPECTED) - {"submit.provider.create_character"})
    assert campaign.failures == ["no such point any more: submit.provider.create_character"]


def test_a_kill_with_one_job_running_does_not_count() -> None:
    plan = Plan((Kill("submit.provider.create_character", "before"),))
    outcome = Outcome(plan, killed=[1])
    assert kills(outcome) == 0
    assert Campaign(0, [outcome]).never == [f"never happened: {plan}"]
