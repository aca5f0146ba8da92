"""What Discord says of an attachment, before a byte of it is fetched."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.chat.attachments import attached
from bot.errors import BadFile
from bot.values.source import Attachment

MB = 1024 * 1024


def file(size: int) -> Any:
    return SimpleNamespace(url="https://cdn.example/clip.mp4?ex=1", filename="clip.mp4", size=size)


def test_what_fits_is_a_source() -> None:
    source = attached(file(50 * MB), max_bytes=50 * MB)
    assert source == Attachment(url="https://cdn.example/clip.mp4?ex=1", filename="clip.mp4", size=50 * MB)


def test_one_byte_too_many_is_refused_with_both_sizes() -> None:
    with pytest.raises(BadFile, match=r"has 51 MB, and 50 MB is the most I can take.*nothing was charged"):
        attached(file(50 * MB + 1), max_bytes=50 * MB)
