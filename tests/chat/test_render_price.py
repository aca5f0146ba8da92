"""What a character costs is said before and after, where it is known, and as what it is: expected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.chat.render_character import render_result
from bot.chat.render_price import not_charged_yet, price_of
from bot.chat.render_question import render_question
from bot.chat.render_task import render_task
from bot.values.job import Job, Outcome, Question, Step
from tests.cards import card_of, fields
from tests.chat.samples import a_character, a_job, asked_at
from tests.chat.test_render_tasks import NOTHING

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPECTED = "{} credits expected (ToAPIs doesn't say what it charged)"


def priced(price: str | None = "40", **changes: Any) -> Job:
    job = a_job(asked_at(NOW), **changes)
    return replace(job, request=replace(job.character, price=None if price is None else Decimal(price)))


def said(job: Job) -> tuple[str, str] | None:
    field = price_of(job)
    return None if field is None else (str(field[0]), str(field[1]))


@pytest.mark.parametrize(
    ("outcome", "counted", "field"),
    [
        (None, True, ("Expected to cost", "40 credits")),
        (Outcome.SUCCEEDED, True, ("Cost", EXPECTED.format(40))),
        (Outcome.UNKNOWN, True, ("Cost", "40 credits, if ToAPIs charged for it")),
        (Outcome.FAILED, True, ("Cost", "40 credits, if ToAPIs charged for it")),  # nobody was found in it
        (Outcome.FAILED, False, None),
        (Outcome.CANCELLED, False, None),
    ],
)
def test_the_field_says_what_is_known(outcome: Outcome | None, counted: bool, field: tuple[str, str] | None) -> None:
    job = priced(outcome=outcome, counted=counted)
    assert said(job) == field
    (opened,) = render_task(job, NOTHING, NOW, "en-GB").embeds
    shown = [(each.name, each.value) for each in opened.fields if "credits" in (each.value or "")]
    assert shown == ([field] if field else [])


@pytest.mark.parametrize(("price", "written"), [("40", "40"), ("40.50", "40.5"), ("100", "100"), ("0.25", "0.25")])
def test_prices_are_written_as_people_write_them(price: str, written: str) -> None:
    assert said(priced(price)) == ("Cost", EXPECTED.format(written))


@pytest.mark.parametrize("question", [Question.CONSENT, Question.CONCERNS, Question.SAME_AGAIN])
def test_a_question_says_what_a_yes_will_cost(question: Question) -> None:
    job = priced(outcome=None, step=Step.CHOOSE, question=question)
    assert "The expected cost is 40 credits." in card_of(render_question(job, question, "en")).description
    silent = card_of(render_question(priced(None, outcome=None), question, "en")).description
    assert "expected" not in silent


def test_what_was_not_charged_yet_is_said_with_its_price() -> None:
    assert str(not_charged_yet(priced(outcome=None))).endswith("The expected cost is 40 credits.")
    assert str(not_charged_yet(priced(None, outcome=None))) == "Nothing has been charged yet."


def test_the_result_says_what_it_cost_and_nothing_where_that_is_unknown() -> None:
    card = card_of(render_result(priced(), a_character(), None, "en"))
    assert f"**Cost:** {EXPECTED.format(40)}" in [str(field) for field in card.fields]
    assert "Cost" not in fields(render_result(priced(None), a_character(), None, "en"))
