"""The endings of the names under which files are handed out, and by which videos are recognised."""

import pytest

from bot.media.file_types import picture_type, video_type
from bot.values.files import ending, is_video_name

HEADS = {
    b"\xff\xd8\xff": "jpg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF89a": "gif",
    b"RIFF\0\0\0\0WEBP": "webp",
    b"\0\0\0\x14ftypisom\0\0\0\0isom": "mp4",
    b"\0\0\0\x14ftypqt  \0\0\0\0qt  ": "mov",
    b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm": "webm",
}


@pytest.mark.parametrize(("head", "expected"), HEADS.items(), ids=HEADS.values())
def test_every_type_that_is_recognised_has_its_ending(head: bytes, expected: str) -> None:
    mime = picture_type(head) or video_type(head)
    assert mime is not None
    assert ending(mime) == expected


def test_another_type_has_an_ending_that_nothing_opens() -> None:
    assert ending("text/html") == "bin"


@pytest.mark.parametrize("name", ["a.mp4", "A.MOV", "holiday.2024.m4v", "b.WebM"])
def test_a_video_by_its_name(name: str) -> None:
    assert is_video_name(name)


@pytest.mark.parametrize("name", ["a.mp3", "mp4", "a.mp4.exe", "a.jpg", ""])
def test_no_video_by_its_name(name: str) -> None:
    assert not is_video_name(name)
