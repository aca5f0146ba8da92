from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.store.database import Database
from bot.store.drafts import Draft, DraftStore, UnsentVideo
from bot.values.job import CastRole, VideoRequest
from bot.values.source import Attachment


@pytest.fixture
def drafts(database: Database) -> DraftStore:
    return DraftStore(database)


@pytest.fixture
def draft(now: datetime) -> Draft:
    attachment = Attachment(url="https://cdn.example/secret", filename="clip.mp4", size=12)
    return Draft(id="d1", owner_id=7, content=attachment, created_at=now)


async def test_a_draft_is_taken_once(drafts: DraftStore, draft: Draft) -> None:
    await drafts.add(draft)
    taken = await asyncio.gather(*[drafts.take(7, "d1") for _ in range(5)])
    assert sorted(taken, key=lambda one: one is None) == [draft, None, None, None, None]


async def test_a_stranger_does_not_take_it(drafts: DraftStore, draft: Draft) -> None:
    await drafts.add(draft)
    assert await drafts.take(8, "d1") is None
    assert await drafts.take(7, "d1") == draft


async def test_a_wish_comes_back_as_it_was_and_stays_until_it_is_taken(drafts: DraftStore, now: datetime) -> None:
    role = CastRole(character_id=3, name="Ann")
    request = VideoRequest(prompt="@Ann waves at @Zoe", cast=(role,), duration=7, price=Decimal("1.5"))
    wish = Draft(
        id="d2", owner_id=7, content=UnsentVideo(request=request, private=True, unknown=("Zoe",)), created_at=now
    )
    await drafts.add(wish)
    assert await drafts.get(8, "d2") is None
    assert await drafts.get(7, "d2") == wish
    assert await drafts.take(7, "d2") == wish
    assert await drafts.get(7, "d2") is None


async def test_old_drafts_are_forgotten(drafts: DraftStore, draft: Draft, now: datetime) -> None:
    await drafts.add(draft)
    assert await drafts.sweep(now) == 0
    assert await drafts.sweep(now + timedelta(microseconds=1)) == 1
    assert await drafts.take(7, "d1") is None


async def test_a_draft_that_cannot_be_read_is_none(drafts: DraftStore, draft: Draft, database_path: Path) -> None:
    await drafts.add(draft)
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE drafts SET attachment = replace(attachment, '12', '\"https://cdn.example/secret\"')")
    raw.close()
    with capture_logs() as logs:
        assert await drafts.take(7, "d1") is None
    assert logs[0]["draft"] == "d1"
    assert "secret" not in repr(logs)
