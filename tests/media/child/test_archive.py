"""What is read out of other people's archives, and that no archive reads or writes anything else."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from bot.media.child.archive import cast_lines, checked_files
from bot.media.child.opening import Refused
from bot.values.video import CheckedFile, MediaPart, Unusable, WantedFile
from playground.clip import render_clip
from tests.hostile_archives import (
    DOCUMENT,
    REFUSED,
    WITHOUT_PICTURE,
    good,
    mutations,
    picture,
    said,
    voice,
    with_ann,
    zipped,
)


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "inside"
    folder.mkdir(parents=True)
    return folder


def archived(inside: Path, data: bytes) -> Path:
    source = inside.parent.parent / "archive.zip"
    source.write_bytes(data)
    return source


def lines_of(inside: Path, data: bytes) -> list[dict]:
    answer = cast_lines(archived(inside, data), inside)
    return [json.loads(line) for line in (inside / answer.name).read_text().splitlines()]


def taken(inside: Path, data: bytes, *, kept: bool = False) -> list[CheckedFile]:
    """All files of the one character, as the document has them."""
    _, ann = lines_of(inside, data)
    parts = {"still": MediaPart.PICTURE, "voice": MediaPart.VOICE, "clip": MediaPart.CLIP}
    files = [(ann["picture"], MediaPart.PICTURE), *((each, parts[each["is"]]) for each in ann["reference_set"])]
    wanted = [WantedFile(path=each["file"], part=part, sha256=each["sha256"], kept=kept) for each, part in files]
    return checked_files(archived(inside, data), wanted, inside)


def outside(inside: Path) -> set[str]:
    root = inside.parent.parent
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.parent != inside}


def test_a_cast_is_read_and_what_is_somebody_elses_is_written_anew(inside: Path) -> None:
    head, ann = lines_of(inside, zipped(good()))
    assert (head["format"], ann["name"]) == ("castbook", "Ann")
    found = taken(inside, zipped(good()))
    assert [each.refused for each in found] == [None] * 4
    assert [(each.name, each.mime, each.width, each.height, each.seconds) for each in found] == [
        ("0.jpg", "image/jpeg", 64, 48, None),
        ("1.jpg", "image/jpeg", 64, 48, None),
        ("2.jpg", "image/jpeg", 64, 48, None),
        ("3.wav", "audio/wav", None, None, 3.0),
    ]
    assert (inside / "0.jpg").read_bytes() != picture()
    assert {each.name for each in inside.iterdir()} == {"cast.jsonl", "0.jpg", "1.jpg", "2.jpg", "3.wav"}


def test_what_we_wrote_stays_byte_for_byte_and_is_looked_at_all_the_same(inside: Path) -> None:
    taken(inside, zipped(good()), kept=True)
    assert (inside / "0.jpg").read_bytes() == picture()
    assert (inside / "3.wav").read_bytes() == voice()
    changed = zipped(good() | {"characters/01 Ann/picture.jpg": picture("red")})
    taken(inside, changed, kept=True)
    assert (inside / "0.jpg").read_bytes() not in (picture(), picture("red")), "its hash is another one"
    broken = picture()[:200]
    ann = {"picture": said("characters/01 Ann/picture.jpg", broken)}
    files = good()
    document = json.loads(files[DOCUMENT])
    document["characters"][0] |= ann
    files |= {DOCUMENT: json.dumps(document).encode(), "characters/01 Ann/picture.jpg": broken}
    assert taken(inside, zipped(files), kept=True)[0].refused is Unusable.NOT_A_PICTURE


def test_a_folder_that_was_packed_as_one_is_read_too(inside: Path) -> None:
    files = {f"castbook 2/{name}": data for name, data in good().items()} | {"__MACOSX/castbook 2/._x": b"x"}
    assert [each.refused for each in taken(inside, zipped(files))] == [None] * 4
    two = {f"{folder}/{name}": data for name, data in good().items() for folder in ("a", "b")}
    with pytest.raises(Refused, match="no_cast"):
        lines_of(inside, zipped(two))


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_as_a_whole(what: str, inside: Path) -> None:
    source = archived(inside, REFUSED[what]())
    before = outside(inside)
    with pytest.raises(Refused):
        cast_lines(source, inside)
    assert list(inside.iterdir()) == []
    assert outside(inside) == before


@pytest.mark.parametrize("what", WITHOUT_PICTURE)
def test_costs_the_character_its_picture_alone(what: str, inside: Path) -> None:
    data = WITHOUT_PICTURE[what]()
    before = outside(inside) | {"archive.zip"}
    found = taken(inside, data)
    assert found[0].refused is not None
    assert [each.refused for each in found[1:]] == [None] * 3
    assert outside(inside) == before
    assert {each.name for each in inside.iterdir()} == {"cast.jsonl", "1.jpg", "2.jpg", "3.wav"}


@pytest.mark.parametrize(
    "data",
    [voice()[:40], voice(12), b"RIFF" + b"\0" * 60, voice()[:-9], picture()],
    ids=["cut off", "too long", "no WAV", "shorter than it says", "a picture"],
)
def test_a_voice_that_is_none_is_refused(data: bytes, inside: Path) -> None:
    found = taken(inside, zipped(good() | {"characters/01 Ann/voice.wav": data}))
    assert found[3].refused is Unusable.NO_VOICE


def test_what_hangs_on_a_voice_is_left_behind(inside: Path) -> None:
    secret = b"LIST\x14\0\0\0INFOICMT\x08\0\0\0whereami"
    data = bytearray(voice() + secret)
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    found = taken(inside, zipped(good() | {"characters/01 Ann/voice.wav": bytes(data)}))
    assert found[3].refused is None
    assert b"whereami" not in (inside / "3.wav").read_bytes()
    with wave.open(str(inside / "3.wav")) as heard:
        assert heard.getnframes() == 24_000


def test_a_clip_is_short_whole_and_h264(inside: Path, tmp_path: Path) -> None:
    for name, seconds in (("good", 2), ("long", 8)):
        render_clip(tmp_path / name, seconds=seconds, size=(64, 36), fps=6)
    clip = (tmp_path / "good").read_bytes()
    tries = {"good": clip, "long": (tmp_path / "long").read_bytes(), "cut": clip[: len(clip) * 2 // 3], "no": b"x" * 99}
    files = {f"{name}.mp4": data for name, data in tries.items()}
    source = archived(inside, zipped(good() | files))
    wanted = [WantedFile(path=name, part=MediaPart.CLIP, sha256="0" * 64, kept=False) for name in files]
    found = checked_files(source, wanted, inside)
    assert [each.refused is None for each in found] == [True, False, False, False]
    assert (found[0].name, found[0].width, found[0].height, found[0].seconds) == ("0.mp4", 64, 36, 2.0)


def test_no_mutation_of_a_good_archive_ends_in_anything_else_or_writes_elsewhere(inside: Path) -> None:
    """Three hundred archives with broken headers: each is read, refused, or costs a file."""
    ends = {"refused": 0, "read": 0}
    before = outside(inside) | {"archive.zip"}
    for data in mutations(300):
        try:
            taken(inside, data)
        except (Refused, KeyError, ValueError, TypeError) as error:
            # Of another document than ours the test itself can make nothing: its parent checks what it says.
            ends["refused"] += isinstance(error, Refused)
        else:
            ends["read"] += 1
        assert outside(inside) == before
        for left in inside.iterdir():
            assert left.name.partition(".")[0] in {"cast", "0", "1", "2", "3"}
            left.unlink()
    assert min(ends.values()) > 20, ends


def test_more_than_one_import_takes_is_counted(inside: Path) -> None:
    files = good()
    document = json.loads(files[DOCUMENT])
    document["characters"] = [{"name": str(number)} for number in range(505)]
    source = archived(inside, zipped(files | {DOCUMENT: json.dumps(document).encode()}))
    answer = cast_lines(source, inside)
    assert (answer.characters, answer.left_out) == (505, 5)
    assert len((inside / answer.name).read_text().splitlines()) == 501


def test_an_entry_that_is_too_much_is_none(inside: Path) -> None:
    assert lines_of(inside, with_ann(name="x" * 40_000))[1] is None
