from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bot.media.child.faces import Face
from bot.media.child.samples import Sample
from bot.media.child.scan import EVERY, Stretch
from bot.media.child.scoring import Shot, reasons_and_concerns
from bot.media.child.shots import Change
from bot.media.child.sound_analysis import RATE, SoundAnalysis, voice_detector
from bot.values.video import Concern, Reason
from playground.voice import speak

GOOD = Sample(instant=0.0, subjects=1, face=Face(0.4, 0.2, 0.6, 0.6, 0.9), light=120.0, contrast=50.0, sharpness=0.9)
LOUD = np.random.default_rng(1).normal(0, 0.1, 3 * RATE).astype(np.float32)
NOBODY = replace(GOOD, subjects=0, face=None)


def said(
    sample: Sample = GOOD,
    *,
    edit: Callable[[int, Sample], Sample] = lambda index, sample: sample,
    sound: np.ndarray | None = LOUD,
    voices: bool = True,
    speed: float = 0.02,
    size: tuple[int, int] = (1280, 720),
    faces: bool = True,
) -> tuple[set[Reason], set[Concern]]:
    stretch = Stretch(
        start=0.0,
        end=3.0,
        size=size,
        samples=[edit(index, replace(sample, instant=index * EVERY)) for index in range(12)],
        thumbnails=[np.zeros((36, 64), np.float32)] * 12,
        changes=[Change(at / 12, (at + 1) / 12, 0.0, speed) for at in range(35)],
    )
    audio = SoundAnalysis(0.0, sound, voice_detector() if voices else None)
    reasons, concerns = reasons_and_concerns(Shot(stretch, audio), 0.0, 3.0, faces=faces)
    assert len(reasons) == len(set(reasons))
    assert len(concerns) == len(set(concerns))
    return set(reasons), set(concerns)


def test_good_seconds_have_reasons_only() -> None:
    reasons = {Reason.ONE_FACE, Reason.LARGE, Reason.SHARP, Reason.STEADY}
    assert said() == (reasons | {Reason.SOUND}, set())
    assert said(sound=speak(3).samples[::3]) == (reasons | {Reason.VOICE}, set())


@pytest.mark.parametrize(
    ("sample", "concern"),
    [
        (NOBODY, Concern.NO_SUBJECT),
        (replace(GOOD, face=Face(0.4, 0.2, 0.6, 0.6, 0.26)), Concern.NO_SUBJECT),
        (replace(GOOD, subjects=2), Concern.SEVERAL_SUBJECTS),
        (replace(GOOD, sharpness=0.3), Concern.BLURRED),
        (replace(GOOD, light=30.0), Concern.DARK),
        (replace(GOOD, light=10.0, sharpness=0.0), Concern.DARK),  # and nobody can tell whether it is blurred
    ],
)
def test_each_fault_is_named_and_no_other(sample: Sample, concern: Concern) -> None:
    assert said(sample)[1] == {concern}


def test_neither_sharp_nor_blurred_is_not_worth_a_word() -> None:
    reasons, concerns = said(replace(GOOD, sharpness=0.4))
    assert Reason.SHARP not in reasons
    assert not concerns


def test_a_small_face_is_not_called_large() -> None:
    assert Reason.LARGE not in said(replace(GOOD, face=Face(0.4, 0.2, 0.45, 0.3, 0.9)))[0]


def test_most_of_it_must_show_somebody() -> None:
    assert said(edit=lambda index, sample: sample if index < 8 else replace(NOBODY, instant=sample.instant))[1] == set()
    found = said(edit=lambda index, sample: sample if index < 6 else replace(NOBODY, instant=sample.instant))
    assert found[1] == {Concern.NO_SUBJECT}
    assert Reason.ONE_FACE not in found[0]


def test_somebody_else_for_a_second_is_named() -> None:
    assert said(edit=lambda index, sample: replace(sample, subjects=1 + (index > 7)))[1] == {Concern.SEVERAL_SUBJECTS}


@pytest.mark.parametrize("sample", [GOOD, NOBODY, replace(GOOD, subjects=3)])
def test_without_the_model_nothing_is_said_about_subjects(sample: Sample) -> None:
    reasons, concerns = said(sample, faces=False)
    assert reasons == {Reason.SHARP, Reason.STEADY, Reason.SOUND}
    assert not concerns


def test_a_shaking_camera_is_not_steady() -> None:
    assert Reason.STEADY not in said(speed=0.3)[0]


@pytest.mark.parametrize(
    ("level", "reason", "concern"),
    [(-70, None, Concern.SILENT), (-50, None, Concern.QUIET), (-25, Reason.SOUND, None)],
)
def test_sound_that_is_no_voice(level: int, reason: Reason | None, concern: Concern | None) -> None:
    noise = np.random.default_rng(1).normal(0, 10 ** (level / 20), 3 * RATE).astype(np.float32)
    for voices in (True, False):
        reasons, concerns = said(sound=noise, voices=voices)
        assert reasons & {Reason.SOUND, Reason.VOICE} == ({reason} if reason else set())
        assert concerns == ({concern} if concern else set())


def test_no_track_is_silent() -> None:
    assert said(sound=None)[1] == {Concern.SILENT}


def test_without_its_model_a_voice_is_sound() -> None:
    assert said(sound=speak(3).samples[::3], voices=False)[0] >= {Reason.SOUND}


@pytest.mark.parametrize(("size", "low"), [((1280, 720), False), ((720, 1280), False), ((1280, 718), True)])
def test_the_short_side_says_whether_it_is_hd(size: tuple[int, int], low: bool) -> None:
    assert (Concern.LOW_RESOLUTION in said(size=size)[1]) is low
