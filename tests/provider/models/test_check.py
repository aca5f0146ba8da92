"""What speaks against a wish, and what is nearest to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from bot.provider.models.catalogue import CARDS
from bot.provider.models.check import preferred, problems, suits
from bot.provider.models.plan import media_plan
from bot.provider.models.video_spec import Clip, Needed, SpecField, Still
from bot.texts import render
from bot.values.character import FileKind
from tests.provider.models.wishes import STILLS, casts, member, spec, wishes

STILL, CLIP = FileKind.STILL, FileKind.REFERENCE


def found(model, its):
    return [(each.part, each.nearest) for each in problems(CARDS[model], its)]


def said(model, its):
    return " ".join(render(each.text) for each in problems(CARDS[model], its))


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_everybody_of_whom_there_is_everything_may_play(card):
    assert problems(card, spec()) == ()


@pytest.mark.parametrize(
    ("model", "changes", "part", "nearest"),
    [
        ("sora-2-vvip", {"duration": 9}, SpecField.DURATION, 8),
        ("sora-2-vvip", {"duration": 6}, SpecField.DURATION, 8),  # rather longer than shorter
        ("wan2.6", {"duration": 15}, SpecField.DURATION, 10),
        ("viduq3", {"duration": 2}, SpecField.DURATION, 3),
        ("veo3.1-fast", {"duration": 0}, SpecField.DURATION, 8),
        ("sora-2", {"ratio": "1:1"}, SpecField.RATIO, "16:9"),
        ("sora-2", {"ratio": "3:4"}, SpecField.RATIO, "9:16"),
        ("grok-video-1.0", {"ratio": "4:3"}, SpecField.RATIO, "3:2"),
        ("seedance-2", {"ratio": "32:9"}, SpecField.RATIO, "21:9"),
        ("kling-v3", {"ratio": "0:7"}, SpecField.RATIO, "16:9"),
        ("wan2.6-flash", {"ratio": "16:9"}, SpecField.RATIO, None),
        ("MiniMax-H3", {"resolution": "720p"}, SpecField.RESOLUTION, "768p"),
        ("MiniMax-H3", {"resolution": "4k"}, SpecField.RESOLUTION, "2K"),
        ("veo3.1-fast", {"resolution": "2k"}, SpecField.RESOLUTION, "1080p"),
        ("seedance-2-fast", {"resolution": "1080p"}, SpecField.RESOLUTION, "720p"),
        ("sora-2", {"resolution": "720p"}, SpecField.RESOLUTION, None),
        ("gemini-omni-flash", {"resolution": "1080p", "ratio": "9:16"}, SpecField.RESOLUTION, "720p"),
        ("wan2.6", {"sound": False}, SpecField.SOUND, True),
        ("grok-video-1.0", {"sound": True}, SpecField.SOUND, None),
    ],
)
def test_what_the_card_does_not_have_is_told_with_the_nearest_that_it_has(model, changes, part, nearest):
    assert found(model, spec(**changes)) == [(part, nearest)]
    if nearest is not None:
        assert problems(CARDS[model], replace(spec(**changes), **{part.value: nearest})) == ()


@settings(max_examples=40, deadline=None)
@given(wishes())
def test_the_nearest_is_always_on_the_card(its):
    for card in CARDS.values():
        for problem in problems(card, its):
            assert render(problem.text)
            if problem.nearest is not None:
                again = problems(card, replace(its, **{problem.part.value: problem.nearest}))
                assert problem not in again


def test_a_sentence_says_what_there_is():
    assert said("sora-2-vvip", spec(duration=9)) == (
        "sora-2-vvip can't make 9-second videos, only these lengths: 4, 8, 12 seconds. The closest is 8."
    )
    assert "only these lengths: 3–16 seconds." in said("viduq3", spec(duration=40))
    assert said("gemini-omni-flash", spec(resolution="1080P", ratio="9:16")) == (
        "gemini-omni-flash makes 1080p only in 16:9, not in 9:16. With 9:16, the closest resolution is 720p."
    )


@pytest.mark.parametrize(
    ("model", "who", "sentence"),
    [
        ("sora-2", member(task_id=None), "Anna wasn't made with Sora"),
        ("wan2.6", member(clip=None), "a clip of 2 to 30 seconds of each character, and Anna has none"),
        ("wan2.6", member(clip=Clip(1.5)), "and Anna's clip is 1.5 seconds"),
        ("viduq3", member(stills=()), "needs pictures of each character, and Anna has none"),
        ("viduq3", member(stills=(Still(100, 100),)), "can't use any of Anna's pictures"),
        ("happyhorse-1.1", member(stills=(Still(1920, 400),)), "can't use any of Anna's pictures"),
        ("seedance-2", member(stills=(), clip=None), "Anna has none"),
    ],
)
def test_why_a_model_cannot_take_somebody(model, who, sentence):
    [problem] = problems(CARDS[model], spec(cast=[who]))
    assert sentence in render(problem.text)
    assert (problem.part, problem.member) == (SpecField.CAST, 0)
    assert not suits(CARDS[model], [who])


def test_either_pictures_or_a_clip_will_do_where_both_are_taken():
    for who in (member(stills=()), member(clip=None), member(clip=Clip(1.0))):
        assert suits(CARDS["seedance-2"], [who])


def test_too_many_and_nobody():
    four = [member(name) for name in ("Anna", "Bo", "Cy", "Di")]
    assert "shows at most 3 characters in one video, and you named 4" in said("wan2.6", spec(cast=four))
    assert found("wan2.6", spec("dance", cast=[])) == [(SpecField.CAST, None)]


def test_of_several_made_with_sora_each_needs_a_username():
    nameless = member("Bo", username=None)
    assert suits(CARDS["sora-2"], [nameless])
    [problem] = problems(CARDS["sora-2"], spec(cast=[member(), nameless]))
    assert (problem.member, "only alone" in render(problem.text)) == (1, True)


def test_the_prompt_is_looked_at():
    assert found("viduq3", spec("  ")) == [(SpecField.PROMPT, None)]
    assert "“@Zoe”" in said("viduq3", spec("@Anna kisses @Zoe"))
    assert found("wan2.6", spec("@Anna " + "x" * 1489)) == []
    assert found("wan2.6", spec("@Anna " + "x" * 1490)) == [(SpecField.PROMPT, None)]
    assert "has 1501 with the characters' names" in said("wan2.6", spec("@Anna " + "x" * 1490))


def test_the_best_model_for_a_cast():
    table = CARDS.values()
    made_with_sora, portable = [member()], [member(task_id=None, username=None)]
    assert preferred(table, made_with_sora)[0].model == "sora-2"
    assert preferred(table, portable)[0].model == "wan2.6"
    assert preferred(table, [member(task_id=None, clip=None)])[0].model == "MiniMax-H3"
    assert "wan3.0-video" not in [card.model for card in preferred(table, portable)]
    assert preferred(table, []) == ()


# -- Which files are needed --


@pytest.mark.parametrize(
    ("model", "cast", "files"),
    [
        ("wan2.6", 2, [(0, CLIP, 0), (1, CLIP, 0)]),
        ("viduq3", 1, [(0, STILL, 0), (0, STILL, 1), (0, STILL, 2)]),
        ("kling-v3-omni", 2, [(0, STILL, 0), (1, STILL, 0)]),
        ("veo3.1-fast", 2, [(0, STILL, 0), (0, STILL, 1), (1, STILL, 0)]),
        ("gemini-omni-flash", 3, [(0, STILL, 0), (1, STILL, 0), (2, STILL, 0)]),
        ("sora-2", 2, []),
        ("seedance-2", 1, [(0, STILL, 0), (0, STILL, 1), (0, STILL, 2), (0, CLIP, 0)]),
    ],
)
def test_which_files_are_needed_in_which_order(model, cast, files):
    people = [member(name) for name in ("Anna", "Bo", "Cy")[:cast]]
    assert media_plan(CARDS[model], people) == tuple(Needed(*each) for each in files)


def test_pictures_are_shared_fairly():
    four = [member(name) for name in ("Anna", "Bo", "Cy", "Di")]
    plan = media_plan(CARDS["seedance-2"], four)
    assert [sum(each.member == at and each.kind is STILL for each in plan) for at in range(4)] == [3, 2, 2, 2]
    assert [each.member for each in plan if each.kind is CLIP] == [0, 1, 2]


def test_a_clip_goes_first_to_who_has_no_picture():
    four = [member("Anna"), member("Bo"), member("Cy"), member("Di", stills=())]
    plan = media_plan(CARDS["seedance-2"], four)
    assert [each.member for each in plan if each.kind is CLIP] == [0, 1, 3]


def test_clips_stay_within_their_sum():
    three = [member(name, clip=Clip(5.5)) for name in ("Anna", "Bo", "Cy")]
    assert [each.member for each in media_plan(CARDS["seedance-2"], three) if each.kind is CLIP] == [0, 1]


def test_a_clip_that_is_too_small_is_left_out_or_said():
    small = Clip(4.0, width=640, height=360)
    assert media_plan(CARDS["seedance-2"], [member(clip=small)]) == tuple(Needed(0, STILL, at) for at in range(3))
    assert Needed(0, CLIP) in media_plan(CARDS["seedance-2"], [member(clip=Clip(4.0, width=480, height=854))])
    assert Needed(0, CLIP) in media_plan(CARDS["MiniMax-H3"], [member(clip=small)])
    rules = CARDS["seedance-2"].clips
    assert rules is not None
    lines = replace(CARDS["wan2.6"], clips=rules)
    [problem] = problems(lines, spec(cast=[member(clip=small)]))
    assert "takes clips of 480p to 720p, and Anna's clip is 360p" in render(problem.text)


def test_an_unusable_picture_is_passed_over():
    who = member(stills=(Still(100, 100), STILLS[0]))
    assert media_plan(CARDS["viduq3"], [who]) == (Needed(0, STILL, 1),)


@settings(max_examples=40, deadline=None)
@given(casts(most=8))
def test_a_plan_stays_within_the_counts_of_its_card(cast):
    for card in CARDS.values():
        plan = media_plan(card, cast)
        assert len(set(plan)) == len(plan) <= card.in_all
        for rules, kind in ((card.images, STILL), (card.clips, CLIP)):
            its = [each for each in plan if each.kind is kind]
            assert len(its) <= (rules.at_most if rules else 0)
            assert [each.member for each in its] == sorted(each.member for each in its)
        clips = [cast[each.member].clip for each in plan if each.kind is CLIP]
        if card.clips:
            assert sum(each.seconds for each in clips) <= card.clips.sum
