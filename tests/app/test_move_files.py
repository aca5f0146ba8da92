"""The command migrate --files-to: every file is in the bucket as it was in the folder, however often it is cut off."""

from __future__ import annotations

import hashlib
from pathlib import Path

import obstore
import pytest

from bot.app.move import move
from bot.config import Settings
from bot.errors import BadConfiguration, BadStart
from bot.store.bucket import Bucket
from bot.store.file_bucket import FileBucket
from bot.store.files import FileStore
from tests.app.conftest import MakeSettings
from tests.s3_server import BUCKET, KEY, KEY_ID, READER_ID, S3Server, keys

JOB = "0123456789abcdef"


@pytest.fixture
def bucket(s3_server: S3Server, tmp_path: Path) -> str:
    return s3_server.settings(tmp_path / "copies").files


@pytest.fixture
def settings(make_settings: MakeSettings, s3_server: S3Server, tmp_path: Path) -> Settings:
    return in_a_folder(make_settings, s3_server, tmp_path)


def in_a_folder(make_settings: MakeSettings, server: S3Server, tmp_path: Path, key_id: str = KEY_ID) -> Settings:
    return make_settings(
        STORE__ENDPOINT=server.address,
        STORE__REGION="us-east-1",
        STORE__ACCESS_KEY_ID=key_id,
        STORE__SECRET_ACCESS_KEY=KEY,
        STORE__COPIES=str(tmp_path / "copies"),
    )


@pytest.fixture
async def kept(settings: Settings) -> dict[str, bytes]:
    """Files of two owners in the folder, one that goes up in parts, and one of a job, by their keys."""
    folder = FileStore(Path(settings.store.files))
    contents = [(owner, bytes([number]) * (number * 1000)) for owner in (7, 8) for number in range(1, 6)]
    contents.append((7, bytes(range(256)) * (9 * 4096)))
    found = {(await folder.put_bytes(owner, data, "image/png")).key: data for owner, data in contents}
    work = await folder.work_folder(JOB) / "source"
    work.write_bytes(b"of a job")
    (Path(settings.store.files) / "7" / "notes.txt").write_text("not ours")
    return found | {f"work/{JOB}/source": b"of a job"}


def in_bucket(server: S3Server, url: str) -> dict[str, bytes]:
    store = server.store(url.removeprefix(f"s3://{BUCKET}/"))
    return {key: bytes(obstore.get(store, key).bytes()) for key in keys(server, url)}


async def test_every_file_arrives_and_the_bot_finds_it(
    settings: Settings,
    kept: dict[str, bytes],
    bucket: str,
    s3_server: S3Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await move(settings, None, bucket) == 0
    assert in_bucket(s3_server, bucket) == kept
    said = capsys.readouterr().out
    assert f"files      {len(kept)}, " in said
    assert f"{len(kept)} had to be sent" in said
    assert f"next       set store.files to {bucket}" in said
    files = FileStore(FileBucket(s3_server.settings(tmp_path / "copies", files=bucket)))
    await files.open()
    for key, data in kept.items():
        if not key.startswith("work/"):
            assert await files.read(key) == data
    assert await files.in_work(await files.work_folder(JOB) / "source")
    await files.close()


async def test_what_is_there_is_not_sent_again_but_looked_at(
    settings: Settings, kept: dict[str, bytes], bucket: str, s3_server: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    await move(settings, None, bucket)
    store = s3_server.store(bucket.removeprefix(f"s3://{BUCKET}/"))
    first, second = sorted(kept)[:2]
    obstore.delete(store, first)
    obstore.put(store, second, bytes(len(kept[second])))  # as long, and something else
    capsys.readouterr()
    await move(settings, None, bucket)
    assert "; 2 had to be sent" in capsys.readouterr().out
    assert in_bucket(s3_server, bucket) == kept


async def test_a_file_that_is_damaged_here_is_named_and_the_others_are_there(
    settings: Settings, kept: dict[str, bytes], bucket: str, s3_server: S3Server
) -> None:
    spoilt = min(kept)
    (Path(settings.store.files) / spoilt).write_bytes(b"something else")
    with pytest.raises(BadStart, match=spoilt):
        await move(settings, None, bucket)
    assert in_bucket(s3_server, bucket) == {key: data for key, data in kept.items() if key != spoilt}


async def test_what_the_bucket_gives_back_is_compared(
    settings: Settings, kept: dict[str, bytes], bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Bucket.put

    async def spoilt(self: Bucket, key: str, content: bytes | Path) -> str:
        return await put(self, key, b"something else")

    monkeypatch.setattr(Bucket, "put", spoilt)
    with pytest.raises(BadStart, match="gives back something else"):
        await move(settings, None, bucket)


async def test_keys_that_may_not_write_are_one_sentence(
    make_settings: MakeSettings, kept: dict[str, bytes], bucket: str, s3_server: S3Server, tmp_path: Path
) -> None:
    with pytest.raises(BadStart, match="refuses"):
        await move(in_a_folder(make_settings, s3_server, tmp_path, READER_ID), None, bucket)


async def test_rows_and_files_move_with_one_command(
    settings: Settings, kept: dict[str, bytes], bucket: str, postgres_url: str, s3_server: S3Server
) -> None:
    assert await move(settings, postgres_url, bucket) == 0
    assert {hashlib.sha256(data).hexdigest() for data in in_bucket(s3_server, bucket).values()} == {
        hashlib.sha256(data).hexdigest() for data in kept.values()
    }


@pytest.mark.parametrize("to", ["data/files", "https://example.org", "s3://"])
async def test_what_is_no_bucket_is_a_bad_configuration(settings: Settings, to: str) -> None:
    with pytest.raises(BadConfiguration, match="--files-to does not name a bucket"):
        await move(settings, None, to)


async def test_a_bucket_is_not_copied_to_a_bucket(make_settings: MakeSettings, bucket: str) -> None:
    with pytest.raises(BadConfiguration, match="is a bucket already"):
        await move(make_settings(STORE__FILES=bucket), None, bucket)
