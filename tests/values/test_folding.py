"""What a search does not tell apart, and how use and time are weighed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits
from bot.values.character import clean_name, clean_tags, name_key
from bot.values.folding import fold, indexed
from bot.values.frecency import used

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Zoë", "zoe"),
        ("ＺＯＥ", "zoe"),
        ("z\u006fe\u0308", "zoe"),
        ("Straße STRASSE", "strasse strasse"),
        ("Анна", "anna"),
        ("田中さくら", "tianzhongsakura"),
        ("한지민", "hanjimin"),
        ("😀", ":grinning:"),
        ("  Mia\tthe \n Great ", "mia the great"),
        ("\u0378\u0379", "\u0378\u0379"),  # not in the tables: found as it is
        ("", ""),
    ],
)
def test_case_accents_widths_and_scripts_do_not_count(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text())
def test_what_is_the_same_name_is_found_the_same_way(typed: str) -> None:
    name = clean_name(typed)
    assert fold(fold(name)) == fold(name)
    assert fold(name_key(name)) == fold(name) or not name.isascii()
    assert bool(fold(name)) == bool(name)


def test_an_index_tells_where_words_begin() -> None:
    assert indexed("Zoë Smith", "of  Sora") == "  zoe  smith  of  sora "
    assert indexed("", " ") == ""


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        ("hero, #Villain,, HERO ;  two words、三", ("hero", "Villain", "two words", "三")),
        ("\u202ehero\nnext", ("hero", "next")),
        (" , #, \u200b", ()),
        (",".join(map(str, range(99))), tuple(map(str, range(limits.TAGS)))),
        ("x" * 99, ("x" * limits.TAG_LENGTH,)),
    ],
)
def test_tags_are_typed_with_commas_between(typed: str, tags: tuple[str, ...]) -> None:
    assert clean_tags(typed) == tags


def test_use_counts_the_more_the_later() -> None:
    half = limits.USE_HALVES
    once_now = used(None, NOW)
    assert used(None, NOW - half) == pytest.approx(once_now - 1)
    assert used(used(None, NOW), NOW) == pytest.approx(once_now + 1)  # twice as much is a half-life more
    often = used(used(used(None, NOW - half), NOW - half), NOW - half)
    assert once_now < often < used(once_now, NOW)  # three of them then are worth one and a half of now
    assert used(used(None, NOW), NOW - half) == pytest.approx(used(used(None, NOW - half), NOW))  # a clock set back
    assert used(used(None, NOW), NOW + timedelta(days=100_000)) > once_now  # nothing overflows
