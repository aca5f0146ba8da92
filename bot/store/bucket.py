"""A bucket of an S3-compatible store, through obstore: objects by key, each written completely or not at all.

Imported only if ``store.files`` names a bucket, because obstore takes 4 MB.
"""

from __future__ import annotations

import asyncio
import errno
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from obstore.exceptions import AlreadyExistsError, BaseError, NotModifiedError
from obstore.store import S3Store

from bot import limits
from bot.config import StoreSettings
from bot.errors import BadConfiguration, BadStart
from bot.metrics import BUCKET_FAULTS, BUCKET_SECONDS, BucketOperation

if TYPE_CHECKING:  # obstore has these names only for type checkers
    from obstore import ListStream, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig, S3Config

_MB = 1024 * 1024
_PIECE = 2 * _MB  # bytes in memory at once while reading
_CLIENT: ClientConfig = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": limits.BUCKET_SILENT,
    "timeout": limits.BUCKET_REQUEST,
}
_PATIENT: RetryConfig = {
    "max_retries": 12,
    "retry_timeout": limits.BUCKET_RETRIED,
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=10), "base": 2},
}
_AT_ONCE: RetryConfig = {"max_retries": 1, "retry_timeout": timedelta(seconds=5)}
_BRIEF: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=10)}

_MISSING = "NoSuchBucket"
_FULL = ("507", "QuotaExceeded")


@dataclass(frozen=True, slots=True)
class Version:
    """The version of an object's content: entity tag, size in bytes, and modification time."""

    tag: str
    size: int
    at: datetime


