"""One thing is made worse at a time, and the score must fall."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bot.media.child.faces import Face
from bot.media.child.samples import Sample
from bot.media.child.scan import EVERY, Stretch
from bot.media.child.scoring import Shot
from bot.media.child.shots import Change
from bot.media.child.sound_analysis import RATE, SoundAnalysis, voice_detector
from playground.voice import speak

FACE = Face(0.4, 0.2, 0.6, 0.6, 0.9)
GOOD = Sample(instant=0.0, subjects=1, face=FACE, light=120.0, contrast=50.0, sharpness=0.9)
EMPTY = replace(GOOD, subjects=0, face=None)
STILL = np.random.default_rng(6).uniform(40, 200, (36, 64)).astype(np.float32)

Edit = Callable[[int, Sample], Sample]


def silent() -> SoundAnalysis:
    return SoundAnalysis(0.0, None, None)


def shot(
    sample: Sample = GOOD,
    *,
    count: int = 16,
    edit: Edit = lambda index, sample: sample,
    speed: float = 0.02,
    thumbnails: list[np.ndarray] | None = None,
    audio: SoundAnalysis | None = None,
) -> Shot:
    """Four pictures a second of the same, each as `edit` makes it."""
    stretch = Stretch(
        start=0.0,
        end=count * EVERY,
        size=(1280, 720),
        samples=[edit(index, replace(sample, instant=index * EVERY)) for index in range(count)],
        thumbnails=thumbnails or [STILL] * count,
        changes=[Change(at / 12, (at + 1) / 12, 0.0, speed) for at in range(round(count * EVERY * 12) - 1)],
    )
    return Shot(stretch, audio or silent())


def score(**changed: object) -> float:
    found = shot(**changed).score(0.5, 3.5)  # type: ignore[arg-type]  # whatever a test changes
    assert found is not None
    assert 0.0 <= found <= 1.0
    return found


WORSE: dict[str, Sample] = {
    "nobody": EMPTY,
    "two": replace(GOOD, subjects=2),
    "small": replace(GOOD, face=Face(0.48, 0.4, 0.52, 0.46, 0.9)),
    "unsure": replace(GOOD, face=replace(FACE, confidence=0.3)),
    "cut off": replace(GOOD, face=Face(0.0, 0.2, 0.2, 0.6, 0.9)),
    "blurred": replace(GOOD, sharpness=0.3),
    "dark": replace(GOOD, light=12.0),
    "glaring": replace(GOOD, light=248.0),
    "flat": replace(GOOD, contrast=4.0),
}


@pytest.mark.parametrize("name", WORSE)
def test_each_fault_costs_a_tenth_at_least(name: str) -> None:
    assert score(sample=WORSE[name]) < 0.9 * score()


@pytest.mark.parametrize("name", ["nobody", "two", "blurred", "dark"])
def test_grave_ones_cost_half(name: str) -> None:
    assert score(sample=WORSE[name]) < 0.5 * score()


def test_a_shaking_camera_costs_more_the_faster_it_is() -> None:
    found = [score(speed=speed) for speed in (0.02, 0.2, 0.4, 0.8)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.5 * found[0]


def test_part_of_it_without_the_subject_costs_more_than_its_share() -> None:
    def leaves(index: int, sample: Sample) -> Sample:
        return replace(sample, subjects=0, face=None) if index >= 11 else sample

    part = score(edit=leaves)
    assert score(sample=EMPTY) < part < 0.75 * score()


def test_without_anybody_sharpness_steadiness_and_sound_decide() -> None:
    best = score(sample=EMPTY)
    assert best > score(sample=replace(EMPTY, sharpness=0.3))
    assert best > score(sample=EMPTY, speed=0.4)
    assert best > score(sample=replace(EMPTY, contrast=4.0))
    loud = np.random.default_rng(1).normal(0, 0.1, 4 * RATE).astype(np.float32)
    assert best < score(sample=EMPTY, audio=SoundAnalysis(0.0, loud, None))


def test_a_voice_is_better_than_noise_and_noise_than_silence() -> None:
    voices = voice_detector()
    spoken = speak(4).samples[::3]
    noise = np.random.default_rng(1).normal(0, np.sqrt(np.square(spoken).mean()), spoken.size).astype(np.float32)
    found = [score(audio=SoundAnalysis(0.0, sound, voices)) for sound in (None, noise, spoken)]
    assert found == sorted(found)
    assert len(set(found)) == 3


def test_longer_is_better_where_it_is_as_good() -> None:
    one, two, three = (shot().score(0.5, 0.5 + length) for length in (1, 2, 3))
    assert one < two < three  # type: ignore[operator]  # None is an error too


def test_a_face_missed_in_between_is_remembered() -> None:
    def blinks(index: int, sample: Sample) -> Sample:
        return replace(sample, subjects=0, face=None) if index in (5, 6, 9) else sample

    assert score(edit=blinks) > 0.85 * score()
    assert [picture.sample.subjects for picture in shot(edit=blinks).pictures(0.0, 4.0)] == [1] * 16


def test_two_faces_at_different_places_are_no_reason_to_remember_one() -> None:
    def jumps(index: int, sample: Sample) -> Sample:
        if index in (6, 7):
            return replace(sample, subjects=0, face=None)
        return replace(sample, face=Face(0.7, 0.2, 0.9, 0.6, 0.9)) if index > 7 else sample

    assert [picture.sample.subjects for picture in shot(edit=jumps).pictures(1.5, 1.75)] == [0, 0]


def test_a_second_face_in_one_picture_only_was_none() -> None:
    assert score(edit=lambda index, sample: replace(sample, subjects=2 if index == 7 else 1)) == score()


def moving(columns: slice, *, all_over: float = 0.0) -> list[np.ndarray]:
    """Something that goes up and down in some columns of a picture that stands still otherwise."""
    thumbnails = []
    for index in range(16):
        thumbnail = STILL.copy()
        thumbnail[:, columns] += 40 * (index % 2)
        thumbnails.append(thumbnail + all_over * (index % 2))
    return thumbnails


def test_what_stirs_in_the_middle_is_likelier_a_subject_than_what_does_not() -> None:
    nothing = score(sample=EMPTY)
    assert score(sample=EMPTY, thumbnails=moving(slice(20, 44))) > 1.3 * nothing
    assert score(sample=EMPTY, thumbnails=moving(slice(0, 64))) == pytest.approx(nothing)


def test_who_comes_in_at_the_side_is_a_second_subject() -> None:
    assert score(thumbnails=moving(slice(0, 6))) < 0.6 * score()
    assert score(thumbnails=moving(slice(58, 64))) < 0.6 * score()


def test_a_subject_at_the_side_may_move_there() -> None:
    aside = replace(GOOD, face=Face(0.05, 0.2, 0.25, 0.6, 0.9))
    assert score(sample=aside, thumbnails=moving(slice(0, 6))) == pytest.approx(score(sample=aside))


def test_a_moving_camera_is_nobody_who_comes_in() -> None:
    assert score(thumbnails=moving(slice(0, 6), all_over=10.0)) == pytest.approx(score())


def test_too_few_pictures_say_nothing() -> None:
    assert shot(count=16).score(2.5, 5.5) is None
    assert shot(count=1).score(0.0, 1.0) is None
    assert shot(count=0).score(0.0, 1.0) is None
