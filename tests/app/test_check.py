"""check, invite and migrate: a line each, and an exit code."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.app import check
from bot.errors import BadStart
from bot.media import site_videos
from playground.provider import SimulatedProvider
from tests.app.conftest import MakeSettings
from tests.loopback_discord.server import LoopbackDiscord
from tests.s3_server import BUCKET, KEY, KEY_ID, READER_ID, S3Server, keys

# View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in Threads
WANTED = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 38


async def test_everything_right_is_a_line_each(make_settings: MakeSettings, capsys: pytest.CaptureFixture[str]) -> None:
    assert await check.check(make_settings()) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "provider_call" not in line]  # a log line
    assert [line.split()[:2] for line in lines] == [
        ["settings", "ok"],
        ["database", "ok:"],
        ["files", "ok:"],
        ["provider", "ok:"],
        ["discord", "ok:"],
    ]
    assert "castbook" in lines[4]


async def test_a_postgres_is_looked_at_as_well(
    make_settings: MakeSettings, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check.check(make_settings(STORE__URL=postgres_url)) == 0
    assert await check.check(make_settings(STORE__URL=f"{postgres_url}&user=nobody-we-know")) == 69
    out = capsys.readouterr().out
    assert "The PostgreSQL (store.url)" in out
    assert out.count("provider   ok: ") == 2, "which does not need it"


async def test_each_thing_that_is_wrong_is_named_and_the_rest_still_looked_at(
    make_settings: MakeSettings, provider: SimulatedProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(DISCORD__TOKEN="not-the-token", TOAPIS__API_KEY="not-the-key")
    assert await check.check(settings) == 69
    out = capsys.readouterr().out
    assert "database   ok" in out
    assert "provider   FAILED" in out
    assert "discord    FAILED: Discord refuses discord.token" in out
    assert "not-the-" not in out
    provider.account.remaining = Decimal(0)
    assert await check.check(make_settings()) == 69
    assert "balance is used up" in capsys.readouterr().out


async def test_a_bucket_is_looked_at(
    make_settings: MakeSettings, s3_server: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = {
        "STORE__FILES": f"s3://{BUCKET}/checked",
        "STORE__ENDPOINT": s3_server.address,
        "STORE__ACCESS_KEY_ID": KEY_ID,
        "STORE__SECRET_ACCESS_KEY": KEY,
        "STORE__COPIES": str(tmp_path / "copies"),
    }
    assert await check.check(make_settings(**bucket)) == 0
    assert "files      ok: written, read and deleted in the bucket" in capsys.readouterr().out
    assert keys(s3_server, bucket["STORE__FILES"]) == set()
    assert await check.check(make_settings(**bucket | {"STORE__ACCESS_KEY_ID": READER_ID})) == 69
    out = capsys.readouterr().out
    assert "files      FAILED: The bucket (store.files) refuses the keys: check store.access_key_id" in out
    assert KEY not in out


KEYLESS, STRANGE = "", "0a" * 32


@pytest.mark.parametrize(
    ("key", "url", "said"),
    [
        (KEYLESS, "", "ok: .*; interactions come over the gateway$"),
        ("its", "", "ok: .*come over the gateway until the developer portal has an Interactions Endpoint URL$"),
        (
            "its",
            "https://example.org/i",
            "ok: .*come over HTTP, to https://example.org/i, and nothing over",
        ),
        (KEYLESS, "https://example.org/i", "FAILED: Discord sends interactions to .* and nothing over the gateway"),
        (STRANGE, "", r"FAILED: discord\.public_key is not the key of the application"),
    ],
)
async def test_it_says_which_way_interactions_come(
    key: str,
    url: str,
    said: str,
    make_settings: MakeSettings,
    discord: LoopbackDiscord,
    capsys: pytest.CaptureFixture[str],
) -> None:
    discord.endpoint.url = url
    settings = make_settings(DISCORD__PUBLIC_KEY=discord.endpoint.public_key if key == "its" else key)
    assert await check.check(settings) == (0 if said.startswith("ok") else 69)
    assert re.search(f"^discord +{said}", capsys.readouterr().out, re.MULTILINE)


async def test_sites_are_looked_at_where_they_are_switched_on(
    make_settings: MakeSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(LINKS__SITES='["youtube.com"]')
    assert await check.check(settings) == 0
    assert re.search(r"^sites +ok: yt-dlp [\d.]+ is there for youtube\.com$", capsys.readouterr().out, re.MULTILINE)
    monkeypatch.setattr(site_videos, "find_spec", lambda _: None)
    assert await check.check(settings) == 69
    assert "sites      FAILED: links.sites needs yt-dlp: install it with make sites" in capsys.readouterr().out


async def test_an_unlimited_key_is_said_to_be_one(
    make_settings: MakeSettings, provider: SimulatedProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.account.unlimited = True
    assert await check.check(make_settings()) == 0
    assert "no limit" in capsys.readouterr().out


async def test_a_discord_that_is_away_is_one_sentence(make_settings: MakeSettings) -> None:
    settings = make_settings(DISCORD__API_URL="http://127.0.0.1:9/api/v10")
    with pytest.raises(BadStart, match=r"cannot be reached at discord\.api_url"):
        await check.invite(settings)


async def test_the_invite_asks_for_exactly_what_the_bot_needs(
    make_settings: MakeSettings, discord: LoopbackDiscord, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check.invite(make_settings()) == 0
    query = parse_qs(urlsplit(capsys.readouterr().out.split()[-1]).query)
    assert query["client_id"] == [str(discord.bot.id)]
    assert query["scope"][0].split() == ["bot", "applications.commands"]
    assert int(query["permissions"][0]) == WANTED


async def test_migrate_makes_the_database(
    make_settings: MakeSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(STORE__URL=f"sqlite+aiosqlite:///{tmp_path}/new.db")
    assert await check.migrate(settings) == 0
    assert "database" in capsys.readouterr().out
    assert (tmp_path / "new.db").stat().st_size
    assert await check.migrate(settings) == 0