class Bucket:
    """The objects below one prefix of a bucket.

    Every method raises :class:`FileNotFoundError` if there is no such object, and :class:`OSError` for every other
    error of the store, after retrying for a while. The two are never confused, so that nothing counts as lost because
    the store is unreachable.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._store = _store(settings, _CLIENT, _PATIENT)

    async def create(self, key: str, data: bytes) -> str | None:
        """Write ``data`` if the key is free, in one request; returns the tag, or ``None`` if there is an object."""
        with _measured(BucketOperation.PUT):
            try:
                made = await self._store.put_async(key, data, mode="create")
            except AlreadyExistsError:
                return None
        return made["e_tag"] or ""

    async def put(self, key: str, content: bytes | Path) -> str:
        """Write ``content``, or a file's content, over the object; returns its tag. Large files go up in parts."""
        with _measured(BucketOperation.PUT):
            made = await self._store.put_async(key, content, chunk_size=limits.BUCKET_PART, max_concurrency=2)
        return made["e_tag"] or ""

    async def version(self, key: str) -> Version:
        """The version of an object's content."""
        with _measured(BucketOperation.HEAD):
            return _version(await self._store.head_async(key))

    async def read(self, key: str) -> bytes:
        """The content of an object, in memory."""
        with _measured(BucketOperation.GET):
            got = await self._store.get_async(key)
            return bytes(await got.bytes_async())

    async def fetch(self, key: str, into: Path, *, unless: str | None = None) -> str | None:
        """Download an object into the file ``into``, completely or not at all; returns its tag.

        ``None``: the object still has the tag ``unless``, and nothing was written.
        """
        part = into.with_name(f".{into.name}.{secrets.token_hex(4)}.part")
        try:
            with _measured(BucketOperation.GET):
                try:
                    got = await self._store.get_async(key, options={"if_none_match": unless} if unless else None)
                except NotModifiedError:
                    return None
                file = await asyncio.to_thread(part.open, "xb")
                with file:
                    async for piece in got.stream(min_chunk_size=_PIECE):
                        await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(part.replace, into)
            return got.meta["e_tag"] or ""
        finally:
            part.unlink(missing_ok=True)

    def read_into(self, key: str, file: BinaryIO) -> None:
        """Download an object into an open file, in a thread."""
        with _measured(BucketOperation.GET):
            file.writelines(self._store.get(key).stream(min_chunk_size=_PIECE))

    def pieces(self, key: str) -> Iterator[bytes]:
        """The content of an object in pieces of some megabytes, to be read in a thread."""
        with _measured(BucketOperation.GET):
            for piece in self._store.get(key).stream(min_chunk_size=_PIECE):
                yield bytes(piece)

    async def copy(self, key: str, other: str) -> str:
        """Copy an object to another key on the server; returns the copy's tag."""
        with _measured(BucketOperation.COPY):
            await self._store.copy_async(key, other)
        return (await self.version(other)).tag

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, many per request; missing ones are ignored."""
        with _measured(BucketOperation.DELETE):
            for start in range(0, len(keys), limits.BUCKET_OBJECTS):
                await self._store.delete_async(keys[start : start + limits.BUCKET_OBJECTS])

    async def pages(self, below: str = "") -> AsyncIterator[list[tuple[str, Version]]]:
        """All objects below a prefix that ends with a slash, page by page."""
        with _measured(BucketOperation.LIST):
            found: ListStream[Sequence[ObjectMeta]] = self._store.list(below or None, chunk_size=limits.BUCKET_OBJECTS)
            async for page in found:
                yield [(each["path"], _version(each)) for each in page]

    async def folders(self, below: str) -> set[str]:
        """The names of the "folders" directly below a prefix."""
        with _measured(BucketOperation.LIST):
            found = await self._store.list_with_delimiter_async(below)
        return {prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"]}

    async def reach(self, probe: str | None = None) -> None:
        """Check that the bucket is reachable, with few retries; if ``probe`` is given, write, read and delete it.

        Raises :class:`~bot.errors.BadStart`.
        """
        store = _store(self._settings, _BRIEF, _AT_ONCE)
        try:
            with _as_os_errors():
                await store.list_with_delimiter_async("work/")
                if probe is not None:
                    await store.put_async(probe, b"castbook check", use_multipart=False)
                    read = bytes(await (await store.get_async(probe)).bytes_async())
                    await store.delete_async([probe])
                    if read != b"castbook check":
                        raise BadStart("The bucket (store.files) gives back something else than what was written.")
        except OSError as error:
            raise _bad_start(error) from None


def _store(settings: StoreSettings, client: ClientConfig, retries: RetryConfig) -> S3Store:
    """Settings that are missing come from the usual environment variables (``AWS_…``)."""
    name, _, prefix = settings.files.removeprefix("s3://").partition("/")
    given: S3Config = {}
    if settings.endpoint:
        given["endpoint"] = settings.endpoint
        client = client | {"allow_http": settings.endpoint.startswith("http://")}
    if settings.region:
        given["region"] = settings.region
    if key_id := settings.access_key_id.get_secret_value():
        given["access_key_id"] = key_id
        given["secret_access_key"] = settings.secret_access_key.get_secret_value()
    try:
        return S3Store(name, prefix=prefix or None, config=given, client_options=client, retry_config=retries)
    except (BaseError, ValueError):
        raise BadConfiguration(
            "The bucket (store.files) cannot be set up: check the settings beside it and the variables AWS_…."
        ) from None


def _version(meta: ObjectMeta) -> Version:
    return Version(tag=meta["e_tag"] or "", size=meta["size"], at=meta["last_modified"])


@contextmanager
def _measured(operation: BucketOperation) -> Iterator[None]:
    """As :func:`_as_os_errors`, counted and timed."""
    begun = time.monotonic()
    try:
        with _as_os_errors():
            yield
    except FileNotFoundError:
        raise
    except OSError:
        BUCKET_FAULTS.labels(operation).inc()
        raise
    finally:
        BUCKET_SECONDS.labels(operation).observe(time.monotonic() - begun)


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Turn obstore's errors into OSError, with a short message and without the store's own words."""
    try:
        yield
    except FileNotFoundError as error:
        if _MISSING in str(error):
            raise OSError(errno.ENXIO, f"the bucket is not there ({_MISSING})") from None
        raise FileNotFoundError(errno.ENOENT, "there is no such object") from None
    except BaseError as error:
        raise _os_error(error) from None


def _os_error(error: BaseError) -> OSError:
    error_text = str(error)
    status = re.search(r"status code: (\d{3})", error_text)
    code = re.search(r"<Code>(\w{1,60})</Code>", error_text)
    words = " ".join(found[1] for found in (status, code) if found) or "no answer"
    if _MISSING in error_text:
        return OSError(errno.ENXIO, f"the bucket is not there ({words})")
    if status is not None and status[1] in ("401", "403"):
        return PermissionError(errno.EACCES, f"the bucket refuses it ({words})")
    if any(each in words for each in _FULL):
        return OSError(errno.ENOSPC, f"the bucket is full ({words})")
    return OSError(errno.EIO if status else errno.ETIMEDOUT, f"the bucket did not take the request ({words})")


def _bad_start(error: OSError) -> BadStart:
    if error.errno == errno.ENXIO:
        return BadConfiguration("There is no bucket of that name (store.files) at this address (store.endpoint).")
    if error.errno == errno.EACCES:
        return BadConfiguration(
            "The bucket (store.files) refuses the keys: check store.access_key_id, store.secret_access_key and what "
            "they may do."
        )
    return BadStart(
        f"The bucket (store.files) cannot be used: {error.strerror}. Check store.endpoint, store.region, the network."
    )
