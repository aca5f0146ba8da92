"""Characters that leave with their files and come back: to the same Castbook, to another, and to somebody else."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.errors import CastbookError, QuotaReached, Refusal
from bot.jobs.cast_document import CastDocument
from bot.jobs.cast_import import Offer
from bot.jobs.export import Export
from bot.media.operations import MediaFailed
from bot.store import character_rows, portable_casts
from bot.store.character_rows import described_columns
from bot.store.portable_casts import Selection
from bot.store.signatures import Signed
from bot.store.tables import characters, keys
from bot.texts import text
from bot.values.character import Character, CharacterFile, FileKind
from bot.values.job import CastRole, CharacterRequest, Outcome, VideoRequest
from bot.values.loan import Answer
from bot.values.source import Link
from tests.hostile_archives import DOCUMENT, REFUSED, good, with_document, zipped
from tests.jobs.harness import OWNER, RANGE, STRANGER, JobHarness, maintenance_of, sweep_after_a_kill

MB = 1024 * 1024
Sets = dict[str, tuple[tuple[FileKind, str, int | None, float | None], ...]]


@pytest.fixture
def asking(harness: JobHarness) -> JobHarness:
    """As it is without a word in the settings: people are asked whether they may use the faces."""
    harness.app.cast.importer._ask = True
    return harness


async def with_cast(harness: JobHarness) -> list[Character]:
    """Ann, made by a model, and Ben, whom no model has made."""
    await harness.ask(name="Ann", anyway=True)
    await harness.run()
    harness.simulated.close_character_models()
    await harness.availability.refresh()
    wanted = CharacterRequest(source=harness.link("silent.mp4"), range=RANGE, name="Ben", anyway=True)
    await harness.job_starter.start(owner_id=OWNER, origin=harness.origin(), request=wanted)
    await harness.run()
    cast = await harness.cast()
    assert sorted(each.name for each in cast) == ["Ann", "Ben"]
    return cast


async def exported(harness: JobHarness, selection: Selection = Selection(), *, owner: int = OWNER) -> bytes:  # noqa: B008 - frozen
    export = await harness.app.cast.exporter.plan(owner, selection, limit=None, locale="en")
    assert export is not None
    assert export.parts == 1
    async with harness.app.cast.exporter.part(export, 1) as file:
        return await asyncio.to_thread(file.read)


async def offered(harness: JobHarness, data: bytes, *, owner: int = OWNER) -> Offer:
    harness.host.files["cast.zip"] = data
    return await harness.app.cast.importer.look(owner, Link(url=harness.host.url("cast.zip")))


async def imported(harness: JobHarness, data: bytes, *, owner: int = OWNER) -> list[Character]:
    offer = await offered(harness, data, owner=owner)
    await harness.app.cast.importer.bring_in(owner, offer.id)
    return await harness.cast(owner)


async def delete_all(harness: JobHarness) -> None:
    for each in await harness.cast():
        gone = await harness.characters.delete(OWNER, each.id)
        assert gone is not None
        for key in gone.orphans:
            await harness.files.delete(key)
    assert kept(harness) == {}


def kept(harness: JobHarness) -> dict[str, str]:
    """Every file that is kept of anybody, by its path, with what it hashes to."""
    root = Path(harness.settings.store.files)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] != "work"
    }


def works(harness: JobHarness) -> list[str]:
    """The work folders that are there."""
    work = Path(harness.settings.store.files) / "work"
    return sorted(each.name for each in work.iterdir()) if work.is_dir() else []


async def sets(harness: JobHarness, owner: int = OWNER) -> dict[str, tuple[CharacterFile, ...]]:
    return {each.name: await harness.characters.reference_set(owner, each.id) for each in await harness.cast(owner)}


async def another_castbook(harness: JobHarness) -> None:
    """The same files and people, with another key: what was sealed before is none of ours."""
    async with harness.database.write() as connection:
        await connection.execute(delete(keys).where(keys.c.name == "exports"))
    await harness.restart()


async def used(
    harness: JobHarness, owner: int, cast: list[Character], its: dict[str, tuple[CharacterFile, ...]]
) -> int:
    """Bytes of all their files, each file once."""
    files = [each.picture for each in cast] + [each.file for one in its.values() for each in one]
    return sum({file.key: file.size for file in files if file is not None}.values())


async def test_a_cast_that_was_deleted_comes_back_as_it_was_and_plays_in_a_video(harness: JobHarness) -> None:
    cast = {each.name: each for each in await with_cast(harness)}
    async with harness.database.write() as connection:
        words = described_columns(cast["Ben"].display_name, "Rides a unicycle.\nShy.", ("circus", "wheels"))
        await connection.execute(update(characters).where(characters.c.id == cast["Ben"].id).values(**words))
        await character_rows.note_uses(connection, OWNER, [cast["Ben"].id], harness.clock())
    stores = harness.app.stores
    group = await stores.groups.create(OWNER, "Circus", now=harness.clock())
    await stores.groups.add(OWNER, group.id, cast["Ben"].id)
    await stores.defaults.choose(OWNER, 77, cast["Ann"].id)
    before, files, hashes = await harness.cast(), await sets(harness), kept(harness)
    data = await exported(harness)
    alone = json.loads(unzipped(await exported(harness, Selection(group_id=group.id)))[DOCUMENT])
    assert ([each["name"] for each in alone["characters"]], alone["default_characters"]) == (["Ben"], [])
    await delete_all(harness)
    await stores.groups.delete(OWNER, group.id)
    offer = await offered(harness, data)
    assert (offer.plan.own, offer.plan.asks_consent, offer.names) == (True, False, ("Ann", "Ben"))
    assert offer.plan.size == await used(harness, OWNER, before, files)
    assert [face is not None for face in offer.faces] == [True, True]
    assert await harness.cast() == []
    assert await harness.app.cast.importer.bring_in(OWNER, offer.id) == ["Ann", "Ben"]
    after = await harness.cast()
    assert [replace(each, id=0) for each in after] == [replace(each, id=0) for each in before]
    assert await sets(harness) == files
    assert kept(harness) == hashes
    assert works(harness) == []
    [circus] = await stores.groups.all(OWNER)
    assert (circus.name, circus.size) == ("Circus", 1)
    default = await stores.defaults.get(OWNER, 77)
    assert default is not None
    assert default.name == "Ann"

    ann = next(each for each in after if each.name == "Ann")
    role = CastRole(character_id=ann.id, name=ann.name)
    wish = VideoRequest(prompt="@Ann waves", cast=(role,), duration=5, model="wan2.6")
    job = await harness.job_starter.start_video(owner_id=OWNER, origin=harness.origin(), request=wish)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    [film] = harness.courier.films
    assert film is not None


async def test_another_castbook_takes_all_but_what_works_like_a_key(harness: JobHarness) -> None:
    """And the pictures are written anew: whoever wrote that archive may have put anything into them."""
    await with_cast(harness)
    data, files = await exported(harness), await sets(harness)
    await delete_all(harness)
    await another_castbook(harness)
    harness.app.cast.importer._ask = True
    offer = await offered(harness, data)
    assert (offer.plan.own, offer.plan.asks_consent) == (False, True)
    ann = offer.plan.characters[0]
    assert (ann.without_model, ann.model, ann.username, ann.task_id) == (True, "", "", "")
    await harness.app.cast.importer.bring_in(OWNER, offer.id)
    for each in await harness.cast():
        assert each.portable
        assert each.task_id.startswith("cast_")
    now = await sets(harness)
    for name, its in files.items():
        assert [(each.kind, each.width, each.height) for each in now[name]] == [
            (each.kind, each.width, each.height) for each in its
        ]
        same = {each.kind: each.file.sha256 for each in now[name]}
        assert same[FileKind.CLIP] == next(each.file.sha256 for each in its if each.kind is FileKind.CLIP)
        assert same[FileKind.STILL] not in {each.file.sha256 for each in its}


async def test_somebody_else_gets_no_key_either_and_their_yes_is_one_to_this_zip_alone(
    asking: JobHarness,
) -> None:
    harness = asking
    await with_cast(harness)
    [ann, _] = await imported(harness, await exported(harness), owner=STRANGER)
    assert {each.portable for each in await harness.cast(STRANGER)} == {True}
    assert ann.owner_id == STRANGER
    assert not await harness.consents.given(STRANGER)
    assert all(key.split("/")[0] in {str(OWNER), str(STRANGER)} for key in kept(harness))


async def test_a_no_of_the_person_in_it_holds_for_what_comes_back(harness: JobHarness) -> None:
    ann, ben = sorted(await with_cast(harness), key=lambda each: each.name)
    data, consents = await exported(harness), harness.app.stores.person_consents
    asked = [await consents.ask(OWNER, each.id, 900 + each.id, now=harness.clock()) for each in (ann, ben)]
    answers = {each.character_id: each for each in asked if each is not None}
    await consents.answer(900 + ann.id, answers[ann.id].id, Answer.NO, now=harness.clock())
    await consents.answer(900 + ben.id, answers[ben.id].id, Answer.YES, now=harness.clock())
    with pytest.raises(Refusal, match="The person shown said no when you asked"):  # it is not deleted yet
        await consents.ask(OWNER, ann.id, 900 + ann.id, now=harness.clock())
    await delete_all(harness)
    offer = await offered(harness, data)
    assert [(each.name, str(each.why)) for each in offer.plan.left_out] == [
        ("Ann", "The person shown said no when you asked.")
    ]
    assert await harness.app.cast.importer.bring_in(OWNER, offer.id) == ["Ben"]
    [back] = await harness.cast()
    later, gone = await harness.app.cast.lending.answered(900 + ben.id, answers[ben.id].id, Answer.NO)
    assert (later.character_id, gone is not None) == (back.id, True)
    assert await harness.cast() == []


async def test_a_no_also_takes_the_copies_away_and_none_of_them_comes_back(harness: JobHarness) -> None:
    """Of what was deleted and brought in again, and of what was brought in beside what is there."""
    [_, ben] = sorted(await with_cast(harness), key=lambda each: each.name)
    asked = await harness.app.stores.person_consents.ask(OWNER, ben.id, 900, now=harness.clock())
    assert asked is not None
    first = await exported(harness)
    await delete_all(harness)
    assert await harness.app.cast.importer.bring_in(OWNER, (await offered(harness, first)).id) == ["Ann", "Ben"]
    assert await harness.app.cast.importer.bring_in(OWNER, (await offered(harness, first)).id) == ["Ann 2", "Ben 2"]
    both = await exported(harness)
    await harness.app.cast.lending.answered(900, asked.id, Answer.NO)
    assert {each.name for each in await harness.cast()} == {"Ann", "Ann 2"}
    for archive in (first, both):
        offer = await offered(harness, archive)
        assert {each.name for each in offer.plan.characters} <= {"Ann", "Ann 2"}
        assert {each.name for each in offer.plan.left_out} >= {"Ben"}
    told = await harness.app.stores.person_consents.untold(OWNER)
    assert set(told.refused.values()) == {"Ben", "Ben 2"}


async def test_a_document_that_was_changed_is_no_longer_ours(harness: JobHarness) -> None:
    """Otherwise a key of somebody else's could be slipped into an archive of one's own."""
    await with_cast(harness)
    files = unzipped(await exported(harness))
    document = json.loads(files[DOCUMENT])
    document["characters"][0]["task_id"] = "task_of_somebody_else"
    offer = await offered(harness, zipped(files | {DOCUMENT: json.dumps(document).encode()}))
    assert not offer.plan.own
    assert {each.model for each in offer.plan.characters} == {""}


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_a_privacy_export_can_be_imported(harness: JobHarness) -> None:
    await with_cast(harness)
    before, files = await harness.cast(), await sets(harness)
    kept = await harness.app.stores.privacy.data(OWNER, now=harness.clock())

    def seal(words: bytes) -> str:
        return harness.app.stores.signatures.sign(Signed.CAST, words)

    export = Export(OWNER, kept, now=harness.clock(), limit=99 * MB, day_limit=0, locale="en", seal=seal)
    made = await harness.app.archive_writer.archive(
        export.members(1), DOCUMENT, lambda missing: export.document(1, missing)
    )
    with made:
        data = made.read()
    CastDocument.model_validate_json(unzipped(data)[DOCUMENT])
    await delete_all(harness)
    after = await imported(harness, data)
    assert [replace(each, id=0) for each in after] == [replace(each, id=0) for each in before]
    assert await sets(harness) == files


async def test_names_that_are_taken_get_a_number_and_a_portable_id_stays_one_characters(harness: JobHarness) -> None:
    await with_cast(harness)
    data = await exported(harness)
    offer = await offered(harness, data)
    assert offer.names == ("Ann 2", "Ben 2")
    cast = await harness.cast()
    await imported(harness, data)
    after = await harness.cast()
    assert sorted(each.name for each in after) == ["Ann", "Ann 2", "Ben", "Ben 2"]
    ids = [each.task_id for each in after if each.portable]
    assert len(set(ids)) == len(ids) == 2
    assert {each.id for each in cast} < {each.id for each in after}
    assert sorted(key for key in kept(harness)) == sorted(await harness.disk.keys())


async def test_one_character_alone_is_exported_with_its_own_files(harness: JobHarness) -> None:
    ben = next(each for each in await with_cast(harness) if each.name == "Ben")
    files = unzipped(await exported(harness, Selection(ben.id)))
    [said] = json.loads(files[DOCUMENT])["characters"]
    assert said["name"] == "Ben"
    assert {name.split("/")[1] for name in files if name != DOCUMENT} == {"01 Ben"}
    assert await harness.app.cast.exporter.plan(STRANGER, Selection(ben.id), limit=None, locale="en") is None


# -- Archives of nobody's -------------------------------------------------------------------------------------------


async def test_a_character_without_anything_to_show_stays_out_and_is_told_of(harness: JobHarness) -> None:
    files = good()

    def change(document: dict[str, Any]) -> None:
        ann = document["characters"][0]
        voice = [each for each in ann["reference_set"] if each["is"] == "voice"]
        elsewhere = [each | {"part": 2} for each in ann["reference_set"]]
        document["characters"] += [
            ann | {"name": "Voice", "reference_set": voice, "picture": None},
            ann | {"name": "Elsewhere", "reference_set": elsewhere, "picture": None},
            ann | {"name": "\u202e\u0000"},
            ann | {"name": "Long", "range": {"start": "1", "end": "9999"}},
            {"name": ["no name"]},
        ]

    offer = await offered(harness, with_document(change))
    assert [each.name for each in offer.plan.characters] == ["Ann", "Character"]
    told = [(each.name, str(each.why)) for each in offer.plan.left_out]
    assert [name for name, _ in told] == ["Voice", "Elsewhere", "Long", ""]
    assert "None of this character's files" in told[0][1]
    assert "part 2" in told[1][1]
    assert "castbook.json" in told[2][1]
    assert await harness.cast() == []
    assert zipped(files)


async def test_what_a_newer_castbook_wrote_is_said_to_be_that(harness: JobHarness) -> None:
    with pytest.raises(Refusal, match="newer Castbook"):
        await offered(harness, with_document(lambda document: document.update(version=2)))
    assert works(harness) == []


@pytest.mark.parametrize("what", ["a link", "entries that overlap", "a document nested a hundred thousand deep"])
async def test_a_hostile_archive_is_a_sentence_and_leaves_nothing(harness: JobHarness, what: str) -> None:
    """Through the real child, as a member would send it; all that there are: tests/media/child/test_archive.py."""
    with pytest.raises(CastbookError):
        await offered(harness, REFUSED[what]())
    assert works(harness) == []
    assert kept(harness) == {}


async def test_a_file_that_takes_its_child_with_it_costs_nobody_else_theirs(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = harness.media.cast_files

    async def dying(archive: Path, wanted: Any, folder: Path) -> Any:
        if any(each.path.endswith("still 1.jpg") for each in wanted):
            raise MediaFailed(text("It died."))
        return await look(archive, wanted, folder)

    monkeypatch.setattr(harness.media, "cast_files", dying)
    offer = await offered(harness, zipped(good()))
    [ann] = offer.plan.characters
    assert (ann.lost, [each.kind for each in ann.reference_set]) == (1, [FileKind.STILL, FileKind.VOICE])


# -- Room, time, and half-way ---------------------------------------------------------------------------------------


async def test_what_finds_no_room_stays_out(harness: JobHarness) -> None:
    await with_cast(harness)
    data = await exported(harness)
    used = await harness.disk.of(OWNER, now=harness.clock())
    importer = harness.app.cast.importer
    importer._allowed = used + used // 2
    offer = await offered(harness, data)
    assert len(offer.plan.characters) == 1
    assert "no room" in str(offer.plan.left_out[0].why)
    importer._allowed = used - 1
    with pytest.raises(QuotaReached):
        await importer.bring_in(OWNER, offer.id)
    with pytest.raises(QuotaReached):
        await offered(harness, data)
    assert len(await harness.cast()) == 2


async def test_an_import_waits_through_a_restart_and_is_brought_in_once(harness: JobHarness) -> None:
    await with_cast(harness)
    data = await exported(harness)
    await delete_all(harness)
    offer = await offered(harness, data)
    await harness.restart()
    assert works(harness) == [offer.id]
    with pytest.raises(Refusal, match="is over"):
        await harness.app.cast.importer.bring_in(STRANGER, offer.id)
    both = await asyncio.gather(
        harness.app.cast.importer.bring_in(OWNER, offer.id),
        harness.app.cast.importer.bring_in(OWNER, offer.id),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in both) == ["Refusal", "list"]
    assert len(await harness.cast()) == 2
    assert works(harness) == []


async def test_an_import_that_nobody_answers_is_forgotten_with_its_files(harness: JobHarness) -> None:
    first = await offered(harness, zipped(good()))
    second = await offered(harness, zipped(good()))
    assert works(harness) == [second.id], "the newer one takes the place of the older"
    with pytest.raises(Refusal):
        await harness.app.cast.importer.bring_in(OWNER, first.id)
    await maintenance_of(harness).tidy()
    assert works(harness) == [second.id]
    harness.clock.advance(timedelta(hours=25).total_seconds())
    await maintenance_of(harness).tidy()
    assert works(harness) == []


async def test_privacy_delete_takes_an_import_with_it(harness: JobHarness) -> None:
    await offered(harness, zipped(good()))
    await harness.app.erasure.erase(OWNER)
    assert works(harness) == []


@pytest.mark.parametrize("at", ["files", "rows"])
async def test_an_import_that_fails_half_way_leaves_nothing_and_can_be_tried_again(
    harness: JobHarness, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await offered(harness, zipped(good()))
    done = 0
    real: Callable[..., Awaitable[Any]]

    async def breaks(*given: Any, **more: Any) -> Any:
        nonlocal done
        done += 1
        if done == 3:
            raise OSError(28, "No space left on device")
        return await real(*given, **more)

    async def half(owner_id: int, files: Any) -> Any:
        await real(owner_id, files[:2])
        return await breaks(owner_id, files)

    if at == "files":
        done, real = 2, harness.files.put_links
        monkeypatch.setattr(harness.files, "put_links", half)
    else:
        real = character_rows.keep_file
        monkeypatch.setattr(portable_casts, "keep_file", breaks)
    with pytest.raises(OSError, match="No space"):
        await harness.app.cast.importer.bring_in(OWNER, offer.id)
    assert await harness.cast() == []
    assert kept(harness) == {}
    assert await harness.disk.keys() == set()
    assert await harness.app.cast.importer.bring_in(OWNER, offer.id) == ["Ann"]
    assert set(kept(harness)) == await harness.disk.keys()


async def test_a_kill_between_files_and_rows_is_swept_at_the_next_start(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await offered(harness, zipped(good()))

    class Killed(BaseException):
        pass

    async def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    monkeypatch.setattr(harness.app.stores.portable_casts.__class__, "bring_in", killed)
    monkeypatch.setattr(harness.app.stores.portable_casts.__class__, "unkept", killed)
    with pytest.raises(Killed):
        await harness.app.cast.importer.bring_in(OWNER, offer.id)
    assert kept(harness) != {}
    monkeypatch.undo()
    await harness.restart()
    if harness.files.shared:
        await sweep_after_a_kill(harness, harness.app.maintenance)
    assert kept(harness) == {}
    assert await harness.app.cast.importer.bring_in(OWNER, offer.id) == ["Ann"]


async def test_one_person_has_one_zip_looked_at_at_a_time(harness: JobHarness) -> None:
    both = await asyncio.gather(*[offered(harness, zipped(good())) for _ in range(2)], return_exceptions=True)
    refused = [each for each in both if isinstance(each, Refusal)]
    assert len(refused) == 1
    assert "still checking" in str(refused[0])


async def test_the_first_yes_to_what_is_ones_own_is_asked_once(asking: JobHarness) -> None:
    await with_cast(asking)
    data = await exported(asking)
    offer = await offered(asking, data)
    assert (offer.plan.own, offer.plan.asks_consent) == (True, True)
    await asking.app.cast.importer.bring_in(OWNER, offer.id)
    assert await asking.consents.given(OWNER)
    assert not (await offered(asking, data)).plan.asks_consent
    assert (await offered(asking, zipped(good()))).plan.asks_consent
