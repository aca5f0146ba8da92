"""What is lent, borrowed and imported: the fullest cards fit, in every language and with the longest names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot import limits
from bot.catalogues import LOCALES
from bot.chat.render_borrowed import render_borrowed
from bot.chat.render_import import render_imported, render_offer
from bot.chat.render_loans import render_loans, render_uses
from bot.jobs.cast_import import Offer
from bot.texts import text
from bot.values.cast_import import ImportPlan, IncomingCharacter, LeftOut
from bot.values.files import StoredFile
from bot.values.job import Outcome
from bot.values.loan import Answer, Borrowed, Loan, LoanRecipient, LoanUse, PersonConsent
from bot.values.time_range import TimeRange
from tests.cards import card_of, fields, lines
from tests.chat.samples import a_character
from tests.chat.test_render_job import assert_discord_takes

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SOMEBODY = 2**63 - 1
NAME = "_" * limits.NAME_LENGTH  # each of its characters takes an escape
SERVERS = {SOMEBODY - number: "_" * 100 for number in range(limits.LOANS_PER_CHARACTER)}  # as long as Discord allows
FACE = StoredFile(key="p", sha256="0" * 64, size=4, mime="image/png")


def asked(number: int) -> list[PersonConsent]:
    answered = PersonConsent(
        id=1, owner_id=SOMEBODY, character_id=1, name=NAME, person_id=SOMEBODY, asked_at=NOW, answer=Answer.YES,
        answered_at=NOW,
    )  # fmt: skip
    return [replace(answered, id=each) for each in range(number)]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_full_page_of_borrowed_characters_fits(locale: str) -> None:
    one = Borrowed(
        loan_id=2**31, character_id=1, owner_id=SOMEBODY, name=NAME, called=NAME, clashes=False, picture=FACE,
        by_server=False, left=limits.LOAN_USES, until=NOW,
    )  # fmt: skip
    found = [replace(one, character_id=each, loan_id=SOMEBODY - each) for each in range(limits.BORROWED_PER_PAGE)]
    pictures = {each.character_id: b"face" for each in found}
    content = render_borrowed(SOMEBODY, limits.BORROWED_PER_PAGE, found, limits.LOANS_BORROWED, pictures, locale)
    assert_discord_takes(content)
    assert len(card_of(content).entries) == len(found)
    assert len(content.buttons) == 2


@pytest.mark.parametrize("locale", LOCALES)
def test_all_loans_of_a_character_fit_on_its_card(locale: str) -> None:
    character = a_character(name=NAME)
    loans = [
        Loan(
            id=server, character_id=1, name=NAME, to=LoanRecipient(server=server), uses=limits.LOAN_USES, used=999,
            until=NOW, created_at=NOW,
        )
        for server in SERVERS
    ]  # fmt: skip
    done = text("I took “{name}” back.", name=NAME)
    assert_discord_takes(render_loans(character, loans, asked(200), NOW, SERVERS, locale, done=done))
    use = LoanUse(
        job_id="f" * 16, borrower_id=SOMEBODY, guild_id=SOMEBODY, channel_id=SOMEBODY, prompt="*" * 4000,
        outcome=Outcome.UNKNOWN, video_id=2**31, at=NOW,
    )  # fmt: skip
    uses = [replace(use, job_id=f"{number:016x}") for number in range(limits.LOAN_USES_PER_PAGE)]
    assert_discord_takes(render_uses(character, len(uses), uses, limits.LOAN_USES, SERVERS, locale))


def test_of_many_people_who_were_asked_the_rest_is_counted() -> None:
    for number, last in ((limits.PEOPLE_SHOWN, "said yes on"), (limits.PEOPLE_SHOWN + 3, "and 3 more")):
        shown = fields(render_loans(a_character(), [], asked(number), NOW, {}, "en-GB"))["People in it"]
        assert last in shown.splitlines()[-1]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_largest_import_fits(locale: str) -> None:
    one = IncomingCharacter(
        name=NAME, range=TimeRange(Decimal(1), Decimal(3)), picture=None, made_at=NOW, lost=8, without_model=True
    )
    why = text("None of this character's files can be used, and no model works without them.")
    many = limits.IMPORT_CHARACTERS
    plan = ImportPlan(
        own=False, asks_consent=True, characters=(one,) * many, left_out=(LeftOut(name=NAME, why=why),) * 9, beyond=9,
        size=limits.IMPORT_ARCHIVE_BYTES,
    )  # fmt: skip
    faces = (None,) * limits.IMPORT_FACES
    names = (NAME[:-2] + " 2",) * many
    offer = Offer(id="f" * 16, owner_id=SOMEBODY, plan=plan, names=names, faces=faces, used=2**30, allowed=2**31)
    assert_discord_takes(render_offer(offer, locale))
    assert_discord_takes(render_imported(names, locale))


def test_as_many_names_are_told_as_there_is_room_for() -> None:
    assert lines(render_imported(["Ann", "Bo"], "en-GB"))[-1] == "Ann, Bo"
    said = lines(render_imported(["Ann"] * 500, "en-GB"))[-1]
    shown = said.count("Ann")
    assert shown > 200
    assert said.endswith(f"Ann and {500 - shown} more")
