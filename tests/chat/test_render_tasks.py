"""The list of /tasks: every state in words, the buttons that apply, and Discord's limits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.chat.render_tasks import render_tasks
from bot.jobs.job_service import Overview
from bot.texts import text
from bot.values.character import ProviderCharacter
from bot.values.job import CharacterRequest, CharacterResult, Job, Outcome, Question, Step
from bot.values.source import Attachment, EarlierTask, Link, Source
from bot.values.time_range import TimeRange
from tests.chat.samples import a_job, asked_at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMANDS = {"character create": "</character create:1>", "help": "</help:2>"}
NOTHING = Overview(
    unfinished=(),
    finished=(),
    used_today=0,
    day_limit=20,
    running=0,
    running_limit=2,
    disk_used=0,
    disk_limit=500 * 1024 * 1024,
    paused=False,
)


def running(**changes: Any) -> Job:
    return a_job(asked_at(NOW), **({"outcome": None} | changes))


def done(**changes: Any) -> Job:
    values = {"step": Step.DONE, "finished_at": NOW, "delivered_at": NOW}
    return a_job(asked_at(NOW), **(values | changes))


def described(overview: Overview, now: datetime = NOW) -> str:
    (embed,) = render_tasks(42, overview, now, "en-GB").embeds
    return embed.description or ""


def standing(overview: Overview) -> dict[str | None, str | None]:
    (embed,) = render_tasks(42, overview, NOW, "en-GB").embeds
    return {field.name: field.value for field in embed.fields if field.inline}


def labels(job: Job, now: datetime = NOW) -> list[str | None]:
    card = render_tasks(42, replace(NOTHING, unfinished=(job,)), now, "en-GB")
    return [button.item.label for button in card.buttons]


@pytest.mark.parametrize(
    ("job", "state", "buttons"),
    [
        (running(step=Step.PREPARE), "\nFetching the video", ["Cancel 1"]),
        (running(step=Step.SUBMIT), "\nSending the clip to ToAPIs", ["Cancel 1"]),
        (running(step=Step.SUBMIT, submit_started_at=NOW), "\nSending the clip to ToAPIs", []),
        (running(step=Step.WATCH, submit_started_at=NOW, progress=40), "\nMaking the character: 40 %", []),
        (running(step=Step.COLLECT, submit_started_at=NOW), "\nSaving the result", []),
        (running(step=Step.DELIVER, outcome=Outcome.SUCCEEDED), "\nDelivering the result", []),
        (
            running(step=Step.CHOOSE, question=Question.CONSENT),
            "\nWaiting for you: do you have permission to use the person in the clip?",
            ["Yes to 1", "Cancel 1"],
        ),
        (
            running(step=Step.CHOOSE, question=Question.SAME_AGAIN),
            "Make another?",
            ["Make 1 again", "Cancel 1"],
        ),
        (done(outcome=Outcome.SUCCEEDED), f"(0:01–0:03) · <t:{int(NOW.timestamp())}:R>\nDone", []),
        (
            done(outcome=Outcome.SUCCEEDED, delivered_at=None),
            "\nDone, but I couldn't show you the result",
            ["Show 1"],
        ),
        (done(outcome=Outcome.FAILED, failure=text("It was silent.")), "It was silent.", []),
        (done(outcome=Outcome.FAILED), ":R>\nFailed", []),
        (done(outcome=Outcome.CANCELLED, delivered_at=None), "\nCancelled. Nothing was charged.", []),
        (done(outcome=Outcome.UNKNOWN), "may have been charged", ["Send 1 again"]),
        (
            done(outcome=Outcome.UNKNOWN, failure=text("It takes too long.")),
            "It takes too long.",
            ["Send 1 again"],
        ),
        (done(outcome=Outcome.UNKNOWN, task_id="task_1"), "may have been charged", ["Check 1 again"]),
        (running(step=Step.DELIVER, outcome=Outcome.UNKNOWN), "may have been charged", []),
    ],
)
def test_each_state_is_said_and_has_the_buttons_that_apply(job: Job, state: str, buttons: list[str]) -> None:
    assert state in described(replace(NOTHING, unfinished=(job,)))
    assert labels(job) == buttons


def test_an_unclear_submission_can_be_sent_again_as_long_as_its_clip_is_kept() -> None:
    job = done(outcome=Outcome.UNKNOWN)
    assert labels(job, NOW + timedelta(hours=24) - timedelta(seconds=1)) == ["Send 1 again"]
    assert labels(job, NOW + timedelta(hours=24)) == []


@pytest.mark.parametrize(
    ("source", "name", "result", "shown"),
    [
        (Link(url="https://example.org/secret?key=1"), None, None, "example.org"),
        (Attachment(url=None, filename="my_clip.mp4", size=1), None, None, r"my\_clip.mp4"),
        (EarlierTask(task_id="task-1"), None, None, "task-1"),
        (Link(url="https://example.org/a.mp4"), "Ada", None, "Ada"),
        (Link(url="https://example.org/a.mp4"), None, "Ada the Tall", "Ada the Tall"),
        (Link(url="https://example.org/a.mp4"), "Ada", "Ada the Tall", "Ada"),
    ],
)
def test_a_job_is_called_by_the_best_name_there_is_and_links_stay_secret(
    source: Source, name: str | None, result: str | None, shown: str
) -> None:
    request = CharacterRequest(source=source, range=TimeRange(Decimal(1), Decimal(3)), model="sora-2", name=name)
    made = ProviderCharacter(id="ch_1", display_name=result or "", username="ada.tall")
    job = done(request=request, result=CharacterResult(characters=(made,)) if result else None)
    line = f"1\\. **{shown}** (0:01–0:03) · <t:{int(NOW.timestamp())}:R>\nDone"
    assert line in described(replace(NOTHING, finished=(job,)))


def test_what_runs_comes_before_what_is_done_and_both_are_counted_on() -> None:
    overview = replace(NOTHING, unfinished=(running(step=Step.PREPARE),), finished=(done(), done()))
    lines = described(overview).splitlines()
    assert lines[0] == "**Running or waiting**"
    assert lines[1].startswith(r"1\. ")
    assert lines[3:5] == ["", "**Done**"]
    assert [line[:2] for line in lines[5::2]] == ["2\\", "3\\"]
    assert described(replace(overview, unfinished=())).startswith("**Done**\n1\\. ")
    assert "on.\n\n**Running" in described(replace(overview, paused=True))


def test_it_says_what_to_do_next() -> None:
    (full,) = render_tasks(42, replace(NOTHING, finished=(done(),)), NOW, "en-GB", COMMANDS).embeds
    assert (
        full.footer.text == "To see your cast, use /character list. To make another character, use /character create."
    )
    (empty,) = render_tasks(42, NOTHING, NOW, "en-GB", COMMANDS).embeds
    assert empty.footer.text is None
    assert "Start with </character create:1>" in (empty.description or "")


def test_commands_in_a_reason_can_be_clicked_and_names_are_left_alone() -> None:
    request = replace(done().character, name="/character create")
    job = done(request=request, outcome=Outcome.FAILED, failure=text("Attach it again with /character create."))
    (embed,) = render_tasks(42, replace(NOTHING, finished=(job,)), NOW, "en-GB", COMMANDS).embeds
    assert "**/character create**" in (embed.description or "")
    assert "again with </character create:1>." in (embed.description or "")


def test_the_standing_of_the_day_and_of_the_disk() -> None:
    overview = replace(NOTHING, used_today=3, running=1, disk_used=1)
    assert standing(overview) == {
        "Today (UTC)": "3 of 20",
        "Running": "1 of 2",
        "Files": "1 of 500 MB",
    }
    assert "people who run this bot" not in described(overview)
    assert "I can't start anything new right now" in described(replace(NOTHING, paused=True))


def test_a_limit_of_0_is_none() -> None:
    unlimited = replace(NOTHING, used_today=3, running=1, day_limit=0, running_limit=0, disk_limit=0)
    assert standing(unlimited) == {"Today (UTC)": "3", "Running": "1", "Files": "0 MB"}


def test_a_lowered_limit_leaves_nothing_rather_than_less() -> None:
    assert "25 of 20" in (standing(replace(NOTHING, used_today=25))["Today (UTC)"] or "")


def test_more_than_discord_has_room_for_is_cut_by_whole_lines() -> None:
    job = running(step=Step.CHOOSE, question=Question.CONSENT)
    overview = replace(NOTHING, unfinished=tuple(replace(job, id=f"{each:016x}") for each in range(60)))
    card = render_tasks(42, overview, NOW, "en-GB")
    described = card.embeds[0].description or ""
    assert len(described) <= 4096
    assert len(card.buttons) == 25
    assert "… and more" in described
    first, *entries = described.split("\n")[:-1]
    assert first == "**Running or waiting**"
    assert 40 < len(entries) < 120
    assert all(line.endswith(":R>") for line in entries[::2])
    assert all(line.endswith("in the clip?") for line in entries[1::2])


def test_names_cannot_format_or_ping() -> None:
    request = CharacterRequest(
        source=Link(url="https://example.org/a.mp4"),
        range=TimeRange(Decimal(1), Decimal(3)),
        model="sora-2",
        name="**@everyone**",
    )
    said = described(replace(NOTHING, finished=(done(request=request),)))
    assert "@everyone" not in said
    assert r"\*\*@" in said
