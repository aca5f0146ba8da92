"""Variants of the media child. Each module here is a program that the bot starts instead of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from bot.media import child_process

CHILD = child_process.PROGRAM
ROOT = CHILD.parents[3]

Variant = Literal["without_models", "without_stills", "telling_its_memory"]


@contextmanager
def variant(name: Variant) -> Iterator[None]:
    """Inside the block, this process starts that program as its media child."""
    with patch.object(child_process, "PROGRAM", Path(__file__).with_name(f"{name}.py")):
        yield
