"""A file that is no video is told as what it is, and what to do."""

import pytest

from bot.jobs.refused_files import refusal_of
from bot.values.job import Outcome
from tests.jobs.shop import Shop
from tests.media.child.kinds import KINDS, NO_VIDEOS


def test_each_has_a_sentence_of_its_own() -> None:
    sentences = [str(refusal_of(head)) for head in NO_VIDEOS.values()]
    assert len(set(sentences)) == len(NO_VIDEOS)
    assert all(sentence.endswith("Nothing was charged.") for sentence in sentences)
    assert str(refusal_of(NO_VIDEOS["RealMedia"])).startswith("I can't open RealMedia files.")
    assert "no sound" in str(refusal_of(NO_VIDEOS["a GIF, an animated WebP"]))


@pytest.mark.parametrize("send", ["clip", "link"])
async def test_what_only_we_can_open_is_cut_or_refused(
    shop: Shop, tmp_path_factory: pytest.TempPathFactory, send: str
) -> None:
    """With "link" the provider would get the file itself, and it takes no Matroska."""
    matroska = next(kind for kind in KINDS if kind.file == "a.mkv")
    shop.host.files["obs.mkv"] = matroska.write(tmp_path_factory.mktemp("mkv")).read_bytes()
    shop.settings = shop.settings.model_copy(update={"media": shop.settings.media.model_copy(update={"send": send})})
    await shop.restart()
    job = await shop.ask(shop.link("obs.mkv"))
    await shop.run()
    done = await shop.job(job)
    if send == "clip":
        assert done.failure is None
        assert done.seen.facts is not None
        assert done.seen.facts.container == "mkv"
    else:
        assert done.outcome is Outcome.FAILED
        assert "MP4, MOV and WebM" in str(done.failure)
        assert shop.simulated.submissions == []
