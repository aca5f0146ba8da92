"""Who is meant by ``@name`` in a prompt, and what the model reads there."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.provider.models.catalogue import CARDS
from bot.provider.models.plan import media_plan
from bot.provider.models.prompt import mentions, told
from bot.values.character import name_key
from tests.patience import PATIENCE
from tests.provider.models.wishes import NAMES, member

CAST = ("Anna", "Anna Bo", "Turbo Whiskers", "太郎", "Straße", "Łukasz", "철수", "O'Neil", "🐙")


@pytest.mark.parametrize(
    ("prompt", "known", "unknown"),
    [
        ("@Anna dances", ("Anna",), ()),
        ("@anna and @ANNA", ("Anna",), ()),
        ("@Anna Bo waves at @Anna", ("Anna Bo", "Anna"), ()),
        ("@Anna Bob waves", ("Anna",), ()),
        ("@turbo\u00a0whiskers, jump!", ("Turbo Whiskers",), ()),
        ("＠Ａｎｎａ dances", ("Anna",), ()),
        ("走れ@太郎が来る", ("太郎",), ()),
        ("@철수가 뛴다", ("철수",), ()),
        ("@\u1112", (), ("\u1112",)),
        ("@\u110e\u1165\u11af\u1109\u116e sings", ("철수",), ()),  # the same, taken apart
        ("@STRASSE sings", ("Straße",), ()),
        ("@Łukasz's hat, @łUKASZ.", ("Łukasz",), ()),
        ("@O'Neil walks", ("O'Neil",), ()),
        ("(@🐙)", ("🐙",), ()),
        ("@Annabel and @Anna2", (), ("Annabel", "Anna2")),
        ("write to anna@anna.example", (), ()),
        ("bob@Anna", (), ()),
        ("meet @ 5, @", (), ()),
        ("@@Anna", ("Anna",), ()),
        ("@Zoe, @zoe. @duksvfkf.turbo_whis!", (), ("Zoe", "zoe", "duksvfkf.turbo_whis")),
        ("<@80351110224678912> dances", (), ("80351110224678912",)),
        ("", (), ()),
    ],
)
def test_who_is_called(prompt, known, unknown):
    found = mentions(prompt, CAST)
    assert (found.known, found.unknown) == (known, unknown)


def test_a_hostile_prompt_takes_no_time():
    began = time.process_time()
    mentions("@" * 6000, CAST)
    mentions("@Ann" * 1500, CAST)
    assert time.process_time() - began < PATIENCE  # milliseconds; where each letter is tried with each other, hours


@given(st.lists(NAMES, min_size=1, max_size=4), st.text(max_size=20))
def test_a_name_that_stands_alone_is_always_found(names, after):
    found = mentions(f"see @{names[0]} \n{after}", names)
    assert found.known
    assert len(name_key(found.known[0])) >= len(name_key(names[0]))


@given(st.text(max_size=60), st.lists(NAMES, max_size=3))
def test_a_prompt_without_calls_is_told_as_it_is(prompt, names):
    plain = prompt.replace("@", "").replace("＠", "").replace("﹫", "")
    cast = [member("Anna")]
    card = CARDS["wan2.6"]
    assert mentions(plain, names).known == ()
    assert told(card, plain, cast, media_plan(card, cast)) == f"character1: {plain}"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("sora-2", "@abcdefgh.anna waves at @abcdefgh.bo . @abcdefgh.anna laughs"),
        ("wan2.6", "character1 waves at character2 . character1 laughs"),
        ("viduq3", "@character1 waves at @character2 . @character1 laughs"),
        ("kling-v3-omni", "<<<element_1>>> waves at <<<element_2>>> . <<<element_1>>> laughs"),
        (
            "seedance-2",
            "Anna (image 1, image 2, image 3, video 1) waves at Bo (image 4, image 5, image 6, video 2). Anna laughs",
        ),
        ("veo3.1-fast", "Anna (image 1, image 2) waves at Bo (image 3). Anna laughs"),
    ],
)
def test_each_family_reads_its_own_marker(model, expected):
    cast = [member("Anna"), member("Bo")]
    card = CARDS[model]
    assert told(card, "@Anna waves at @bo. @Anna laughs", cast, media_plan(card, cast)) == expected


def test_who_is_not_called_stands_in_front():
    cast = [member("Anna"), member("Bo"), member("Cy")]
    card = CARDS["wan2.6"]
    assert told(card, "Look at @Bo!", cast, media_plan(card, cast)) == "character1, character3: Look at character2!"


def test_a_marker_does_not_run_into_the_words_beside_it():
    cast = [member("太郎")]
    card = CARDS["wan2.6"]
    assert told(card, "走れ@太郎が来る", cast, ()) == "走れ character1 が来る"


def test_a_character_without_a_username_is_told_by_its_name():
    card = CARDS["sora-2"]
    assert told(card, "@Anna waves", [member(username=None)], ()) == "Anna waves"
