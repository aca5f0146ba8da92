"""A cast that is larger than a page, and how casts leave and come: in one file, in parts, by a link, from elsewhere."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from bot.jobs.cast_document import NAME
from playground.installation import installed_in_servers
from tests.playground.walk.walking import Walk, several

ENSEMBLE = "Ensemble"
PEOPLE = [
    "Ada",
    "Bo",
    "Cleo",
    "Dion",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Inès",
    "Jörg",
    "Kemal",
    "Łucja",
    "Mina",
    "Noor",
]
"""More than a page shows."""

MB = 1024 * 1024


def _with_everybody(exported: bytes) -> bytes:
    """An export of one character as that of many, who are all in a group, as another Castbook would write it."""
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    document: dict[str, Any] = json.loads(members[NAME])
    [one] = document["characters"]
    document["characters"] = [
        one | {"id": number, "name": name, "note": f"Number {number} of the ensemble.", "tags": ["ensemble"]}
        for number, name in enumerate(PEOPLE, 1)
    ]
    document["groups"] = [{"name": ENSEMBLE, "characters": list(range(1, len(PEOPLE) + 1))}]
    document["seal"] = ""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in (members | {NAME: json.dumps(document).encode()}).items():
            archive.writestr(name, data)
    return made.getvalue()


async def _ensemble(walk: Walk) -> None:
    """Give max everybody, as he would get them: from somebody's zip."""
    me, stage = walk.visitor, walk.stage
    if await stage.app.stores.characters.by_name(stage.max.id, PEOPLE[0]) is not None:
        return
    await several(walk, "Quick")
    await me.type_own("character export", "Qu", "Quick")
    await me.send()
    await me.see("castbook.zip")
    taken = walk.clips / "ensemble.zip"
    taken.write_bytes(_with_everybody(await walk.sent("castbook.zip")))
    await me.view_as("max")
    await me.command("character import", {"file": taken})
    await me.see("Import these characters?", PEOPLE[0])
    await me.rest(1.0)
    await me.picture("33 what many would come in")
    await walk.phone.view_as("max")
    await walk.phone.rest(1.0)
    await walk.phone.picture("33 what many would come in on a phone")
    await me.press("Yes, I have permission")
    await me.see(f"{len(PEOPLE)} characters are in your cast now.")
    await me.picture("33 many imported")


async def large_cast(walk: Walk) -> None:
    """A cast of more than a page: pages there and back, a face of the second, a search, the orders, a group."""
    me, phone, stage = walk.visitor, walk.phone, walk.stage
    await _ensemble(walk)
    total = len(await stage.app.stores.characters.roles(stage.max.id))
    await me.view_as("max")
    await me.type("character list")
    await me.option("sort", "")
    await me.choose("by name")
    await me.send()
    await me.see(f"Showing 1–12 of {total}.", "Ada", "Kemal", "Łucja")
    await me.rest(2.0)
    await me.picture("33 the first page")
    await me.press("Next")
    await me.see(f"of {total}.", "Noor")
    await me.see_no_more("Ada")
    await me.rest(1.0)
    await me.picture("33 the second page")
    await phone.view_as("max")
    await phone.rest(1.0)
    await phone.picture("33 the second page on a phone")
    await phone.press("Previous")
    await phone.see_in_all("Showing 1–12 of")
    await phone.rest(1.0)
    await phone.picture("33 the first page on a phone")
    await me.see(f"Showing 1–12 of {total}.")
    await me.press("Next")
    await me.see("Noor")
    await me.press("Noor")
    await me.see("Number 14 of the ensemble.", "For video models")
    await me.rest(1.0)
    await me.picture("33 one of the second page")
    await me.command("character list", {"search": "lucja"})
    await me.see("Łucja", "Found in your cast: 1.")
    await me.picture("33 found without its accents")
    await me.type("video create", {"prompt": "@Mina whistles", "character": "mi"})
    await me.choose("Mina")
    await me.send()
    await me.see("Again", "Mina")
    for order, picture in (
        ("most used first", "33 most used first"),
        ("recently used or made first", "33 recent first"),
    ):
        await me.type("character list")
        await me.option("sort", "")
        await me.choose(order)
        await me.send()
        await me.see(f"Showing 1–12 of {total}.")
        assert (await me.buttons())[0] == "Mina", order
        await me.rest(1.0)
        await me.picture(picture)
    await me.type("character list")
    await me.option("group", ENSEMBLE[:3])
    await me.choose(ENSEMBLE)
    await me.send()
    await me.see(ENSEMBLE, f"Showing 1–12 of {len(PEOPLE)}.")
    await me.press("Next")
    await me.see(f"Showing 13–14 of {len(PEOPLE)}.")
    await me.rest(1.0)
    await me.picture("33 the second page of a group")
    await me.view_as("mia")


