"""The walk of a new member, in headless Chromium: a quarter of an hour, so only where it is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.playground import chromium
from tests.playground.walk.__main__ import walk


@pytest.mark.skipif("WALK" not in os.environ, reason="asked for with WALK=1 make test, or make walk")
@pytest.mark.skipif(chromium.PATH is None, reason="Chromium is not installed here")
@pytest.mark.timeout(1200)
async def test_a_new_member_finds_everything_as_it_should_be(tmp_path: Path) -> None:
    assert await walk(tmp_path) == []
