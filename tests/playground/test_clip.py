import itertools

import av
import numpy as np
import pytest

from playground.clip import render_clip, still
from playground.voice import RATE, speak


def frames(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def samples(path):
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_the_clip_is_what_was_asked_for(clips):
    with av.open(str(clips / "talking.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, video.average_rate) == (320, 180, 12)
        ends = [
            float((packet.pts + packet.duration) * packet.time_base)
            for packet in container.demux(video)
            if packet.pts is not None and packet.duration is not None
        ]
    assert len(ends) == 36
    assert max(ends) == pytest.approx(3.0, abs=0.001)
    assert len(samples(clips / "talking.mp4")) / RATE == pytest.approx(3.0, abs=0.1)


def test_the_same_arguments_give_the_same_clip(tmp_path):
    for name in ("one.mp4", "two.mp4"):
        render_clip(tmp_path / name, seconds=1, size=(160, 90), fps=8)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_without_sound_there_is_no_audio_track(clips):
    with av.open(str(clips / "silent.mp4")) as container:
        assert not container.streams.audio
        assert container.streams.video


def test_it_can_be_heard_and_pauses_between_phrases(clips):
    heard = samples(clips / "talking.mp4")
    loud = [float(np.sqrt((part**2).mean())) for part in np.array_split(heard, 60)]
    assert 20 * np.log10(max(loud)) > -20  # dB below full scale
    assert min(loud[4:]) < max(loud) / 100


def test_something_moves_from_each_picture_to_the_next(clips):
    pictures = frames(clips / "talking.mp4")
    assert all(np.abs(after - before).mean() > 0.05 for before, after in itertools.pairwise(pictures))


def test_the_mouth_opens_with_the_voice():
    voice = speak(4)
    at = np.arange(0.0, 3.9, 0.02)
    openness = np.array([voice.mouth(t)[0] for t in at])
    loudness = np.array([np.abs(voice.samples[int(t * RATE) : int((t + 0.02) * RATE)]).mean() for t in at])
    assert np.corrcoef(openness, loudness)[0, 1] > 0.6
    quiet, loud = at[openness.argmin()], at[openness.argmax()]
    size = (480, 270)
    mouths = [np.asarray(still(float(t), size))[155:205, 190:290] for t in (quiet, loud)]
    dark = [int((mouth.sum(axis=2) < 200).sum()) for mouth in mouths]
    assert dark[1] > dark[0] + 60


def test_the_eyes_shut_in_a_blink_and_open_again():
    iris = []
    for instant in (0.4, 0.63, 0.9):
        picture = np.asarray(still(instant, (480, 270))).astype(int)[90:165, 150:330]
        red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
        iris.append(int(((green > red + 40) & (blue > red + 30)).sum()))
    assert iris[1] < 10 < 150 < min(iris[0], iris[2])


def test_a_tall_picture_shows_the_whole_head():
    picture = np.asarray(still(0.4, (180, 320))).astype(int)
    _, hair = (abs(picture - (112, 50, 46)).sum(axis=2) < 20).nonzero()
    assert 30 < hair.min() < 90 < hair.max() < 150
