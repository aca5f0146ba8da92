"""The plan of an export: names that every system takes, and parts that Discord takes."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.character_export import safe_name
from bot.jobs.export import Export
from bot.store.personal_data import PersonalData
from bot.values.character import Character, CharacterFile, FileKind, clean_name
from bot.values.files import StoredFile
from bot.values.time_range import TimeRange

NOW = datetime(2026, 3, 14, 15, tzinfo=UTC)
MB = 1024 * 1024


def file(number: int, size: int, mime: str = "video/mp4") -> StoredFile:
    return StoredFile(key=f"7/{number:064x}", sha256=f"{number:064x}", size=size, mime=mime)


def character(number: int, name: str = "Ann", picture: StoredFile | None = None) -> Character:
    return Character(
        id=number,
        owner_id=7,
        name=name,
        display_name="Ann",
        username="ann",
        provider_id="ch",
        task_id="task",
        model="sora-2",
        range=TimeRange(Decimal(1), Decimal(3)),
        picture=picture,
        created_at=NOW,
        last_used_at=None,
    )


def files_of(files: tuple[StoredFile, ...]) -> tuple[CharacterFile, ...]:
    """A clip and stills, by their types."""
    return tuple(
        CharacterFile(FileKind.CLIP if file.mime.startswith("video/") else FileKind.STILL, file) for file in files
    )


def exported(*cast: tuple[Character, tuple[StoredFile, ...]], limit: int = 10 * MB) -> Export:
    data = PersonalData(
        characters=tuple(each for each, _ in cast),
        reference_sets={each.id: files_of(files) for each, files in cast},
        jobs=(),
        drafts=(),
        messages=(),
        unreadable=0,
        consent_at=None,
        used_today=0,
        blocked_since=None,
        blocked_in=(),
    )
    return Export(7, data, now=NOW, limit=limit, day_limit=0, locale="en", seal=lambda _: "")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Ada", "Ada"),
        ("../../etc/passwd", "etc_passwd"),
        ('C:\\con|"?*<>', "C_con"),
        ("Jean-Luc O'Neil", "Jean-Luc O_Neil"),
        ("アダ 2", "アダ 2"),
        ("हिन्दी", "हिन्दी"),
        ("👩🏽", "character"),
        ("...", "character"),
        ("@everyone", "everyone"),
    ],
)
def test_names_of_folders_stay_readable_and_are_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_no_name_leads_out_of_its_folder(typed: str) -> None:
    safe = safe_name(clean_name(typed))
    assert safe
    assert not set(safe) & set('/\\:*?"<>|.\0')
    assert safe == safe.strip()


def test_what_belongs_to_one_character_stays_together_as_far_as_it_fits() -> None:
    export = exported(
        (character(1), (file(1, 3 * MB), file(2, MB, "image/jpeg"))),
        (character(2), (file(3, 5 * MB), file(4, 3 * MB, "image/jpeg"))),
        (character(3, picture=file(5, 9 * MB, "image/png")), ()),
    )
    assert export.parts == 3
    parts = [[member.name for member in export.members(part)] for part in (1, 2, 3)]
    assert parts == [
        ["characters/01 Ann/clip.mp4", "characters/01 Ann/still 1.jpg", "characters/02 Ann/clip.mp4"],
        ["characters/02 Ann/still 1.jpg"],
        ["characters/03 Ann/picture.png"],
    ]
    said = json.loads(export.document(2))
    assert [each["part"] for each in said["characters"][1]["reference_set"]] == [1, 2]


def test_every_file_is_in_exactly_one_part_or_named_as_left_out() -> None:
    dice = random.Random(7)
    sizes = [dice.randrange(12 * MB) for _ in range(60)]
    export = exported(*[(character(n), (file(n, size),)) for n, size in enumerate(sizes)])
    placed = [member.key for part in range(1, export.parts + 1) for member in export.members(part)]
    left_out = json.loads(export.document(1))["left_out"]
    assert len(set(placed)) == len(placed)
    assert len(placed) + len(left_out) == len(sizes)
    assert len(left_out) == export.left_out == sum(size > 10 * MB - 100_000 for size in sizes)
    for part in range(1, export.parts + 1):
        assert sum(sizes[int(member.key.split("/")[1], 16)] for member in export.members(part)) < 10 * MB


def test_a_surrogate_without_its_half_is_still_json() -> None:
    assert json.loads(exported((character(1, name="a\ud83db"), ())).document(1))["characters"][0]["name"] == "a\ud83db"
