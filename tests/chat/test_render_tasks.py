"""The list of /tasks: every state in words, the buttons that apply, and Discord's limits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.chat.message import MessageContent
from bot.chat.render_task import render_task
from bot.chat.render_tasks import is_under_way, render_tasks
from bot.jobs.overview import Overview
from bot.texts import text
from bot.values.character import ProviderCharacter
from bot.values.job import CharacterRequest, CharacterResult, Job, Outcome, Question, Step
from bot.values.source import Attachment, EarlierTask, Link, Source
from bot.values.time_range import TimeRange
from tests.catalogues import write_catalogue
from tests.chat.samples import a_job, asked_at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
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
    return a_job(asked_at(NOW), **({"outcome": None, "admitted_at": NOW} | changes))


def done(**changes: Any) -> Job:
    values = {"step": Step.DONE, "finished_at": NOW, "delivered_at": NOW}
    return a_job(asked_at(NOW), **(values | changes))


def described(overview: Overview, now: datetime = NOW) -> str:
    (embed,) = render_tasks(42, overview, now, "en-GB").embeds
    return embed.description or ""


def standing(overview: Overview) -> dict[str | None, str | None]:
    (embed,) = render_tasks(42, overview, NOW, "en-GB").embeds
    return {field.name: field.value for field in embed.fields if field.inline}


def opened(job: Job, now: datetime = NOW, **overview: Any) -> MessageContent:
    return render_task(job, replace(NOTHING, **overview), now, "en-GB", COMMANDS)


def labels(job: Job, now: datetime = NOW) -> list[str | None]:
    *own, back = [button.item.label for button in opened(job, now).buttons]
    assert back == "Back to the list"
    return own


def test_of_a_reason_the_list_says_the_first_sentence_in_every_language(catalogues_in: Path) -> None:
    write_catalogue(catalogues_in, "zh_CN", 'msgid "No. Not now. {n} %"\nmsgstr "不行。现在不行。{n}%"\n')
    failed = done(outcome=Outcome.FAILED, result=None, failure=text("No. Not now. {n} %", n=3))
    for locale, first in (("en-GB", "No"), ("zh-CN", "不行")):
        (embed,) = render_tasks(42, replace(NOTHING, finished=(failed,)), NOW, locale).embeds
        assert f"· {first} ·" in (embed.description or "")


AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("job", "section", "line", "buttons"),
    [
        (running(step=Step.PREPARE), "Running", f"example.org · Fetching the video · asked for <t:{AT}:R>", ["Cancel"]),
        (running(step=Step.SUBMIT), "Running", "Sending the clip to ToAPIs · asked for", ["Cancel"]),
        (running(step=Step.SUBMIT, submit_started_at=LATER), "Running", "Sending the clip to ToAPIs · started", []),
        (
            running(step=Step.WATCH, submit_started_at=LATER, progress=40),
            "Running",
            f"example.org · Making the character: 40% · started <t:{AT + 60}:R>",
            [],
        ),
        (running(step=Step.COLLECT, submit_started_at=NOW), "Running", "Saving the result", []),
        (running(step=Step.DELIVER, outcome=Outcome.SUCCEEDED), "Running", "Delivering the result", []),
        (running(step=Step.PREPARE, admitted_at=None), "Running", "Waiting for a free place", ["Cancel"]),
        (
            running(step=Step.CHOOSE, question=Question.CONSENT),
            "Waiting for you",
            "example.org · Do you have permission to use the person in the clip?",
            ["Yes, I have permission", "Cancel"],
        ),
        (
            running(step=Step.CHOOSE, question=Question.SECONDS),
            "Waiting for you",
            "example.org · Which seconds?",
            ["Pick seconds", "Cancel"],
        ),
        (
            running(step=Step.CHOOSE, question=Question.CONCERNS),
            "Waiting for you",
            "Use them anyway?",
            ["Pick seconds", "Use anyway", "Cancel"],
        ),
        (
            running(step=Step.CHOOSE, question=Question.SAME_AGAIN),
            "Waiting for you",
            "Make another?",
            ["Make another", "Cancel"],
        ),
        (done(outcome=Outcome.SUCCEEDED), "Finished", f"example.org (0:01–0:03) · <t:{AT}:R>", []),
        (
            done(outcome=Outcome.SUCCEEDED, delivered_at=None),
            "Finished",
            "Made, but I couldn't show you the result",
            ["Show the result"],
        ),
        (
            done(outcome=Outcome.FAILED, failure=text("The clip has no sound. Nothing was charged.")),
            "Failed",
            f"example.org · The clip has no sound · <t:{AT}:R>",
            ["Try again"],
        ),
        (
            done(outcome=Outcome.FAILED, failure=text("I couldn't reach example.org. Please check the link.")),
            "Failed",
            f"I couldn't reach example.org · 0:01–0:03 · <t:{AT}:R>",
            ["Try again"],
        ),
        (done(outcome=Outcome.FAILED), "Failed", "I couldn't make it · ", ["Try again"]),
        (done(outcome=Outcome.CANCELLED, delivered_at=None), "Failed or cancelled", "example.org · Cancelled · ", []),
        (done(outcome=Outcome.UNKNOWN), "Failed", "I don't know how this ended", ["Send again"]),
        (done(outcome=Outcome.UNKNOWN, failure=text("It takes too long.")), "Failed", "takes too long", ["Send again"]),
        (done(outcome=Outcome.UNKNOWN, task_id="task_1"), "Failed", "don't know how", ["Check again"]),
    ],
)
def test_each_state_is_a_line_of_its_section_and_has_the_buttons_that_apply(
    job: Job, section: str, line: str, buttons: list[str]
) -> None:
    ended = job.step is Step.DONE
    overview = replace(NOTHING, finished=(job,)) if ended else replace(NOTHING, unfinished=(job,))
    heading, entry = described(overview).splitlines()
    assert heading == f"**{section}**"
    assert line in entry
    assert entry.count("example.org") == 1
    assert "not picked" not in entry
    assert labels(job) == buttons
    listed = render_tasks(42, overview, NOW, "en-GB")
    assert [button.item.label for button in listed.buttons] == buttons, "with one job, the list has them too"


def test_an_opened_job_says_everything_and_leads_back() -> None:
    refused = text("The clip has no sound. Attach another one with /character create.")
    job = done(outcome=Outcome.FAILED, failure=refused, submit_started_at=LATER)
    (embed,) = opened(job).embeds
    assert embed.title == "example.org"
    assert embed.description == "The clip has no sound. Attach another one with </character create:1>."
    assert {field.name: field.value for field in embed.fields} == {
        "Seconds": "0:01–0:03",
        "Model": "sora-2",
        "Asked for": f"<t:{AT}:R>",
        "Started": f"<t:{AT + 60}:R>",
        "Ended": f"<t:{AT}:R>",
    }
    assert embed.footer.text == f"Job {job.id}"


def test_a_finished_job_leads_to_its_character() -> None:
    made = ProviderCharacter(id="ch_1", display_name="Ada", username="ada.tall")
    job = done(outcome=Outcome.SUCCEEDED, result=CharacterResult(characters=(made,), character_id=9))
    show, _ = opened(job).buttons
    assert show.custom_id == "cb:cast:show:9:42"


def test_a_job_in_line_has_its_number() -> None:
    job = running(step=Step.PREPARE, admitted_at=None)
    place = {job.id: text("Waiting for your other tasks: number 2 in your line")}
    assert "example.org · Waiting for your other tasks: number 2 in your line" in described(
        replace(NOTHING, unfinished=(job,), queued=place)
    )


def test_of_several_jobs_each_is_opened_from_the_menu() -> None:
    jobs = [running(id=f"{number:016x}", step=Step.CHOOSE, question=Question.SECONDS) for number in (1, 2)]
    card = render_tasks(42, replace(NOTHING, unfinished=tuple(jobs)), NOW, "en-GB")
    assert card.buttons == ()
    (menu,) = card.menus
    assert menu.custom_id == "cb:tasks:open:all:42"
    assert [(each.label, each.description) for each in menu.item.options] == [("example.org", "Which seconds?")] * 2
    assert [each.value for each in menu.item.options] == [job.id for job in reversed(jobs)]


@pytest.mark.parametrize(
    ("job", "changes"),
    [
        (running(step=Step.WATCH), True),
        (running(step=Step.PREPARE, admitted_at=None), True),
        (running(step=Step.CHOOSE, question=Question.SECONDS), False),
    ],
)
def test_what_waits_for_its_owner_does_not_change_by_itself(job: Job, changes: bool) -> None:
    assert is_under_way(replace(NOTHING, unfinished=(job,))) is changes
    assert not is_under_way(replace(NOTHING, finished=(done(),)))


def test_an_unclear_submission_can_be_sent_again_as_long_as_its_clip_is_kept() -> None:
    job = done(outcome=Outcome.UNKNOWN)
    assert labels(job, NOW + timedelta(hours=24) - timedelta(seconds=1)) == ["Send again"]
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
    assert f"{shown} (0:01–0:03) · <t:{AT}:R>" in described(replace(NOTHING, finished=(job,)))


def test_the_sections_and_their_order() -> None:
    def named(name: str, job: Job) -> Job:
        return replace(job, request=replace(job.character, name=name))

    waiting = running(step=Step.CHOOSE, question=Question.SECONDS)
    overview = replace(
        NOTHING,
        unfinished=(
            named("older wait", waiting),
            named("older run", running(step=Step.WATCH)),
            named("newer run", running(step=Step.PREPARE)),
            named("newer wait", waiting),
        ),
        finished=(
            named("newer end", done()),
            named("fault", done(outcome=Outcome.FAILED)),
            named("older end", done()),
        ),
    )
    assert [line.split(" · ")[0].removesuffix(" (0:01–0:03)") for line in described(overview).splitlines()] == [
        *("**Running**", "older run", "newer run"),
        *("", "**Waiting for you**", "newer wait", "older wait"),
        *("", "**Finished**", "newer end", "older end"),
        *("", "**Failed**", "fault"),
    ]
    assert "continues.\n\n**Running" in described(replace(overview, paused=True))


def test_it_says_what_to_do_next() -> None:
    (full,) = render_tasks(42, replace(NOTHING, finished=(done(),)), NOW, "en-GB", COMMANDS).embeds
    assert (
        full.footer.text
        == "Your cast is in /character list, and your videos are in /video list. To make more, see /help."
    )
    (empty,) = render_tasks(42, NOTHING, NOW, "en-GB", COMMANDS).embeds
    assert empty.footer.text is None
    assert "Start with </character create:1>" in (empty.description or "")


def test_the_standing_of_the_day_and_of_the_disk() -> None:
    overview = replace(NOTHING, used_today=3, running=1, disk_used=1)
    assert standing(overview) == {
        "Characters today (UTC)": "3 of 20",
        "Running": "1 of 2",
        "Files": "1 of 500 MB",
    }
    assert "people who run this bot" not in described(overview)
    assert "I can't start anything new right now" in described(replace(NOTHING, paused=True))


def test_a_limit_of_0_is_none() -> None:
    unlimited = replace(NOTHING, used_today=3, running=1, day_limit=0, running_limit=0, disk_limit=0)
    assert standing(unlimited) == {"Characters today (UTC)": "3", "Running": "1", "Files": "0 MB"}


def test_a_lowered_limit_leaves_nothing_rather_than_less() -> None:
    assert "25 of 20" in (standing(replace(NOTHING, used_today=25))["Characters today (UTC)"] or "")


def test_more_than_discord_has_room_for_is_cut_by_whole_lines() -> None:
    job = running(step=Step.CHOOSE, question=Question.CONSENT)
    overview = replace(NOTHING, unfinished=tuple(replace(job, id=f"{each:016x}") for each in range(60)))
    card = render_tasks(42, overview, NOW, "en-GB")
    described = card.embeds[0].description or ""
    assert len(described) <= 4096
    assert len(card.menus[0].item.options) == 25
    assert "… and more" in described
    first, *entries = described.split("\n")[:-1]
    assert first == "**Waiting for you**"
    assert 40 < len(entries) < 60
    assert all(line.endswith("in the clip?") for line in entries)


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