async def export_of_many(walk: Walk) -> None:
    """Everybody, a group; in parts where Discord takes no such file, or by a link that is good for an hour."""
    me, phone = walk.visitor, walk.phone
    await _ensemble(walk)
    await me.view_as("max")
    await me.command("character export")
    await me.see("characters with their files.", "castbook.zip")
    await me.picture("34 all of a cast")
    await me.type("character export")
    await me.option("group", ENSEMBLE[:3])
    await me.choose(ENSEMBLE)
    await me.send()
    await me.see(f"Here are {len(PEOPLE)} characters with their files.")
    await me.picture("34 a group")
    whole = await walk.sent("castbook.zip", to=walk.stage.max)
    with _messages_of(max(len(whole) // 2, MB // 4)):
        await me.command("character export")
        await me.see("download it from my own server", "for one hour", "Send it in parts", "Download")
        await me.picture("34 by a link")
        await phone.view_as("max")
        await phone.picture("34 by a link on a phone")
        await _download(await me.address("Download"))
        await me.press("Send it in parts")
        await me.see("This is part 1 of", "Part 2 of")
        await me.picture("34 the first part")
        await me.press("Part 2 of", begins=True)
        await me.see("This is part 2 of")
        await me.picture("34 the second part")
    await me.view_as("mia")


async def _download(address: str) -> None:
    """As the browser does; an address that somebody has changed leads nowhere."""
    async with aiohttp.ClientSession() as session:
        async with session.get(address) as answer:
            with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
                assert archive.testzip() is None
                assert len(json.loads(archive.read(NAME))["characters"]) >= len(PEOPLE)
        other = address[:-1] + ("0" if address[-1] != "0" else "1")
        async with session.get(other) as answer:
            assert answer.status == HTTPStatus.NOT_FOUND


@contextmanager
def _messages_of(most: int) -> Iterator[None]:
    """Meanwhile Discord takes so many bytes of files in a message."""
    with installed_in_servers(most_bytes=most):
        yield


async def from_elsewhere(walk: Walk) -> None:
    """What somebody got of another Castbook by /privacy export comes into a cast here; keys and tasks stay away."""
    me, phone = walk.visitor, walk.phone
    await several(walk, "Quick", "Slow")
    await me.command("privacy export")
    await me.see("Here's everything I keep about you.", "castbook.zip")
    await me.picture("35 the export of everything")
    taken = walk.clips / "everything.zip"
    taken.write_bytes(await walk.sent("castbook.zip"))
    await me.view_as("max")
    await me.command("character import", {"file": taken})
    await me.see("Import these characters?", "Quick", "Slow")
    await me.rest(1.0)
    await me.picture("35 what would come in of it")
    await phone.view_as("max")
    await phone.rest(1.0)
    await phone.picture("35 what would come in of it on a phone")
    await me.press("Yes, I have permission")
    await me.see("in your cast now.", "Imported")
    await me.picture("35 imported from everything")
    await me.type_own("character show", "Slo", "Slow")
    await me.send()
    await me.see("For video models", "Portable")
    await me.rest(1.0)
    await me.picture("35 one of them")
    own = await walk.stage.app.stores.characters.by_name(walk.stage.max.id, "Slow")
    assert own is not None
    assert (own.username, own.portable) == ("", True)
    wrong = walk.clips / "no cast.zip"
    wrong.write_bytes(_zip_of(taken, but=NAME))
    await me.command("character import", {"file": wrong})
    await me.see("castbook.json")
    await me.picture("35 a zip without a cast")
    await me.view_as("mia")


def _zip_of(path: Path, *, but: str) -> bytes:
    """The same zip without that member."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(made, "w") as after:
        for each in before.namelist():
            if each != but:
                after.writestr(each, before.read(each))
    return made.getvalue()
