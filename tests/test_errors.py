"""What goes wrong: each failure has a sentence, and each bad start an exit code."""

from __future__ import annotations

import pytest

from bot import errors
from bot.errors import BadConfiguration, BadStart, CastbookError, DownloadFailed, UnknownCharacter, UnknownJob
from bot.texts import text


def test_a_failure_carries_its_sentence_for_people_and_reads_in_english_in_logs() -> None:
    failure = CastbookError(text("No {thing}.", thing="video"))
    assert failure.text == text("No {thing}.", thing="video")
    assert str(failure) == "No video."


@pytest.mark.parametrize("permanent", [True, False])
def test_a_failed_download_says_whether_asking_again_can_help(permanent: bool) -> None:
    failure = DownloadFailed(text("Gone."), permanent=permanent)
    assert failure.permanent is permanent
    assert str(failure) == "Gone."


def test_an_unknown_character_is_named_as_it_was_typed_and_says_where_the_known_ones_are() -> None:
    failure = UnknownCharacter("Mia {x} @everyone")
    assert "“Mia {x} @everyone”" in str(failure)
    assert "/character list" in str(failure)
    assert failure.text.params["name"] == "Mia {x} @everyone"  # a parameter: the renderer escapes it


def test_an_unknown_job_says_where_the_known_ones_are() -> None:
    assert "/tasks" in str(UnknownJob())


def test_a_defect_is_answered_with_its_id_only() -> None:
    assert str(errors.unexpected("0a1b2c3d")).startswith("Something went wrong on our side (ID 0a1b2c3d).")


def test_a_bad_start_has_an_exit_code_that_says_what_kind() -> None:
    assert BadStart.exit_code == 69
    assert BadConfiguration("A sentence.").exit_code == 78
    assert not issubclass(BadStart, CastbookError)  # it is for the operator, not for people in Discord
