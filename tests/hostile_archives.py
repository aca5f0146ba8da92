"""Zips of a cast, as they should be and as nobody should send them."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import wave
import zipfile
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from PIL import Image

DOCUMENT = "castbook.json"


def picture(colour: str = "teal") -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(into, "JPEG")
    return into.getvalue()


def voice(seconds: float = 3.0) -> bytes:
    into = io.BytesIO()
    with wave.open(into, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(seconds * 8000) * 2))
    return into.getvalue()


def said(name: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"file": name, "part": 1, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} | more


def good() -> dict[str, bytes]:
    """A cast of one, with a picture, two stills and a voice."""
    files = {
        "characters/01 Ann/picture.jpg": picture(),
        "characters/01 Ann/still 1.jpg": picture("plum"),
        "characters/01 Ann/still 2.jpg": picture("gold"),
        "characters/01 Ann/voice.wav": voice(),
    }
    kinds = {"still 1": "still", "still 2": "still", "voice": "voice"}
    reference = [
        said(name, data, **{"is": kinds[stem]})
        for name, data in files.items()
        if (stem := name.rpartition("/")[2].rpartition(".")[0]) in kinds
    ]
    ann = {
        "name": "Ann",
        "model": "sora-2",
        "task_id": "task_of_ann",
        "username": "@ann.key",
        "range": {"start": "1", "end": "3"},
        "picture": said("characters/01 Ann/picture.jpg", files["characters/01 Ann/picture.jpg"]),
        "reference_set": reference,
    }
    document = {"format": "castbook", "version": 1, "part": 1, "parts": 1, "characters": [ann], "seal": "0" * 64}
    return files | {DOCUMENT: json.dumps(document).encode()}


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return into.getvalue()


def with_document(change: Callable[[dict[str, Any]], None]) -> bytes:
    files = good()
    document = json.loads(files[DOCUMENT])
    change(document)
    return zipped(files | {DOCUMENT: json.dumps(document).encode()})


def with_ann(**changes: Any) -> bytes:
    return with_document(lambda document: document["characters"][0].update(changes))


def _entry(name: str, data: bytes, **attributes: Any) -> bytes:
    info = zipfile.ZipInfo(name)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    into = io.BytesIO(zipped(good()))
    with zipfile.ZipFile(into, "a") as archive:
        archive.writestr(info, data)
    return into.getvalue()


def _twice() -> bytes:
    """One name, two contents: which one is read depends on who reads."""
    raw = zipped(good() | {"characters/01 Ann/picture.jpX": picture("red")})
    return raw.replace(b"picture.jpX", b"picture.jpg")


def _overlapping() -> bytes:
    """Every entry's content is the same bytes (David Fifield's bomb, as far as a name allows)."""
    raw = bytearray(zipped(good()))
    first = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", first + 4)
    raw[second + 42 : second + 46] = raw[first + 42 : first + 46]
    return bytes(raw)


def _flagged(flag: int) -> bytes:
    raw = bytearray(zipped(good()))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.index(signature)
        raw[at + place : at + place + 2] = struct.pack("<H", flag)
    return bytes(raw)


def _lying(field: int, value: int) -> bytes:
    """A field of the first entry of the directory: 10 method, 20 packed size, 24 size, 42 place."""
    raw = bytearray(zipped(good()))
    at = raw.index(b"PK\x01\x02") + field
    size = 2 if field == 10 else 4
    raw[at : at + size] = value.to_bytes(size, "little")
    return bytes(raw)


def _packed_picture(data: bytes) -> bytes:
    files = good()
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, data if name.endswith("picture.jpg") else content)
    return into.getvalue()


def _deep(levels: int) -> bytes:
    files = good()
    text = files[DOCUMENT].decode().replace('"Ann"', "[" * levels + "]" * levels, 1)
    return zipped(files | {DOCUMENT: text.encode()})


# Refused as a whole, by what is wrong: what no honest program writes, or what is no cast.
REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: b"<html>not here</html>",
    "cut off": lambda: zipped(good())[:-40],
    "an empty zip": lambda: zipped({}),
    "no document": lambda: zipped({"a.txt": b"a"}),
    "a path that leads out": lambda: zipped(good() | {"../../etc/cron.d/x": b"x"}),
    "a path that leads out, for Windows": lambda: zipped(good() | {"..\\..\\x": b"x"}),
    "an absolute path": lambda: zipped(good() | {"/etc/passwd": b"x"}),
    "a drive": lambda: zipped(good() | {"C:/x": b"x"}),
    "a link": lambda: _entry("link", b"/etc/passwd", create_system=3, external_attr=0o120777 << 16),
    "a device": lambda: _entry("device", b"", create_system=3, external_attr=0o020666 << 16),
    "a name twice": _twice,
    "entries that overlap": _overlapping,
    "a password": lambda: _flagged(0x1),
    "strong encryption": lambda: _flagged(0x41),
    "a place beyond the end": lambda: _lying(42, 0x7FFFFFF0),
    "a packed size beyond the end": lambda: _lying(20, 0x7FFFFFF0),
    "more entries than anybody has": lambda: zipped(good() | {f"{n}": b"" for n in range(10_001)}),
    "a document that is no JSON": lambda: zipped(good() | {DOCUMENT: b"{"}),
    "a document that is no object": lambda: zipped(good() | {DOCUMENT: b"[]"}),
    "no list of characters": lambda: with_document(lambda document: document.update(characters={"a": 1})),
    "a document of 17 MB": lambda: zipped(good() | {DOCUMENT: b" " * 17 * 2**20}, zipfile.ZIP_DEFLATED),
    "a document nested a hundred thousand deep": lambda: _deep(100_000),
    "a number of a million digits": lambda: zipped(good() | {DOCUMENT: b'{"characters": ' + b"9" * 10**6 + b"}"}),
    "too much about all": lambda: with_document(lambda document: document.update(seal="0" * 300_000)),
}

# The archive is read, and the picture of its character is not taken.
WITHOUT_PICTURE: dict[str, Callable[[], bytes]] = {
    "no picture": lambda: zipped(good() | {"characters/01 Ann/picture.jpg": b"GIF89a not really"}),
    "a bomb": lambda: _packed_picture(b"\0" * 200 * 2**20),
    "a zip in its place": lambda: zipped(good() | {"characters/01 Ann/picture.jpg": zipped(good())}),
    "a picture of a billion pixels": lambda: zipped(good() | {"characters/01 Ann/picture.jpg": _vast()}),
    "a size that is not so": lambda: _lying(24, 5),
    "an odd method": lambda: _lying(10, 99),
    "content of another sum": lambda: zipped(good()).replace(picture()[-40:], b"\0" * 40, 1),
    "a file that is not there": lambda: with_ann(picture=said("../../../etc/passwd", b"")),
    "a voice in its place": lambda: zipped(good() | {"characters/01 Ann/picture.jpg": voice()}),
}


def _vast() -> bytes:
    """A PNG that says it is 65,535 pixels wide and high."""
    into = io.BytesIO()
    Image.new("L", (8, 8)).save(into, "PNG")
    return into.getvalue().replace(struct.pack(">II", 8, 8), struct.pack(">II", 65_535, 65_535), 1)


def mutations(number: int, seed: int = 15) -> Iterator[bytes]:
    """A good archive with a few bytes changed, cut out or doubled, mostly where the headers are."""
    dice, whole = Random(seed), zipped(good(), zipfile.ZIP_DEFLATED)
    headers = [at for at in range(len(whole) - 4) if whole[at : at + 2] == b"PK"]
    for _ in range(number):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            near = dice.choice(headers) + dice.randrange(60) if dice.random() < 0.8 else dice.randrange(len(raw))
            at = min(near, len(raw) - 1)
            match dice.randrange(4):
                case 0:
                    raw[at] = dice.randrange(256)
                case 1:
                    raw[at] ^= 1 << dice.randrange(8)
                case 2:
                    del raw[at : at + dice.randint(1, 40)]
                case _:
                    raw[at:at] = raw[at : at + dice.randint(1, 40)]
        yield bytes(raw)
