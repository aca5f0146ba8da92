"""The table of cards: consistent in itself, true to the documentation, and open for models of a known family."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import BadConfiguration
from bot.provider.models.card import Sound
from bot.provider.models.catalogue import CARDS, card_of, cards

ALL = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)


def test_the_table_has_every_model_that_takes_references():
    assert set(CARDS) == {
        *("sora-2", "sora-2-pro", "sora-2-vip", "sora-2-vvip"),
        *("wan2.6", "wan2.6-flash", "wan3.0-video", "viduq3"),
        *("seedance-2", "seedance-2-fast", "seedance-2-mini", "seedance-2-5", "MiniMax-H3"),
        *("kling-v3", "kling-v3-omni", "kling-video-o1", "happyhorse-1.1"),
        *("veo3.1-fast", "veo3.1-lite", "Veo3.1-quality-official", "Veo3.1-fast-official", "Veo3.1-lite-official"),
        *("grok-video-1.0", "gemini-omni-flash"),
    }


@ALL
def test_what_is_asked_for_by_default_is_on_the_card(card):
    assert card.default_duration in card.durations
    assert card.durations == tuple(sorted(set(card.durations)))
    assert (card.default_ratio in card.ratios) if card.ratios else not card.default_ratio
    assert (card.default_resolution in card.resolutions) if card.resolutions else not card.default_resolution
    if card.ratios and card.resolutions:
        assert card.default_ratio in card.ratios_for(None)
    assert set(card.ratios_at) <= set(card.resolutions)
    assert set(card.resolution_words) in (set(), set(card.resolutions))
    assert (card.sound is Sound.SWITCH) == bool(card.sound_field)


@ALL
def test_everybody_who_fits_gets_something_to_be_known_by(card):
    counts = [rules.at_most for rules in (card.images, card.clips) if rules is not None]
    assert card.provider_character != card.knows_by_files
    assert card.provider_character or max(counts) >= card.characters
    assert card.like == card.model


@pytest.mark.parametrize(
    ("model", "durations"),
    [
        ("sora-2", (10, 15)),
        ("sora-2-pro", (15, 25)),
        ("sora-2-vvip", (4, 8, 12)),
        ("wan2.6", (5, 10)),
        ("viduq3", tuple(range(3, 17))),
        ("seedance-2-mini", tuple(range(4, 16))),
        ("seedance-2-5", tuple(range(4, 31))),
        ("MiniMax-H3", tuple(range(4, 16))),
        ("kling-v3-omni", tuple(range(3, 16))),
        ("kling-video-o1", tuple(range(3, 11))),
        ("veo3.1-lite", (8,)),
        ("Veo3.1-fast-official", (4, 6, 8)),
        ("grok-video-1.0", tuple(range(1, 16))),
        ("gemini-omni-flash", (4, 6, 10)),
        ("wan3.0-video", tuple(range(2, 31))),
    ],
)
def test_durations_are_the_documented_ones(model, durations):
    assert CARDS[model].durations == durations


def test_pairs_are_filtered_together():
    gemini = CARDS["gemini-omni-flash"]
    assert gemini.ratios_for("1080p") == ("16:9",)
    assert gemini.ratios_for("720P") == ("16:9", "9:16")
    assert gemini.resolutions_for("9:16") == ("720p",)
    assert gemini.resolutions_for(None) == ("720p", "1080p")


def test_a_spelling_is_the_cards_own():
    assert CARDS["happyhorse-1.1"].resolution("720p") == "720P"
    assert CARDS["MiniMax-H3"].resolution(" 2k ") == "2K"
    assert CARDS["MiniMax-H3"].resolution("720p") is None


def test_only_one_is_off_until_somebody_wants_it():
    assert [card.model for card in CARDS.values() if not card.enabled] == ["wan3.0-video"]
    wanted = card_of("wan3.0-video", {"wan3.0-video": "wan3.0-video"})
    assert wanted is not None
    assert wanted.enabled


def test_a_model_of_a_known_family_is_added_by_configuration_alone():
    extra = {"kling-v4-omni": "kling-v3-omni", "wan-next": "wan3.0-video"}
    assert card_of("kling-v4-omni", extra) == replace(CARDS["kling-v3-omni"], model="kling-v4-omni")
    assert card_of("wan-next", extra) == replace(CARDS["wan3.0-video"], model="wan-next", enabled=True)
    assert card_of("kling-v4-omni", {}) is None
    order = list(cards(extra))
    assert order.index("kling-v4-omni") == order.index("kling-v3-omni") - 1
    assert set(order) == set(CARDS) | set(extra)


def test_an_operator_may_give_a_model_of_ours_the_card_of_another():
    assert card_of("kling-v3", {"kling-v3": "kling-v3-omni"}) == replace(CARDS["kling-v3-omni"], model="kling-v3")


def test_a_likeness_that_nobody_knows_is_said_plainly():
    with pytest.raises(BadConfiguration, match=r"video_models.*wan2\.6") as wrong:
        cards({"my-model": "sk-secret"})
    assert "sk-secret" not in str(wrong.value)
