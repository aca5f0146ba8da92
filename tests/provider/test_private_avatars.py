"""Private avatars through the client: what is asked, what comes back, and what no place means."""

from __future__ import annotations

import pytest

from bot.provider.errors import AvatarsFull, BadRequest, OutcomeUnknown, ProviderError, RateLimited, UnknownTask
from bot.provider.private_avatars import AssetState, AvatarAsset, asset_address

BASE = "/v1/videos/doubao-seedance-2-0/private-avatar"
GROUPS, ASSETS = ("POST", f"{BASE}/groups"), ("POST", f"{BASE}/assets")
ASSET = ("GET", f"{BASE}/assets/pa_01")
URL = "https://files.toapis.com/uploads/7/a.jpg"


async def test_a_group_and_an_asset_are_made_as_documented(provider, client):
    provider.on(GROUPS, body={"success": True, "data": {"group_id": "pg_01"}})
    provider.on(ASSETS, body={"data": {"asset_id": "pa_01", "status": "processing"}})
    assert await client.avatars.create_group("Castbook", "drawn") == "pg_01"
    assert await client.avatars.create_asset("pg_01", URL, kind="image", name="Anna") == AvatarAsset(
        "pa_01", AssetState.PROCESSING
    )
    assert [seen.json for seen in provider.seen] == [
        {"name": "Castbook", "description": "drawn"},
        {"group_id": "pg_01", "asset_type": "image", "source_url": URL, "name": "Anna"},
    ]
    assert asset_address("pa_01") == "asset://pa_01"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"data": {"asset_id": "pa_01", "status": "active", "asset_url": "asset://pa_01"}}, AssetState.ACTIVE),
        ({"asset_id": "pa_01", "status": "ACTIVE"}, AssetState.ACTIVE),  # not wrapped
        ({"id": "pa_01", "status": "active"}, AssetState.ACTIVE),
        ({"data": {"status": "processing"}}, AssetState.PROCESSING),
        ({"data": {"status": "almost"}}, AssetState.PROCESSING),
        ({"data": {}}, AssetState.PROCESSING),
        *(({"data": {"status": status}}, AssetState.REFUSED) for status in ("failed", "Error", "REJECTED")),
    ],
)
async def test_how_an_asset_stands(provider, client, answer, state):
    provider.on(ASSET, body=answer)
    assert await client.avatars.asset("pa_01") == AvatarAsset("pa_01", state)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (429, "asset_quota_exceeded", "", AvatarsFull),
        (400, "x", "The quota of assets is used up", AvatarsFull),
        (403, "x", "asset limit reached", AvatarsFull),
        (429, "rate_limit_exceeded", "Too many requests", RateLimited),
        (400, "invalid_request", "bad", BadRequest),
        (502, "", "", OutcomeUnknown),
    ],
)
async def test_what_is_not_taken_charges_nothing(provider, client, status, code, message, kind):
    provider.on(ASSETS, status, {"error": {"code": code, "message": message}})
    with pytest.raises(ProviderError, match="Nothing was charged") as caught:
        await client.avatars.create_asset("pg_01", URL, kind="image", name="Anna")
    assert type(caught.value) is kind


async def test_an_answer_without_an_id_is_none(provider, client):
    provider.on(GROUPS, body={"success": True, "data": {}}).on(ASSETS, body={"data": {"asset_id": "../x y"}})
    with pytest.raises(OutcomeUnknown):
        await client.avatars.create_group("Castbook", "drawn")
    with pytest.raises(OutcomeUnknown):
        await client.avatars.create_asset("pg_01", URL, kind="image", name="Anna")


async def test_an_asset_that_nobody_knows(client):
    with pytest.raises(UnknownTask):
        await client.avatars.asset("pa_01")
