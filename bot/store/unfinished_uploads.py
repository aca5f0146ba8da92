"""Aborts interrupted multipart uploads, which appear in no listing, and cost money. obstore cannot do that.

The two requests (ListMultipartUploads, AbortMultipartUpload) are made and signed here, in the URL (AWS Signature
Version 4), with keys from the settings or the environment. With a machine's own role, use a lifecycle rule of the
bucket instead.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from yarl import URL

from bot import limits
from bot.config import StoreSettings

_UPLOAD = re.compile(r"<Upload>(.*?)</Upload>", re.DOTALL)
_SECONDS_SIGNED_FOR = 300


@dataclass(frozen=True, slots=True)
class _Keys:
    id: str
    secret: str
    token: str


async def abort_unfinished(settings: StoreSettings, before: datetime) -> int:
    """Abort the uploads below the settings' prefix that began before an instant; returns how many.

    At most a thousand at a time. Raises OSError if the store cannot be reached.
    """
    keys = _keys(settings)
    if keys is None:
        return 0
    bucket, _, prefix = settings.files.removeprefix("s3://").partition("/")
    ended = 0
    timeout = aiohttp.ClientTimeout(total=limits.BUCKET_SILENT.total_seconds())
    try:
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
            listing = {"uploads": "", "prefix": f"{prefix}/" if prefix else ""}
            async with session.get(_signed(settings, keys, "GET", f"/{bucket}", listing)) as answer:
                found = await answer.text()
            for upload in map(_fields, _UPLOAD.findall(found)):
                if datetime.fromisoformat(upload["Initiated"]) >= before:
                    continue
                path, which = f"/{bucket}/{upload['Key']}", {"uploadId": upload["UploadId"]}
                async with session.delete(_signed(settings, keys, "DELETE", path, which)):
                    ended += 1
    except aiohttp.ClientError as error:
        raise OSError(f"unfinished uploads cannot be looked at: {type(error).__name__}") from None
    return ended


def _keys(settings: StoreSettings) -> _Keys | None:
    key_id, secret = settings.access_key_id.get_secret_value(), settings.secret_access_key.get_secret_value()
    if key_id:
        return _Keys(key_id, secret, "")
    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    return _Keys(key_id, secret, os.environ.get("AWS_SESSION_TOKEN", "")) if key_id and secret else None


def _signed(settings: StoreSettings, keys: _Keys, method: str, path: str, query: Mapping[str, str]) -> URL:
    region = settings.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    address = (settings.endpoint or given or f"https://s3.{region}.amazonaws.com").rstrip("/")
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    signing = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys.id}/{scope}",
        "X-Amz-Date": now,
        "X-Amz-Expires": str(_SECONDS_SIGNED_FOR),
        "X-Amz-SignedHeaders": "host",
    }
    token = {"X-Amz-Security-Token": keys.token} if keys.token else {}
    asked = urlencode(sorted({**query, **signing, **token}.items()), quote_via=quote, safe="")
    where = quote(urlsplit(address).path + path)
    request = f"{method}\n{where}\n{asked}\nhost:{urlsplit(address).netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    string_to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, string_to_sign.encode(), "sha256").hexdigest()
    origin = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
    return URL(f"{origin}{where}?{asked}&X-Amz-Signature={signature}", encoded=True)


def _fields(upload: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in re.findall(r"<(\w+)>([^<]*)</\1>", upload)}
