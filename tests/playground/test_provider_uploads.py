import aiohttp
import pytest

from playground.provider import uploads

MP4 = b"\0\0\0\x20ftypisom" + b"\0" * 100
MOV = b"\0\0\0\x14ftypqt  " + b"\0" * 100
WEBM = b"\x1a\x45\xdf\xa3\0\0\0\x42\x82\x84webm" + b"\0" * 100


def form(data, *, field="file", filename="clip.mp4", **more):
    filled = aiohttp.FormData()
    for name, value in more.items():
        filled.add_field(name, value)
    filled.add_field(field, data, filename=filename)
    return filled


async def send(caller, data):
    return await caller.call("POST", "/v1/uploads/videos", data=data)


@pytest.mark.parametrize(
    ("data", "mime", "suffix"),
    [(MP4, "video/mp4", ".mp4"), (MOV, "video/quicktime", ".mov"), (WEBM, "video/webm", ".webm")],
)
async def test_an_upload_is_kept_and_served(caller, provider, data, mime, suffix):
    status, body, _ = await send(caller, form(data, filename="named.wrongly", purpose="character"))
    assert status == 200
    found = body["data"]
    assert (body["success"], body["message"]) == (True, "")
    assert found["id"].startswith("upload_")
    assert (found["mime_type"], found["size"]) == (mime, len(data))
    assert found["url"] == f"{provider.base_url}/files/{found['id']}{suffix}"
    async with caller.session.get(found["url"]) as answer:
        assert await answer.read() == data


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        (form(b"GIF89a" + b"\0" * 60), "Only MP4, WebM and MOV"),
        (form(b""), "Only MP4, WebM and MOV"),
        (form(MP4, field="video"), "Unexpected form field: 'video'"),
        (form(MP4, extra="1"), "Unexpected form field: 'extra'"),
        (aiohttp.FormData({"purpose": "character"}, default_to_multipart=True), "'file' is required"),
        (MP4, "must be multipart"),
    ],
)
async def test_what_is_not_one_video_is_refused_in_the_shape_of_uploads(caller, filled, said):
    status, body, _ = await send(caller, filled)
    assert status == 400
    assert body["success"] is False
    assert said in body["message"]


async def test_the_largest_upload_is_fifty_megabytes(caller, monkeypatch):
    assert uploads.LARGEST == 50 * 1024 * 1024
    monkeypatch.setattr(uploads, "LARGEST", 600_000)  # enough to come in several pieces
    status, body, _ = await send(caller, form(MP4.ljust(600_000, b"\0")))
    assert (status, body["data"]["size"]) == (200, 600_000)
    status, body, _ = await send(caller, form(MP4.ljust(600_001, b"\0")))
    assert (status, body) == (400, {"success": False, "message": "The file is larger than 50 MB."})


@pytest.mark.parametrize("path", ["/files/none.mp4", "/pictures/none.jpg", "/files/..%2f..%2fetc%2fpasswd"])
async def test_only_what_was_kept_is_served(caller, path):
    status, body, _ = await caller.call("GET", path)
    assert (status, body["error"]["type"]) == (404, "invalid_request_error")
