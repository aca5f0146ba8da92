"""The commands backup and restore: whole or not at all, and never over what is there."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app import backup
from bot.app.build import App
from bot.config import Settings
from bot.errors import BadStart
from bot.store import backup as store_backup
from bot.store.jobs import JobStore
from bot.store.quotas import Quota
from bot.values.files import StoredFile
from bot.values.job import CharacterRequest, Job, Origin, Outcome, Step
from bot.values.source import Link
from bot.values.time_range import TimeRange
from tests.app.conftest import MakeSettings
from tests.small_files import files_at_most

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


@pytest.fixture
def elsewhere(make_settings: MakeSettings, tmp_path: Path) -> Settings:
    return make_settings(
        STORE__URL=f"sqlite+aiosqlite:///{tmp_path}/elsewhere/other.db", STORE__FILES=f"{tmp_path}/elsewhere/files"
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    app = App(settings)
    await app.open()
    yield app
    await app.close()


async def unfinished(jobs: JobStore) -> Job:
    origin = Origin(
        guild_id=1,
        channel_id=2,
        message_id=None,
        token="interaction-token",
        token_at=NOW,
        locale="en",
        private=False,
        ephemeral=False,
        bot_is_member=True,
    )
    chosen = TimeRange(Decimal(1), Decimal(3))
    job = Job(
        id=f"{7:016x}",
        owner_id=7,
        origin=origin,
        step=Step.SUBMIT,
        next_attempt_at=NOW,
        request=CharacterRequest(source=Link(url="https://example.org/a.mp4"), range=chosen, model="sora-2"),
        created_at=NOW,
        updated_at=NOW,
    )
    return await jobs.add(job, Quota())


async def kept_picture(app: App) -> StoredFile:
    """A picture in the file store with a row that refers to it."""
    picture = await app.stores.files.put_bytes(7, b"a picture", "image/png")
    async with app.stores.database.write() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO files (key, owner_id, sha256, size, mime, created_at) VALUES (?, 7, ?, 9, 'image/png', 0)",
            (picture.key, picture.sha256),
        )
    return picture


async def test_there_and_back(
    app: App, settings: Settings, elsewhere: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job, picture = await unfinished(app.stores.jobs), await kept_picture(app)
    folder = tmp_path / "backup"
    assert await backup.backup(settings, folder) == 0, "while the bot has the database open"
    assert f"backup     {folder}: 0 characters, 1 jobs, 1 files" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["castbook.db", "files"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    assert await backup.restore(elsewhere, folder) == 0
    assert "restored" in capsys.readouterr().out
    other = App(elsewhere)
    await other.open()
    restored = await other.stores.jobs.get(job.id)
    assert await other.stores.files.read(picture.key) == b"a picture", "and the sweep at the start leaves it there"
    await other.close()
    assert restored is not None
    assert (restored.step, restored.outcome) == (Step.DELIVER, Outcome.UNKNOWN)
    assert (await app.stores.jobs.get(job.id)) == job


async def test_a_folder_that_is_there_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(BadStart, match="There is something at"):
        await backup.backup(settings, tmp_path / "taken")
    assert list((tmp_path / "taken").iterdir()) == []


async def test_a_backup_that_fails_leaves_nothing(app: App, settings: Settings, tmp_path: Path) -> None:
    await app.stores.files.put_bytes(7, bytes(100), "image/png")
    into = tmp_path / "backups"
    into.mkdir()
    with files_at_most(50_000), pytest.raises(BadStart, match=r"check that it is there|cannot be written"):
        await backup.backup(settings, into / "full")
    with pytest.raises(BadStart, match=r"cannot be written to .*: No such file or directory"):
        await backup.backup(settings, into / "not" / "there")
    assert list(into.iterdir()) == []


async def test_a_backup_that_is_cut_off_is_none(
    app: App, settings: Settings, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is under way has another name; only what is whole has the one that was asked for."""
    into = tmp_path / "backups"
    seen: list[str] = []
    into.mkdir()
    really = store_backup.copy_files

    def watched(root: Path, keys: frozenset[str], target: Path) -> int:
        seen.extend(path.name for path in into.iterdir())
        return really(root, keys, target)

    monkeypatch.setattr(backup, "copy_files", watched)
    await backup.backup(settings, into / "today")
    [under_way] = seen
    assert under_way.startswith(".today.")
    assert under_way.endswith(".part")
    assert [path.name for path in into.iterdir()] == ["today"]
    with pytest.raises(BadStart, match="There is no backup at"):
        await backup.restore(elsewhere, into)


async def test_nothing_is_restored_over_what_is_there_or_beside_a_running_bot(
    app: App, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    await backup.backup(settings, folder)
    with pytest.raises(BadStart, match="Another Castbook is already using this database"):
        await backup.restore(settings, folder)
    await app.close()
    before = await asyncio.to_thread((tmp_path / "castbook.db").read_bytes)
    with pytest.raises(BadStart, match="There is a database already"):
        await backup.restore(settings, folder)
    assert await asyncio.to_thread((tmp_path / "castbook.db").read_bytes) == before
    await asyncio.to_thread((tmp_path / "castbook.db").unlink)
    assert await backup.restore(settings, folder) == 0


async def test_a_restore_that_was_cut_off_can_be_done_again(
    app: App, settings: Settings, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = await kept_picture(app)
    folder = tmp_path / "backup"
    await backup.backup(settings, folder)

    def cut_off(*_: object, **__: object) -> None:
        (tmp_path / "elsewhere" / "other.db.restoring").write_bytes(b"half")
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(backup, "copy_database", cut_off)
        with pytest.raises(BadStart, match=r"cannot be put back .*Input/output error"):
            await backup.restore(elsewhere, folder)
    assert not (tmp_path / "elsewhere" / "other.db").exists()
    assert await backup.restore(elsewhere, folder) == 0
    assert (tmp_path / "elsewhere" / "files" / picture.key).read_bytes() == b"a picture"
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {"files", "other.db", "other.db.lock"}


async def test_a_copy_that_nobody_settled_is_settled_when_it_is_put_back(
    app: App, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    """Somebody stopped the bot and copied the file by hand, and then started it again."""
    job = await unfinished(app.stores.jobs)
    await app.close()
    folder = tmp_path / "by-hand"
    folder.mkdir()
    (folder / "castbook.db").write_bytes((tmp_path / "castbook.db").read_bytes())
    await backup.restore(elsewhere, folder)
    other = App(elsewhere)
    await other.open()
    restored = await other.stores.jobs.get(job.id)
    await other.close()
    assert restored is not None
    assert (restored.step, restored.outcome) == (Step.DELIVER, Outcome.UNKNOWN)
