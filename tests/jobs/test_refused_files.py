"""A file that is no video is told as what it is, and what to do."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bot.jobs.refused_files import refusal_of
from bot.values.job import Outcome
from tests.jobs.harness import JobHarness
from tests.media.child.kinds import KINDS, NO_VIDEOS
from tests.media.child.numbered import RATE, evenly, write_numbered


def test_each_has_a_sentence_of_its_own() -> None:
    sentences = [str(refusal_of(head)) for head in NO_VIDEOS.values()]
    assert len(set(sentences)) == len(NO_VIDEOS)
    assert all(re.search("ttach|Export", sentence) for sentence in sentences), "it says what to do"
    assert str(refusal_of(NO_VIDEOS["RealMedia"])).startswith("I can't open RealMedia files.")
    assert "no sound" in str(refusal_of(NO_VIDEOS["a GIF, an animated WebP"]))


async def test_what_is_shorter_than_a_second_is_told_as_that(harness: JobHarness, tmp_path: Path) -> None:
    sound = np.zeros(round(0.9 * RATE))
    source = write_numbered(tmp_path / "a.mp4", evenly(20, 0.9), ends=Fraction(9, 10), sound=sound, sound_codec="aac")
    harness.host.files["short.mp4"] = source.read_bytes()
    job = await harness.ask(harness.link("short.mp4"))
    await harness.run()
    assert "shorter than a second" in str((await harness.job(job)).failure)
    assert harness.simulated.submissions == []


@pytest.mark.parametrize("send", ["clip", "link"])
async def test_what_only_we_can_open_is_cut_or_refused(
    harness: JobHarness, tmp_path_factory: pytest.TempPathFactory, send: str
) -> None:
    """With "link" the provider would get the file itself, and it takes no Matroska."""
    matroska = next(kind for kind in KINDS if kind.file == "a.mkv")
    harness.host.files["obs.mkv"] = matroska.write(tmp_path_factory.mktemp("mkv")).read_bytes()
    harness.settings = harness.settings.model_copy(
        update={"media": harness.settings.media.model_copy(update={"send": send})}
    )
    await harness.restart()
    job = await harness.ask(harness.link("obs.mkv"))
    await harness.run()
    done = await harness.job(job)
    if send == "clip":
        assert done.failure is None
        assert done.seen.facts is not None
        assert done.seen.facts.container == "mkv"
    else:
        assert done.outcome is Outcome.FAILED
        assert "MP4, MOV and WebM" in str(done.failure)
        assert harness.simulated.submissions == []
