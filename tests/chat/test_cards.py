"""Cards hold Discord's limits whatever they are about, and say what their readers need."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits
from bot.chat.card import Card, PictureFile
from bot.chat.cards import (
    character_card,
    failure_card,
    gone_card,
    progress_card,
    question_card,
    result_card,
)
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import Job, Outcome, Question
from tests.chat.samples import PICTURE, a_character, a_job, asked_at
from tests.chat.small_discord import Now

HOSTILE = st.text(max_size=600) | st.sampled_from(["", " ", "```", "@everyone", "*" * 600, "\n" * 50, "[a](https://b)"])


def words(card: Card) -> str:
    return "\n".join(str(embed.to_dict()) for embed in card.embeds)


def labels(card: Card) -> list[str | None]:
    return [button.item.label for button in card.buttons]


def assert_discord_takes(card: Card) -> None:
    assert 0 < len(card.embeds) <= limits.EMBEDS_PER_MESSAGE
    assert len(card.files) <= limits.FILES_PER_MESSAGE
    assert sum(len(embed) for embed in card.embeds) <= limits.EMBED_TOTAL
    for embed in card.embeds:
        assert len(embed.title or "") <= limits.EMBED_TITLE
        assert len(embed.description or "") <= limits.EMBED_DESCRIPTION
        for field in embed.fields:
            assert 0 < len(field.name or "") <= limits.EMBED_TITLE
            assert 0 < len(field.value or "") <= limits.EMBED_FIELD_VALUE
    for button in card.buttons:
        assert 0 < len(button.item.label or "") <= limits.BUTTON_LABEL
        assert len(button.custom_id) <= limits.CUSTOM_ID
    str([embed.to_dict() for embed in card.embeds]).encode()


@given(name=HOSTILE, display_name=HOSTILE, username=HOSTILE, task_id=HOSTILE, with_picture=st.booleans())
def test_characters_with_hostile_names_fit(with_picture: bool, **names: str) -> None:
    job, character = a_job(asked_at(Now()())), a_character(**names)
    picture = PICTURE if with_picture else None
    for card in (
        result_card(job, character, picture, "en"),
        character_card(character, picture, "en", owner_sees=True),
    ):
        assert_discord_takes(card)


@given(reason=HOSTILE, percent=st.none() | st.integers(-5, 200))
def test_ends_and_states_fit(reason: str, percent: int | None) -> None:
    job = a_job(asked_at(Now()()), outcome=Outcome.FAILED, failure=text("{problem}.", problem=reason))
    for card in (
        failure_card(job, "en"),
        progress_card(job, text("{x}", x=reason), percent, "en"),
        gone_card(job, "en"),
    ):
        assert_discord_takes(card)


def test_result_says_what_it_is_and_whose_it_is(job: Job) -> None:
    character = a_character(picture=StoredFile(key="k", sha256="s", size=1, mime="image/webp"))
    card = result_card(job, character, PICTURE, "en")
    (embed,) = card.embeds
    assert embed.title == "Ada the Tall"
    assert "“Ada”" in (embed.description or "")
    fields = {field.name: field.value for field in embed.fields}
    assert fields == {"Reusable task ID": "```\ntask_01ABC\n```", "Model": "sora-2", "Seconds": "0:01–0:03"}
    assert job.id in (embed.footer.text or "")
    assert embed.image.url == "attachment://character-3.webp"
    assert card.files == (PictureFile("character-3.webp", PICTURE),)
    assert labels(card) == ["Rename", "Delete"]
    assert [button.press.custom_id for button in card.buttons] == ["cb:cast:rename:3:42", "cb:cast:delete:3:42"]


def test_missing_pictures_are_spoken_of(job: Job) -> None:
    none = result_card(job, a_character(), None, "en")
    assert "no picture" in words(none)
    kept = a_character(picture=StoredFile(key="k", sha256="s", size=1, mime="image/png"))
    assert "/character show" in words(result_card(job, kept, None, "en"))
    assert none.attachments() == []


def test_username_is_for_its_owner_only(job: Job) -> None:
    character = a_character()
    assert "@ada.tall" in words(character_card(character, None, "en", owner_sees=True))
    assert "ada.tall" not in words(character_card(character, None, "en", owner_sees=False))
    assert "ada.tall" not in words(result_card(job, character, PICTURE, "en"))


def test_character_without_a_display_name_goes_by_its_own() -> None:
    (embed,) = character_card(a_character(display_name="\u202e "), None, "en", owner_sees=False).embeds
    assert embed.title == "Ada"


@pytest.mark.parametrize(("percent", "bar"), [(0, "`░░░░░░░░░░░░░░░░` 0 %"), (50, "`████████░░░░░░░░` 50 %"),
                                              (130, "`████████████████` 100 %")])  # fmt: skip
def test_progress_has_a_bar_and_a_beginning(job: Job, percent: int, bar: str) -> None:
    shown = progress_card(job, text("Making it"), percent, "en").embeds[0].description or ""
    assert shown.split("\n") == ["Making it", bar, f"Started <t:{int(job.created_at.timestamp())}:R>"]


def test_progress_without_a_known_percent_has_no_bar_and_no_job_id(job: Job) -> None:
    card = progress_card(job, text("Waiting"), None, "en")
    assert "█" not in words(card)
    assert job.id not in words(card)  # the courier would take it for the result


@pytest.mark.parametrize(
    ("changes", "title", "buttons"),
    [
        ({"outcome": Outcome.FAILED}, "Nothing was made", []),
        ({"outcome": Outcome.UNKNOWN}, "This may have been charged", ["Send again"]),
        ({"outcome": Outcome.UNKNOWN, "task_id": "task_1"}, "This may have been charged", ["Check again"]),
    ],
)
def test_failures_offer_what_applies(changes: dict[str, Any], title: str, buttons: list[str]) -> None:
    card = failure_card(a_job(asked_at(Now()()), failure=text("It was {how}.", how="*silent*"), **changes), "en")
    assert card.embeds[0].title == title
    assert card.embeds[0].description == r"It was \*silent\*."
    assert labels(card) == buttons
    assert "Job 00112233445566ff" in words(card)


def test_failure_without_a_reason_still_says_something(job: Job) -> None:
    assert failure_card(job, "en").embeds[0].description


@pytest.mark.parametrize(
    ("question", "yes", "action"),
    [(Question.CONSENT, "Yes, that is so", "consent"), (Question.SAME_AGAIN, "Make another", "again")],
)
def test_questions_have_a_yes_and_a_cancel(job: Job, question: Question, yes: str, action: str) -> None:
    card = question_card(job, question, "en")
    assert_discord_takes(card)
    assert labels(card) == [yes, "Cancel"]
    assert [button.press.action for button in card.buttons] == [action, "cancel"]
    assert job.id not in words(card)
