"""Seconds of videos on somebody's server: of pictures and sound in one file or two, by ranges."""

from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.media.child.opening import Refused
from bot.media.child.probing import probe
from bot.media.child.remote_section import RemoteFile, take_section
from bot.media.child.site import _chosen, _first
from bot.values.video import Unusable
from tests.media.child.numbered import RATE, evenly, read_numbered, write_numbered

FPS = 5
SECONDS = 30


class Answer:
    def __init__(self, content: bytes, start: int, end: int) -> None:
        self.status = 206
        self.headers: Mapping[str, str] = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
        self._body = BytesIO(content[start:end])

    def read(self, amount: int | None = None) -> bytes:
        return self._body.read(amount)

    def close(self) -> None:
        self._body.close()


class Server:
    """Answers to ranges of one file, and counts what it sends."""

    def __init__(self, file: Path) -> None:
        self._content = file.read_bytes()
        self.sent = 0

    def __call__(self, start: int, end: int) -> Answer:
        self.sent += min(end, len(self._content)) - start
        return Answer(self._content, start, end)


def click(at: float) -> np.ndarray:
    sound = np.zeros(SECONDS * RATE)
    sound[round(at * RATE) :][: RATE // 1000] = 0.9
    return sound


def film(folder: Path, name: str, sound: str | None, **how: Any) -> Path:
    instants = evenly(FPS, SECONDS)
    heard: dict[str, Any] = {} if sound is None else {"sound": click(21.5), "sound_codec": sound}
    return write_numbered(folder / name, instants, ends=Fraction(SECONDS), **heard, **how)


@pytest.mark.parametrize(
    ("pictures", "sound", "codec", "how"),
    [
        ("a.mp4", None, "aac", {}),
        ("a.webm", None, "libopus", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "g": "10"}}),
        ("pictures.mp4", "sound.mp4", "aac", {"options": {"g": "10", "bf": "2"}}),
        (
            "pictures.mp4",
            "sound.webm",
            "libopus",
            {
                "container_options": {"movflags": "frag_keyframe+default_base_moof"},
                "options": {"g": "10", "bf": "0"},  # else nothing says that the first picture is shown at 0
            },
        ),
    ],
)
def test_seconds_stay_where_they_were(
    pictures: str, sound: str | None, codec: str, how: Mapping[str, Any], tmp_path: Path
) -> None:
    files = [film(tmp_path, pictures, codec if sound is None else None, **how)]
    if sound is not None:
        files.append(film(tmp_path, sound, codec, **({"codec": "libvpx-vp9"} if sound.endswith("webm") else {})))
    remote = [RemoteFile(Server(each), tmp_path / "spool") for each in files]
    take_section(remote, tmp_path / "taken.mp4", (20.0, 23.0))
    facts = probe(tmp_path / "taken.mp4")
    assert 17 <= facts.begins <= 20
    assert 23 <= facts.seconds <= 24.5
    seen = read_numbered(tmp_path / "taken.mp4")
    assert [round(instant * FPS) for instant in seen.instants] == seen.numbers
    assert seen.sound is not None
    assert np.abs(seen.sound[0]).argmax() / RATE == pytest.approx(21.5, abs=0.03)


def test_all_of_it_begins_at_its_beginning(tmp_path: Path) -> None:
    take_section([RemoteFile(Server(film(tmp_path, "a.mp4", "aac")), tmp_path / "s")], tmp_path / "taken.mp4", None)
    assert read_numbered(tmp_path / "taken.mp4").numbers == list(range(FPS * SECONDS))


def test_a_file_is_read_in_parts_that_grow_and_again_where_it_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 40_000)
    server = Server(path)
    file = RemoteFile(server, tmp_path / "spool")
    assert file.seek(0, 2) == file.size == path.stat().st_size
    file.seek(5_000_000)
    assert file.read(4) == path.read_bytes()[5_000_000:][:4]
    assert server.sent < 1_000_000
    file.seek(0)
    assert b"".join(iter(lambda: file.read(100_000), b"")) == path.read_bytes()


def test_no_video_in_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    with pytest.raises(Refused) as refused:
        take_section([RemoteFile(Server(path), tmp_path / "spool")], tmp_path / "taken.mp4", None)
    assert refused.value.why is Unusable.DAMAGED


# -- Which of what a site offers --------------------------------------------------------------------------------------


def offer(name: str, **what: Any) -> dict[str, Any]:
    return {"format_id": name, "url": f"https://films.example/{name}", "protocol": "https", "ext": "mp4", **what}


LOW = offer("low", height=360, width=640, vcodec="avc1", acodec="mp4a", tbr=700)
HD = offer("hd", height=1080, width=1920, vcodec="avc1", acodec="none", tbr=4000)
HD_VP9 = offer("vp9", height=1080, width=1920, vcodec="vp9", acodec="none", tbr=2500)
FOUR_K = offer("4k", height=2160, width=3840, vcodec="av01", acodec="none", tbr=12_000)
SOUND = offer("sound", vcodec="none", acodec="mp4a", ext="m4a", abr=128, tbr=128)
PIECES = offer("pieces", protocol="m3u8_native", height=1080, vcodec="avc1", acodec="mp4a")


@pytest.mark.parametrize(
    ("offered", "most", "taken"),
    [
        ([LOW, HD, HD_VP9, FOUR_K, SOUND], None, ["hd", "sound"]),
        ([LOW, HD, HD_VP9], None, ["low"]),  # rather than a taller one that nobody hears
        ([FOUR_K, SOUND], None, ["4k", "sound"]),
        ([LOW, HD, SOUND, PIECES], 10_000_000, ["low"]),  # of 100 seconds
        ([offer("unknown")], 10_000_000, ["unknown"]),
    ],
)
def test_what_is_taken(offered: list[dict[str, Any]], most: int | None, taken: list[str]) -> None:
    assert [each["format_id"] for each in _chosen(offered, most, 100.0)] == taken


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        ([], Unusable.NO_VIDEO_ON_SITE),
        ([PIECES], Unusable.IN_PIECES),
        ([LOW | {"has_drm": True}], Unusable.IN_PIECES),
        ([LOW], Unusable.TOO_LONG_FOR_WHOLE),
    ],
)
def test_what_cannot_be_taken(offered: list[dict[str, Any]], why: Unusable) -> None:
    with pytest.raises(Refused) as refused:
        _chosen(offered, 1_000_000, 100.0)
    assert refused.value.why is why


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (None, Unusable.NO_VIDEO_ON_SITE),
        ({"entries": []}, Unusable.NO_VIDEO_ON_SITE),
        ({"entries": [{"is_live": True}]}, Unusable.LIVE),
        ({"live_status": "is_upcoming"}, Unusable.LIVE),
    ],
)
def test_what_is_no_video_yet(info: dict[str, Any] | None, why: Unusable) -> None:
    with pytest.raises(Refused) as refused:
        _first(info)
    assert refused.value.why is why
