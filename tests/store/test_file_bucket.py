"""What is true of files in a bucket alone: many machines, a store that is away, and what kills leave."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
from pydantic import SecretStr

from bot import limits
from bot.config import StoreSettings
from bot.errors import BadStart
from bot.metrics import REGISTRY, BucketOperation
from bot.store import bucket
from bot.store.bucket import Bucket
from bot.store.file_bucket import FileBucket
from bot.store.files import FileStore
from bot.store.local_copies import LocalCopies
from bot.store.unfinished_uploads import abort_unfinished
from tests.patience import PATIENCE
from tests.s3_server import BUCKET, READER_ID, S3Server, keys

JOB, OTHER_JOB, UNKNOWN = "0123456789abcdef", "f" * 16, "a" * 64
MB = 1024 * 1024


@pytest.fixture
def settings(s3_server: S3Server, tmp_path: Path) -> StoreSettings:
    return s3_server.settings(tmp_path / "copies")


@asynccontextmanager
async def machine(settings: StoreSettings, **options: Any) -> AsyncIterator[FileStore]:
    """The file store of one process."""
    files = FileStore(FileBucket(settings, **options))
    await files.open()
    yield files
    await files.close()


async def at_once(count: int, make: Callable[[int], Awaitable[object]]) -> None:
    for start in range(0, count, 50):
        await asyncio.gather(*[make(number) for number in range(start, min(count, start + 50))])


# -- many machines ----------------------------------------------------------------------------------------------------


async def test_what_one_machine_shares_the_other_finds_as_it_is_now(settings: StoreSettings) -> None:
    async with machine(settings) as here, machine(settings) as there:
        ours, theirs = await here.work_folder(JOB) / "source", await there.work_folder(JOB) / "source"
        assert ours != theirs
        ours.write_bytes(b"the first")
        assert not await there.in_work(theirs), "not before it is shared"
        await here.share_in_work(ours)
        assert await there.in_work(theirs)
        assert theirs.read_bytes() == b"the first"

        theirs.write_bytes(b"the second")  # fetched anew there, after a step that died
        await there.share_in_work(theirs)
        assert await here.in_work(ours)
        assert ours.read_bytes() == b"the second"

        await there.drop_from_work(theirs)
        assert not await here.in_work(ours), "it is gone for all"
        assert not ours.exists()


async def test_what_is_here_already_is_not_fetched_again(
    settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine(settings) as here, machine(settings) as there:
        path = await here.work_folder(JOB) / "source"
        path.write_bytes(b"clip")
        await here.share_in_work(path)
        copy = await there.work_folder(JOB) / "source"
        for one, files in ((path, here), (copy, there)):
            assert await files.in_work(one)
            before = os.stat(one).st_ino
            assert await files.in_work(one)
            assert os.stat(one).st_ino == before

        stored = await here.put_path(7, path, "video/mp4")
        assert await there.read(stored.key) == b"clip"
        await there.copy_to_work(stored.key, copy.with_name("kept"))
        monkeypatch.setattr(bucket.Bucket, "fetch", None)
        monkeypatch.setattr(bucket.Bucket, "read", None)
        await there.copy_to_work(stored.key, copy.with_name("again"))
        assert await there.read(stored.key) == b"clip"


async def test_all_of_a_work_folder_is_brought(settings: StoreSettings) -> None:
    async with machine(settings) as here, machine(settings) as there:
        folder = await here.work_folder(JOB)
        (folder / "draft").mkdir()
        for name in ("plan.json", "draft/1.png"):
            (folder / name).write_text(name)
        await here.share_in_work(folder / "plan.json", folder / "draft" / "1.png")
        brought = await there.bring_work(JOB)
        assert (brought / "plan.json").read_text() == "plan.json"
        assert (brought / "draft" / "1.png").read_text() == "draft/1.png"
        assert await there.work_jobs() == {JOB}


async def test_copies_go_when_nobody_wants_them_any_more(settings: StoreSettings) -> None:
    settings = settings.model_copy(update={"copies_mb": 1})
    async with machine(settings) as files:
        assert isinstance(files._place, FileBucket)
        local = files._place._local
        path = await files.work_folder(JOB) / "source"
        path.write_bytes(bytes(600_000))
        await files.share_in_work(path)
        first = await files.put_path(7, path, "video/mp4")
        path.with_name("more").write_bytes(bytes(600_001))
        second = await files.put_path(7, path.with_name("more"), "video/mp4")
        os.utime(local.kept / first.sha256, (time.time() - 60, time.time() - 60))
        await files.tidy()
        assert [each.name for each in local.kept.iterdir()] == [second.sha256], "the one that was wanted last"
        assert path.exists()
        long_ago = time.time() - limits.LOCAL_COPY_LIFE.total_seconds() - 1
        for each in (path, path.with_name("more"), path.parent, local.kept / second.sha256):
            os.utime(each, (long_ago, long_ago))
        await files.tidy()
        assert [*local.kept.iterdir(), *local.work.iterdir()] == []
        assert await files.in_work(path), "it comes back when a step wants it"


def test_what_is_dropped_while_copies_are_tidied_is_no_fault(tmp_path: Path) -> None:
    local = LocalCopies(tmp_path, 10**9)

    def drop_and_add() -> None:
        for number in range(3000):
            (local.kept / f"{number % 50}").write_bytes(b"a copy")
            local.drop(f"{(number + 25) % 50}")
            (local.work / f"{number % 20}").mkdir(exist_ok=True)
            if number >= 10:
                (local.work / f"{(number + 10) % 20}").rmdir()

    with ThreadPoolExecutor(1) as pool:
        jobs = pool.submit(drop_and_add)
        rounds = 0
        while not jobs.done():
            local.tidy()
            rounds += 1
        jobs.result()
    assert rounds > 10, "they ran beside each other"
    for number in range(50):
        local.drop(f"{number}")
    assert [*local.kept.iterdir()] == []
    local.close()


def folders(settings: StoreSettings) -> int:
    """How many processes have, or had, copies."""
    return len([each for each in Path(settings.copies).iterdir() if each.is_dir()])


async def test_a_killed_process_leaves_no_copies_for_long(settings: StoreSettings) -> None:
    async with machine(settings) as alive:
        path = await alive.work_folder(JOB) / "source"
        path.write_bytes(b"of a process that lives")
        await ended(settings, f"(await files.work_folder({OTHER_JOB!r}) / 'source').write_bytes(b'x')")
        assert folders(settings) == 2
        async with machine(settings):
            assert path.exists()
            assert folders(settings) == 2, "ours and the new one's"
    assert folders(settings) == 0


# -- kills and what they leave ----------------------------------------------------------------------------------------


async def ended(settings: StoreSettings, *lines: str) -> None:
    """A process that does this with its file store, and is killed then."""
    given = settings.model_dump(mode="json") | {
        "access_key_id": settings.access_key_id.get_secret_value(),
        "secret_access_key": settings.secret_access_key.get_secret_value(),
    }
    program = (
        "import asyncio, os, signal\n"
        "from bot.config import StoreSettings\n"
        "from bot.store.files import FileStore\n"
        "async def run():\n"
        f"    files = FileStore.of(StoreSettings(**{given!r}))\n"
        "    await files.open()\n"
        + "".join(f"    {line}\n" for line in lines)
        + "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(run())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == -signal.SIGKILL


async def test_a_crash_between_file_and_row_leaves_nothing_for_good(
    s3_server: S3Server, settings: StoreSettings
) -> None:
    async with machine(settings, unneeded_for=timedelta()) as files:
        picture = await files.put_bytes(7, b"has a row", "image/png")
        await ended(settings, "await files.put_bytes(7, b'has no row', 'image/png')")
        assert len(keys(s3_server, settings.files)) == 2
        assert await files.sweep(keep_keys={picture.key}, keep_work=set()) == 1
        assert keys(s3_server, settings.files) == {picture.key}


async def test_an_upload_that_was_killed_is_no_object(
    s3_server: S3Server, settings: StoreSettings, tmp_path: Path
) -> None:
    path = tmp_path / "large.mp4"
    await asyncio.to_thread(path.write_bytes, os.urandom(MB) * 40)
    await ended(
        settings,
        "from pathlib import Path",
        "from tests.s3_server import begun_uploads",
        f"putting = asyncio.create_task(files.put_path(7, Path({str(path)!r}), 'video/mp4'))",
        "while not await begun_uploads(files._place._settings): await asyncio.sleep(0.005)",
        "assert not putting.done()",
    )
    assert keys(s3_server, settings.files) == set()
    long_ago, later = datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(minutes=1)
    assert await abort_unfinished(settings, long_ago) == 0, "it may be under way"
    assert await abort_unfinished(settings.model_copy(update={"files": f"s3://{BUCKET}/elsewhere"}), later) == 0
    with pytest.raises(OSError, match="unfinished uploads"):
        await abort_unfinished(settings.model_copy(update={"secret_access_key": SecretStr("wrong")}), later)
    async with machine(settings, unneeded_for=-timedelta(minutes=1)) as files:
        assert await files.sweep(keep_keys=set(), keep_work=set()) == 1
        assert await files.sweep(keep_keys=set(), keep_work=set()) == 0
    async with machine(settings) as files:
        stored = await files.put_path(7, path, "video/mp4")
        assert keys(s3_server, settings.files) == {stored.key}


async def test_a_sweep_takes_page_by_page_what_nothing_refers_to_and_nothing_else(
    s3_server: S3Server, settings: StoreSettings
) -> None:
    """More objects than one list or one deletion takes."""
    raw = s3_server.store(settings.files.removeprefix(f"s3://{BUCKET}/"))
    wanted = {f"7/{number:064x}" for number in range(5)}

    async def put(number: int) -> None:
        await obstore.put_async(raw, f"7/{number:064x}", b"x")

    await at_once(1100, put)
    others = {"notes.txt", "7/notes.txt", f"work/{JOB}/source", "work/notes.txt", f"8/{UNKNOWN}#1"}
    for key in {*others, f"work/{OTHER_JOB}/source"}:
        await obstore.put_async(raw, key, b"x")
    async with machine(settings) as files:
        assert await files.sweep(keep_keys=wanted, keep_work={JOB}) == 0, "it may be on its way to a row"
    async with machine(settings, unneeded_for=timedelta()) as files:
        assert await files.sweep(keep_keys=wanted, keep_work={JOB}) == 1096
        assert keys(s3_server, settings.files) == wanted | others
        await files.drop_owner(7)
        assert keys(s3_server, settings.files) == others - {"7/notes.txt"}


async def test_what_a_sweep_is_about_to_take_is_put_anew(s3_server: S3Server, settings: StoreSettings) -> None:
    """Otherwise a file that lay there without a row could go while a row is being written for it."""
    raw = s3_server.store(settings.files.removeprefix(f"s3://{BUCKET}/"))
    for age, put_again in ((timedelta(days=1), False), (timedelta(), True)):
        async with machine(settings, unneeded_for=age) as files:
            stored = await files.put_bytes(7, b"x", "image/png")
            before = (await obstore.head_async(raw, stored.key))["last_modified"]
            await asyncio.sleep(1.1)  # S3 counts whole seconds
            await files.put_bytes(7, b"x", "image/png")
            after = (await obstore.head_async(raw, stored.key))["last_modified"]
            assert (after > before) is put_again


async def test_a_sweep_looks_at_the_rows_again_before_it_takes_what_it_has_listed(
    s3_server: S3Server, settings: StoreSettings
) -> None:
    rows: set[str] = set()

    async def keys_of(owner_id: int) -> set[str]:
        assert owner_id == 7
        return rows

    async with machine(settings, unneeded_for=timedelta()) as files:
        wanted = await files.put_bytes(7, b"x", "image/png")
        unwanted = await files.put_bytes(7, b"y", "image/png")
        await asyncio.sleep(1.1)  # S3 counts whole seconds
        async with files.owner(7):
            sweeping = asyncio.create_task(files.sweep(keep_keys=set(), keep_work=set(), keys_of=keys_of))
            await asyncio.sleep(0.5)  # it has listed both, and waits
            assert keys(s3_server, settings.files) == {wanted.key, unwanted.key}
            await files.put_bytes(7, b"x", "image/png")
            rows.add(wanted.key)
        assert await sweeping == 1
        assert keys(s3_server, settings.files) == {wanted.key}


# -- a store that is away, slow, or refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"secret_access_key": SecretStr("not-the-secret")}, 78, r"refuses the keys.*store\.access_key_id"),
        ({"access_key_id": SecretStr("nobodys")}, 78, r"refuses the keys"),
        ({"files": "s3://no-such-bucket/files"}, 78, r"There is no bucket of that name \(store\.files\)"),
        ({"endpoint": "http://127.0.0.1:9"}, 69, r"cannot be used: the bucket did not take the request \(no answer\)"),
    ],
)
async def test_a_bad_start_is_one_sentence(
    settings: StoreSettings, changes: dict[str, Any], code: int, sentence: str
) -> None:
    with pytest.raises(BadStart, match=sentence) as told:
        await FileStore.of(settings.model_copy(update=changes)).open()
    assert told.value.exit_code == code
    assert not any(word in str(told.value) for word in ("secret\n", "nobodys", "no-such-bucket", "not-the-secret"))


async def test_keys_that_may_only_read_are_told_by_the_check(settings: StoreSettings) -> None:
    async with machine(settings.model_copy(update={"access_key_id": SecretStr(READER_ID)})) as files:
        with pytest.raises(BadStart, match="refuses the keys") as told:
            await files.check()
        assert told.value.exit_code == 78
        with pytest.raises(PermissionError, match=r"the bucket refuses it \(status code: 403|\(403 AccessDenied"):
            await files.put_bytes(7, b"x", "image/png")


async def test_a_server_that_never_answers_is_not_waited_for(
    settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bucket._BRIEF, "timeout", timedelta(seconds=0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = settings.model_copy(update={"endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        with pytest.raises(BadStart, match=r"did not take the request \(no answer\)") as told:
            await asyncio.wait_for(FileStore.of(mute).open(), PATIENCE)
    assert told.value.exit_code == 69


async def test_a_bucket_that_is_gone_loses_nothing(s3_server: S3Server, settings: StoreSettings) -> None:
    """What cannot be looked at is never taken for what is not there."""
    async with machine(settings) as files:
        path = await files.work_folder(JOB) / "source"
        assert isinstance(files._place, FileBucket)
        files._place._bucket._store = bucket._store(
            settings.model_copy(update={"files": "s3://no-such-bucket"}), {}, {"max_retries": 0}
        )
        for ask in (
            files.in_work(path),
            files.read(f"7/{UNKNOWN}"),
            files.copy_to_work(f"7/{UNKNOWN}", path),
            files.drop_work(JOB),
        ):
            with pytest.raises(OSError, match="the bucket is not there") as told:
                await ask
            assert not isinstance(told.value, FileNotFoundError)


async def test_a_server_that_stalls_and_one_that_is_killed_lose_nothing(tmp_path: Path) -> None:
    server = S3Server(tmp_path / "s3")
    server.start()
    try:
        settings = server.settings(tmp_path / "copies")
        path = tmp_path / "large.mp4"
        await asyncio.to_thread(path.write_bytes, os.urandom(MB) * 30)
        async with machine(settings) as files:
            with server.stopped():
                putting = asyncio.create_task(files.put_path(7, path, "video/mp4"))
                await asyncio.sleep(0.5)
                assert not putting.done()
            stored = await putting
            await asyncio.to_thread(server.kill)
            reading = asyncio.create_task(files.put_bytes(7, b"meanwhile", "image/png"))
            await asyncio.to_thread(server.start)
            later = await reading  # tried again until it was there
            assert keys(server, settings.files) == {stored.key, later.key}
            with await asyncio.to_thread(files.open_file, stored.key) as file:
                assert hashlib.sha256(await asyncio.to_thread(file.read)).hexdigest() == stored.sha256
    finally:
        server.kill()


async def test_a_large_video_is_never_whole_in_memory(settings: StoreSettings, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    await asyncio.to_thread(path.write_bytes, os.urandom(MB) * 40)
    async with machine(settings) as here, machine(settings) as there:
        tracemalloc.start()
        stored = await here.put_path(7, path, "video/mp4")
        came = await there.work_folder(JOB) / "source"
        await there.copy_to_work(stored.key, came)
        with await asyncio.to_thread(there.open_file, stored.key) as file:
            assert len(file.read(MB)) == MB
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 24 * MB, "of 40: pieces of what goes and comes, and what the collector has not looked at yet"
        assert (await there.measure_work(came, "video/mp4")).sha256 == stored.sha256


async def test_what_is_asked_of_the_bucket_is_counted_and_timed(settings: StoreSettings, s3_server: S3Server) -> None:
    def counted(series: str, operation: BucketOperation) -> float:
        return REGISTRY.get_sample_value(f"castbook_bucket_{series}", {"operation": operation}) or 0.0

    def since(series: str) -> dict[BucketOperation, float]:
        found = {each: counted(series, each) - before[series, each] for each in BucketOperation}
        return {each: more for each, more in found.items() if more}

    before = {
        (series, each): counted(series, each)
        for series in ("seconds_count", "faults_total")
        for each in BucketOperation
    }
    ours = Bucket(settings)
    await ours.put("7/a", b"a picture")
    assert await ours.read("7/a") == b"a picture"
    with pytest.raises(FileNotFoundError):
        await ours.version("7/b")
    assert since("seconds_count") == {BucketOperation.PUT: 1, BucketOperation.GET: 1, BucketOperation.HEAD: 1}
    assert since("faults_total") == {}, "what is not there is no fault"
    reader = Bucket(settings.model_copy(update={"access_key_id": SecretStr(READER_ID)}))
    with pytest.raises(PermissionError):
        await reader.put("7/c", b"another one")
    assert since("faults_total") == {BucketOperation.PUT: 1}
    assert since("seconds_count")[BucketOperation.PUT] == 2
