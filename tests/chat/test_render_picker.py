"""The picker says what was found, offers it on buttons, and holds Discord's limits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.job_buttons import UseSeconds, WatchSeconds
from bot.chat.render_character import render_result
from bot.chat.render_picker import render_picker
from bot.chat.render_question import render_question
from bot.values.files import StoredFile
from bot.values.job import Job, PreviewRequest, Question, Seen, Step
from bot.values.source import Link
from bot.values.time_range import TimeRange
from bot.values.video import (
    Best,
    BestSeconds,
    Concern,
    Findings,
    NothingToSuggest,
    Reason,
    Suggestion,
    VideoFacts,
)
from tests.cards import card_of, lines
from tests.chat.samples import PICTURE, Now, a_character, a_job, asked_at
from tests.chat.test_render_job import assert_discord_takes, labels, words

STRIP = b"RIFF\0\0\0\0WEBP"


def facts(**changes: Any) -> VideoFacts:
    values: dict[str, Any] = {
        "container": "mp4", "seconds": 8.0, "width": 1280, "height": 720, "frame_rate": 24.0,
        "video_codec": "h264", "audio_codec": "aac",
    }  # fmt: skip
    return VideoFacts(**values | changes)


def found(*suggestions: Suggestion, **changes: Any) -> BestSeconds:
    return replace(BestSeconds(suggestions=suggestions, sampled=False, faces=True, voices=True), **changes)


GOOD = Suggestion(range=TimeRange.parse("4-7"), score=0.9, reasons=(Reason.ONE_FACE, Reason.SHARP, Reason.VOICE))
POOR = Suggestion(range=TimeRange.parse("0.5-2"), score=0.2, concerns=(Concern.NO_SUBJECT, Concern.BLURRED))


def picking(now: Now, best: BestSeconds | None, *, preview: bool = False, **seen: Any) -> Job:
    looked = Seen(facts=seen.pop("facts", facts()), best=best)
    request = {"request": PreviewRequest(source=Link(url="https://example.org/clip.mp4"))} if preview else {}
    return a_job(asked_at(now()), **request, step=Step.CHOOSE, outcome=None, question=Question.SECONDS, seen=looked)


def test_while_it_looks_it_says_so_and_takes_other_seconds_already(now: Now) -> None:
    card = render_picker(picking(now, None), STRIP, "en-GB")
    assert "Looking for the best seconds" in words(card)
    assert labels(card) == ["Other seconds…", "Cancel"]
    assert card.files[0].data == STRIP
    assert card_of(card).media == card.files


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1-9", "0:01–0:09 is 8 s long, but a range must be 1 to 3 seconds long."),
        ("*soon*", r"“\*soon\*” is not a range of seconds."),
        ("99-101", "The video is 8 s long, and 1:39–1:41 ends after that."),
    ],
)
def test_it_says_first_what_is_wrong_with_the_seconds_that_were_given(now: Now, typed: str, sentence: str) -> None:
    job = picking(now, found(GOOD))
    given = replace(job, request=replace(job.character, range=None, typed=typed))
    assert card_of(render_picker(given, STRIP, "en-GB")).description.splitlines()[0] == sentence
    fine = replace(job, request=replace(job.character, range=None, typed="4-6"))
    assert lines(render_picker(fine, STRIP, "en-GB")) == lines(render_picker(job, STRIP, "en-GB"))


def test_a_preview_that_still_looks_has_no_buttons(now: Now) -> None:
    assert labels(render_picker(picking(now, None, preview=True), STRIP, "en-GB")) == []
    assert labels(render_picker(picking(now, found(), preview=True), STRIP, "en-GB")) == ["Other seconds…"]


def test_each_suggestion_has_its_reasons_and_a_button(now: Now) -> None:
    card = render_picker(picking(now, found(GOOD, POOR)), STRIP, "en-GB")
    first, second = (entry for entry in card_of(card).entries if entry.button is not None)
    assert first.words == "**1** · 0:04–0:07 · one face, sharp, voice"  # none of which is true of the other
    assert second.words == "**2** · 0:00.5–0:02 · no face found, blurry"
    assert labels(card) == ["Use 1", "Use 2", "Watch 1", "Watch 2", "Other seconds…", "Cancel"]
    assert lines(card)[-1] == "Nothing has been charged yet."
    assert first.button is not None
    assert first.button.custom_id == f"cb:job:use:{picking(now, None).id}:4,7:42"


def alike(*seconds: str, **different: Any) -> list[Suggestion]:
    reasons = (Reason.ONE_FACE, Reason.SHARP, Reason.VOICE)
    return [Suggestion(range=TimeRange.parse(each), score=0.9, reasons=reasons, **different) for each in seconds]


def suggested(now: Now, *suggestions: Suggestion) -> list[str]:
    card = render_picker(picking(now, found(*suggestions)), STRIP, "en-GB")
    return lines(card)[1:]  # without the title


def test_what_is_true_of_all_is_said_once(now: Now) -> None:
    near, far = alike("4-7", "0.5-2")
    best = (Best.LARGEST, Best.SPEECH)
    lines = suggested(now, replace(near, best=best), replace(far, best=(Best.STEADIEST,)))
    assert lines[0] == "**1** · 0:04–0:07 · largest face, speaks most"
    assert lines[1] == "**2** · 0:00.5–0:02 · steadiest"
    assert lines[2] == "In both: one face, sharp, voice."


def test_what_is_the_best_is_not_also_good(now: Now) -> None:
    lines = suggested(now, replace(GOOD, best=(Best.SHARPEST, Best.SPEECH)), POOR)
    assert lines[0] == "**1** · 0:04–0:07 · sharpest, speaks most, one face"


def test_those_that_nothing_tells_apart_are_told_by_their_place(now: Now) -> None:
    lines = suggested(now, *alike("4-7", "9-11", "0.5-2"))
    assert lines[0] == "**1** · 0:04–0:07 · in the middle"
    assert lines[1] == "**2** · 0:09–0:11 · latest"
    assert lines[2] == "**3** · 0:00.5–0:02 · earliest"
    assert lines[3] == "In all of them: one face, sharp, voice."


@pytest.mark.parametrize(
    ("best", "seen", "sentence"),
    [
        (found(POOR), {}, "No great match. Closest:"),
        (found(), {}, "No seconds stand out"),
        (found(nothing=NothingToSuggest.BLACK), {}, "this video is black"),
        (found(nothing=NothingToSuggest.CARD), {}, "only titles, logos or empty pictures"),
        (found(nothing=NothingToSuggest.TOO_SHORT), {}, "a cut in every second"),
        (found(failed=True), {}, "I couldn't look for the best seconds in this video. Pick them yourself."),
        (found(GOOD, sampled=True), {}, "only looked at parts of it"),
        (found(GOOD, faces=False), {}, "without its face model"),
        (found(GOOD), {"facts": facts(width=640, height=360)}, "smaller than 720p"),
        (found(GOOD), {"facts": facts(sound_tracks=3, sound_track=2)}, "has 3 sound tracks. I'm using number 2."),
    ],
)
def test_it_is_honest(now: Now, best: BestSeconds, seen: dict[str, Any], sentence: str) -> None:
    assert sentence in words(render_picker(picking(now, best, **seen), STRIP, "en-GB"))
    assert sentence not in words(render_picker(picking(now, found(GOOD)), STRIP, "en-GB"))


def test_a_look_that_failed_is_not_told_as_one_that_found_nothing(now: Now) -> None:
    card = render_picker(picking(now, found(failed=True)), STRIP, "en-GB")
    assert "stand out" not in words(card)
    assert labels(card) == ["Other seconds…", "Cancel"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"character_price": Decimal(60)}, "The character is expected to cost 60 credits."),
        ({"needs_sound": False}, "The character is free as well."),
        ({}, "within a day."),
    ],
)
def test_a_preview_says_what_a_character_of_it_costs(now: Now, changes: dict[str, Any], said: str) -> None:
    job = picking(now, found(GOOD), preview=True)
    job = replace(job, request=PreviewRequest(source=Link(url="https://example.org/clip.mp4"), **changes))
    shown = words(render_picker(job, STRIP, "en-GB"))
    assert "Previews are free." in shown
    assert said in shown
    assert ("expected" in shown) is ("character_price" in changes)


def test_a_preview_leads_on(now: Now) -> None:
    card = render_picker(picking(now, found(GOOD, POOR), preview=True), STRIP, "en-GB")
    assert labels(card) == ["Use 1", "Use 2", "Watch 1", "Watch 2", "Other seconds…"]
    pressed = [button.custom_id.split(":")[2] for button in card.items]
    assert pressed == ["begin", "begin", "watch", "watch", "beginother"]
    assert "pick its seconds here within a day" in words(card)
    assert "0:04–0:07" in words(card)


RANGES = st.integers(0, 359_000_000).map(lambda start: TimeRange(Decimal(start) / 1000, Decimal(start + 2_999) / 1000))
SUGGESTIONS = st.builds(
    Suggestion,
    range=RANGES,
    score=st.floats(0, 1),
    reasons=st.lists(st.sampled_from(Reason), unique=True).map(tuple),
    concerns=st.lists(st.sampled_from(Concern), unique=True).map(tuple),
    best=st.lists(st.sampled_from(Best), unique=True).map(tuple),
)


@given(suggestions=st.lists(SUGGESTIONS, min_size=2, max_size=5))
def test_no_two_suggestions_are_said_in_the_same_words(suggestions: list[Suggestion]) -> None:
    lines = suggested(Now(), *suggestions)
    words = [line.rsplit(" · ", 1)[1] for line in lines if line.startswith("**")]
    assert len(words) == len(suggestions)
    assert len(set(words)) == len(words)
    assert all(words)


@given(
    suggestions=st.lists(SUGGESTIONS, max_size=5, unique_by=lambda each: each.range),
    sampled=st.booleans(),
    faces=st.booleans(),
)
def test_whatever_is_found_discord_takes_it(suggestions: list[Suggestion], sampled: bool, faces: bool) -> None:
    best = found(*suggestions, sampled=sampled, faces=faces)
    card = render_picker(picking(Now(), best), STRIP, "en-GB")
    assert_discord_takes(card)
    uses, watches = card.items[: len(suggestions)], card.items[len(suggestions) : 2 * len(suggestions)]
    for button, watch, suggestion in zip(uses, watches, suggestions, strict=True):
        assert isinstance(button, UseSeconds)
        assert isinstance(watch, WatchSeconds)
        assert watch.seconds == button.seconds
        assert TimeRange.parse(button.seconds) == suggestion.range


def doubting(now: Now, *, picked: bool = False) -> Job:
    findings = Findings(concerns=(Concern.SILENT, Concern.LOW_RESOLUTION), faces=True)
    seen = Seen(findings=findings, best=found() if picked else None)
    return a_job(asked_at(now()), step=Step.CHOOSE, question=Question.CONCERNS, seen=seen)


def test_doubts_show_the_seconds_and_the_safe_button_leads(now: Now) -> None:
    job = doubting(now)
    card = render_question(job, Question.CONCERNS, "en-GB", picture=STRIP)
    assert job.character.range is not None
    assert job.character.range.people in card_of(card).title
    assert card_of(card).media == card.files
    assert "hardly any sound" in words(card)
    assert labels(card) == ["Pick other seconds", "Use anyway", "Cancel"]
    assert [button.item.style.name for button in card.buttons] == ["primary", "secondary", "secondary"]
    assert_discord_takes(card)
    assert_discord_takes(render_question(job, Question.CONCERNS, "en-GB"))


def test_quiet_seconds_are_offered_louder(now: Now) -> None:
    quiet = replace(doubting(now), seen=Seen(findings=Findings(concerns=(Concern.QUIET,), faces=True)))
    card = render_question(quiet, Question.CONCERNS, "en-GB")
    assert card_of(card).title == "Make the sound louder?"
    assert labels(card) == ["Make it louder", "Use it as it is", "Pick other seconds", "Cancel"]
    assert "may find no character" not in words(card)
    assert_discord_takes(card)
    both = Findings(concerns=(Concern.NO_SUBJECT, Concern.QUIET), faces=True)
    card = render_question(replace(quiet, seen=Seen(findings=both)), Question.CONCERNS, "en-GB")
    assert labels(card)[1:3] == ["Use anyway", "Use anyway, and make it louder"]
    louder = replace(quiet, request=replace(quiet.character, louder=True))
    said = words(render_result(louder, a_character(), PICTURE, "en-GB"))
    assert "as loud as voices usually are" in said
    assert "quiet" not in said


def test_how_small_a_video_is_is_said_once_and_before_it_is_paid_for(now: Now) -> None:
    assert "720p" in words(render_question(doubting(now), Question.CONCERNS, "en-GB"))
    assert "720p" not in words(render_question(doubting(now, picked=True), Question.CONCERNS, "en-GB"))
    assert "720p" not in words(render_result(doubting(now), a_character(), PICTURE, "en-GB"))


def test_what_was_seen_in_the_seconds_stands_on_the_result(now: Now) -> None:
    findings = Findings(concerns=(Concern.CUT,), faces=True)
    card = render_result(a_job(asked_at(now()), seen=Seen(findings=findings)), a_character(), PICTURE, "en-GB")
    assert "There's a cut" in words(card)
    assert_discord_takes(card)


def test_a_still_in_the_pictures_place_is_called_one(now: Now) -> None:
    still = StoredFile(key="7/ab", sha256="ab", size=9, mime="image/jpeg")
    character = a_character(picture=still, picture_is_still=True)
    assert "a still from the clip" in words(render_result(a_job(asked_at(now())), character, PICTURE, "en-GB"))
