"""/character export and import as a member uses them: files, parts, links, the card before anything is written."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import Any

import aiohttp
import discord
import pytest
from simcord import InteractionResult, ResponseMessage

from bot import limits
from bot.store.portable_casts import Selection
from bot.values.source import Attachment
from tests.cogs.bot_harness import AppHarness, BotHarness, labels, refusal, words
from tests.hostile_archives import DOCUMENT, REFUSED, good, picture, with_document, zipped

KB = 1024


class Zips:
    """Where attachments come from: the zip that a test has put there, by its name."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def fetch(self, url: str, into: Any, *, max_bytes: int) -> None:
        into.write_bytes(self.files[url.partition("?")[0].rpartition("/")[2]])


@pytest.fixture
def zips(bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> Zips:
    """simcord keeps attachments in memory: its address leads nowhere."""
    made = Zips()
    serve(bot.harness, made)
    return made


def serve(harness: AppHarness, zips: Zips) -> None:
    harness.app.cast.importer._source = zips  # type: ignore[assignment]  # for what no server serves


def answer(result: InteractionResult) -> ResponseMessage:
    (message,) = [each for each in (result.response, *result.followups) if each is not None]
    assert message.ephemeral
    return message


async def zip_of(message: ResponseMessage) -> dict[str, bytes]:
    (attached,) = message.attachments
    with zipfile.ZipFile(io.BytesIO(await attached.read())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def offered(bot: BotHarness, zips: Zips, data: bytes) -> ResponseMessage:
    zips.files["cast.zip"] = data
    return answer(await bot.alice.slash(bot.channel, "character import", file=("cast.zip", data)))


async def cast(bot: BotHarness, *names: str) -> None:
    """Of 300 kB each, which no zip makes smaller."""
    for number, name in enumerate(names):
        still = await bot.harness.files.put_bytes(bot.alice.id, bytes([number]) * 300 * KB, "image/jpeg")
        await bot.harness.character(bot.alice.id, name, picture=None, portable=(still,))


def limited(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    made = discord.Interaction._from_data

    def from_data(self: Any, data: Any) -> None:
        made(self, data | {"attachment_size_limit": size})

    monkeypatch.setattr(discord.Interaction, "_from_data", from_data)


async def test_one_a_group_or_all_of_a_cast_are_a_zip(bot: BotHarness) -> None:
    await cast(bot, "Ann", "Ben", "Cy")
    groups, alice = bot.harness.app.stores.groups, bot.alice.id
    circus = await groups.create(alice, "Circus", now=bot.harness.now)
    await groups.add(alice, circus.id, 2)
    await groups.add(alice, circus.id, 3)

    async def named(**options: str) -> list[str]:
        message = answer(await bot.alice.slash(bot.channel, "character export", **options))
        assert "Keep it to yourself" in words(message)
        assert labels(message) == []
        return [each["name"] for each in json.loads((await zip_of(message))[DOCUMENT])["characters"]]

    assert await named() == ["Ann", "Ben", "Cy"]
    assert await named(name="ben") == ["Ben"]
    assert await named(group="circus") == ["Ben", "Cy"]
    assert await bot.alice.autocomplete(bot.channel, "character export", "group", "cir") == [
        {"name": "Circus", "value": "Circus"}
    ]
    for options, told in (
        ({"name": "Zoe"}, "no character called “Zoe”"),
        ({"group": "Zoo"}, "no group called “Zoo”"),
        ({"name": "Ann", "group": "Circus"}, "not both"),
    ):
        assert told in refusal(await bot.alice.slash(bot.channel, "character export", **options))
    assert "Your cast is empty" in refusal(await bot.bob.slash(bot.channel, "character export"))


async def test_parts_can_each_be_imported_and_come_by_a_button_also_after_a_restart(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, 800 * KB)
    await cast(bot, "Ann", "Ben", "Cy")
    first = answer(await bot.alice.slash(bot.channel, "character export"))
    assert "part 1 of 2" in words(first)
    assert first.attachments[0].filename == "castbook-1-of-2.zip"
    await bot.restart()
    second = answer(await bot.alice.click(first, label="Part 2 of 2"))
    assert labels(second) == []
    documents = [json.loads((await zip_of(each))[DOCUMENT]) for each in (first, second)]
    assert [[each["name"] for each in document["characters"]] for document in documents] == [["Ann", "Ben"], ["Cy"]]
    assert list(await zip_of(second)) == ["characters/01 Cy/still 1.jpg", DOCUMENT]


@pytest.fixture
async def public(bot: BotHarness) -> BotHarness:
    """The bot's own server can be reached."""
    bot.harness.change(web={"public_url": "https://castbook.example", "port": 0, "metrics_port": 0})
    await bot.restart()
    await bot.harness.app.start_web()
    return bot


async def test_a_large_export_is_a_link_where_the_server_is_public(
    public: BotHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limited(monkeypatch, 800 * KB)
    await cast(public, "Ann", "Ben", "Cy")
    message = answer(await public.alice.slash(public.channel, "character export"))
    assert "for one hour" in words(message)
    assert labels(message) == ["Send it in parts", "Download"]
    [url] = [each["url"] for row in message.components for each in row["components"] if "url" in each]
    path = url.removeprefix("https://castbook.example")
    origin = f"http://127.0.0.1:{public.harness.app.health.port}"
    async with aiohttp.ClientSession() as session:

        async def status(at: str) -> int:
            async with session.get(origin + at) as response:
                return response.status

        async with session.get(origin + path) as response:
            assert (response.status, response.headers["Content-Type"]) == (200, "application/zip")
            assert response.headers["Cache-Control"] == "no-store"
            with zipfile.ZipFile(io.BytesIO(await response.read())) as archive:
                assert archive.testzip() is None
                assert len(json.loads(archive.read(DOCUMENT))["characters"]) == 3
        owner = str(public.alice.id)
        for other in (
            path.replace(owner, str(public.bob.id)),
            path[:-1] + ("0" if path[-1] != "0" else "1"),
            path + "0",
            path.replace("/exports/", "/exports/%00"),
        ):
            assert await status(other) == 404
        for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            async with session.request(method, origin + path) as response:
                assert response.status == 404
        async with session.get(origin + path, headers={"Range": "bytes=0-9"}) as response:
            assert (response.status, response.headers.get("Accept-Ranges")) == (200, None)
            assert zipfile.is_zipfile(io.BytesIO(await response.read()))
        async with session.get(origin + path):
            pass  # its body is not read: the connection is closed
        while await status(path) == 503:
            await asyncio.sleep(0)
        assert "Error handling request" not in caplog.text
        public.harness.now += limits.EXPORT_LINK_LIFE * 1.01
        while (gone := await status(path)) == 503:
            await asyncio.sleep(0)
        assert gone == 404
    parts = answer(await public.alice.click(message, label="Send it in parts"))
    assert "part 1 of 2" in words(parts)


async def test_without_a_public_server_there_is_no_such_place(bot: BotHarness) -> None:
    await bot.restart()
    await bot.harness.app.start_web()
    await cast(bot, "Ann")
    token = bot.harness.app.cast.export_links.link(bot.alice.id, Selection(), 1)
    async with aiohttp.request("GET", f"http://127.0.0.1:{bot.harness.app.health.port}{token}") as response:
        assert response.status == 404


async def test_a_card_shows_what_would_come_in_and_a_press_brings_it_in(bot: BotHarness, zips: Zips) -> None:
    def change(document: dict[str, Any]) -> None:
        ann = document["characters"][0]
        document["characters"] += [ann | {"name": f"More {number}"} for number in range(6)]
        document["characters"].append(ann | {"name": "Nobody", "picture": None, "reference_set": []})
        document["groups"] = [{"name": "Circus", "characters": [0]}]

    await bot.harness.character(bot.alice.id, "ann")
    card = await offered(bot, zips, with_document(change))
    said = words(card)
    assert "This adds 7 characters" in said
    assert "**Ann 2**" in said
    assert "You have a “Ann” already" in said
    assert "More 3, More 4, More 5" in said
    assert "“Nobody”: None of this character's files can be used" in said
    assert "work like passwords" in said
    assert "gave you permission" in said
    assert len(card.attachments) == 4
    assert labels(card) == ["Yes, I have permission", "Cancel"]
    assert await bot.harness.characters.count(bot.alice.id) == 1

    await bot.restart()
    after = answer(await bot.alice.click(card, label="Yes, I have permission"))
    assert "7 characters are in your cast now" in words(after)
    assert await bot.harness.characters.count(bot.alice.id) == 8
    new = await bot.harness.characters.by_name(bot.alice.id, "Ann 2")
    assert new is not None
    assert new.portable
    assert labels(after) == []
    shown = answer(await bot.alice.slash(bot.channel, "character show", name="Ann 2"))
    assert len(shown.attachments) == 2  # its picture, and its stills in a row


async def test_cancelled_nothing_is_left(bot: BotHarness, zips: Zips) -> None:
    card = await offered(bot, zips, zipped(good()))
    assert "Nothing was imported" in words(answer(await bot.alice.click(card, label="Cancel")))
    assert await bot.harness.characters.count(bot.alice.id) == 0
    assert await bot.harness.files.work_jobs() == set()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("no zip", "can't open that file as a zip"),
        ("a password", "has a password"),
        ("a path that leads out", "isn't put together"),
        ("no document", "no castbook.json"),
        ("a document that is no JSON", "can't read the castbook.json"),
    ],
)
async def test_what_is_no_cast_is_told_in_a_sentence(bot: BotHarness, zips: Zips, what: str, told: str) -> None:
    zips.files["cast.zip"] = REFUSED[what]()
    result = await bot.alice.slash(bot.channel, "character import", file=("cast.zip", b"x"))
    assert told in refusal(result)


async def test_a_file_or_a_link_but_not_both_and_no_page(bot: BotHarness) -> None:
    for options in ({}, {"file": ("cast.zip", picture()), "link": "https://example.org/cast.zip"}):
        assert "exactly one" in refusal(await bot.alice.slash(bot.channel, "character import", **options))
    huge = Attachment(url="https://cdn.example/a.zip", filename="a.zip", size=limits.IMPORT_ARCHIVE_BYTES + 1)
    with pytest.raises(Exception, match="too large"):
        await bot.harness.app.cast.importer.look(bot.alice.id, huge)
