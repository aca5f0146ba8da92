"""Names of characters: what is kept of them, and when two are the same."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.limits import NAME_LENGTH
from bot.values.character import Character, ProviderCharacter, clean_name, is_numbered, name_key, numbered
from bot.values.time_range import TimeRange


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mia", "Mia"),
        ("  Mia   the\tGreat\n", "Mia the Great"),
        ("Ｍｉａ", "Mia"),
        ("Mi\u202ea", "Mia"),
        ("M\x00i\x07a\x7f", "Mia"),
        ("Mia\u2028Two", "Mia Two"),
        ("Mi\ud800a", "Mia"),
        ("Mi\ue000a\ufdd0\U0001ffff", "Mia"),
        ("Mi\u200ba\ufeff\u2060\u00ad", "Mia"),
        ("e\u200f\u0301", "é"),
        ("🫨", "🫨"),  # newer than Python 3.11's tables
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ﬁ", "fi"),
        ("", ""),
        (" \u200b\u3164\u2800 ", ""),
        ("\u200d\ufe0f", ""),
        ("\u0301", ""),
        ("a" * 40, "a" * 32),
        ("a" * 31 + " b", "a" * 31),
        ("@everyone", "@everyone"),  # how it is shown safely is the renderer's business
    ],
)
def test_what_is_kept_of_a_name(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@given(st.text())
@example("e\u200f\u0301")
@example("\ufdfa" * 5)
def test_a_cleaned_name_is_short_stable_and_encodable(typed: str) -> None:
    name = clean_name(typed)
    assert len(name) <= NAME_LENGTH
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFKC", name)
    assert name == " ".join(name.split())
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Co"} for char in name)
    assert not any(unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF"} for char in name)
    name.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Mia", "MIA"), ("Straße", "STRASSE"), ("ﬁn", "FIN"), ("Ａ", "a"), ("é", "e\u0301"), ("ΐ", "Ϊ́"), ("Σ", "ς")],
)
def test_case_and_compatibility_forms_do_not_make_a_name_another(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Mia", "Mía"), ("Mia", "Mia 2"), ("O", "0")])
def test_names_that_differ_otherwise_are_different(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(typed: str) -> None:
    key = name_key(clean_name(typed))
    assert name_key(key) == key


@given(st.text(min_size=1), st.integers(min_value=2, max_value=99_999))
def test_a_numbered_name_fits_and_ends_with_its_number(typed: str, number: int) -> None:
    name = numbered(clean_name(typed) or "Character", number)
    assert len(name) <= NAME_LENGTH
    assert name.endswith(f" {number}")
    assert clean_name(name) == name


def test_a_numbered_name_is_cut_only_as_far_as_needed() -> None:
    assert numbered("Mia", 2) == "Mia 2"
    assert numbered("a" * 32, 2) == "a" * 30 + " 2"
    assert numbered("a" * 28 + " bcd", 12) == "a" * 28 + " 12"


def test_the_username_is_not_in_a_repr() -> None:
    reported = ProviderCharacter(id="ch_1", display_name="Mia", username="secret.mia", picture_url="")
    kept = Character(
        id=1,
        owner_id=2,
        name="Mia",
        display_name="Mia",
        username="secret.mia",
        provider_id="ch_1",
        task_id="task_1",
        model="sora-2",
        range=TimeRange.parse("1,3"),
        picture=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        last_used_at=None,
    )
    assert "secret" not in repr(reported)
    assert "secret" not in repr(kept)


def test_only_a_name_that_was_taken_is_told_apart_from_the_one_wanted() -> None:
    """A name as long as a name may be, with a number at its end, is what numbering makes of itself."""
    longest = "a" * (NAME_LENGTH - 2) + " 2"
    assert numbered(longest, 2) == longest
    assert not is_numbered(longest, longest)
    assert is_numbered("a" * (NAME_LENGTH - 2) + " 3", longest)
    assert is_numbered("Mia 2", "Mia")
    assert not is_numbered("Mia 2", "Mia 2")
    assert is_numbered("Mia 2 2", "Mia 2")
