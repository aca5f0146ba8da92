"""Reads an untrusted zip of a cast: its document, and its files one by one, each checked against its expected type.

No file is ever written under a name from the archive. Archives that no legitimate program writes are refused
completely: those with overlapping or duplicate entries, links, or names that lead out of the folder.
"""

from __future__ import annotations

import hashlib
import json
import stat
import wave
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot import limits
from bot.media.child.errors import Refused
from bot.values.files import ending
from bot.values.video import CastLines, CheckedFile, MediaPart, Unusable, WantedFile

DOCUMENT: Final = "castbook.json"
LINES: Final = "cast.jsonl"
_PIECE: Final = 1024 * 1024  # bytes in memory at once
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # flags of an entry (APPNOTE.TXT, 4.4.4)
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UNIX: Final = 3
_LOCAL_HEADER: Final = 30  # bytes, without the name (APPNOTE.TXT, 4.3.7)
_MOST: Final = {
    MediaPart.PICTURE: limits.PICTURE_BYTES,
    MediaPart.CLIP: limits.IMPORT_CLIP_BYTES,
    MediaPart.VOICE: limits.IMPORT_VOICE_BYTES,
}
# The parts of the document that are read; the parent checks the content of each character.
_ABOUT_ALL: Final = ("format", "version", "part", "parts", "seal", "groups", "default_characters")


def cast_lines(source: Path, folder: Path) -> CastLines:
    """Write the cast in the archive's document, as JSON lines, into ``folder``. Raises :class:`Refused`."""
    with _opened(source) as archive:
        document = _document(archive)
    characters = document.get("characters")
    if not isinstance(characters, list):
        raise Refused(Unusable.UNREADABLE_CAST, "no list of characters")
    taken = characters[: limits.IMPORT_CHARACTERS]
    head = {name: document[name] for name in _ABOUT_ALL if name in document}
    lines = [_line(head, limits.IMPORT_HEAD_BYTES), *[_line(each, limits.IMPORT_ENTRY_BYTES) for each in taken]]
    if lines[0] == _NULL:
        raise Refused(Unusable.UNREADABLE_CAST, "too much about all")
    (folder / LINES).write_text("".join(lines), encoding="ascii")
    return CastLines(name=LINES, characters=len(characters), left_out=len(characters) - len(taken))


def checked_files(source: Path, wanted: Sequence[WantedFile], folder: Path) -> list[CheckedFile]:
    """Extract files from the archive into ``folder``, the first as ``0.…``. Raises :class:`Refused` for all of them."""
    found = []
    with _opened(source) as archive:
        for number, each in enumerate(wanted):
            draft = folder / f"unfinished-{number}"
            try:
                found.append(_checked(archive, each, draft, number))
            except Refused as refused:
                found.append(CheckedFile(refused=refused.why))
            finally:
                draft.unlink(missing_ok=True)
    return found


# -- The archive ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Archive:
    """An open zip; ``entries`` by name, without the folder that contains the document."""

    file: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]

    def copy(self, name: str, into: Path, most: int) -> str:
        """Write an entry of at most ``most`` bytes to ``into``; returns its SHA-256. Raises :class:`Refused`."""
        entry = self.entries.get(name)
        if entry is None:
            raise Refused(Unusable.MISSING)
        if entry.file_size > most:
            raise Refused(Unusable.TOO_LARGE)
        if entry.compress_type not in _METHODS:
            raise Refused(Unusable.UNSUPPORTED, f"method {entry.compress_type}")
        digest, size = hashlib.sha256(), 0
        with into.open("wb") as file, _reading(), self.file.open(entry) as content:
            while piece := content.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise Refused(Unusable.TOO_LARGE)
                digest.update(piece)
                with _writing():
                    file.write(piece)
        if size != entry.file_size:
            raise Refused(Unusable.DAMAGED, "shorter than it says")
        return digest.hexdigest()


class _OurDisk(Exception):
    """Writing to our own disk failed, which is not the archive's fault."""


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _OurDisk from error


@contextmanager
def _reading(why: Unusable = Unusable.DAMAGED) -> Iterator[None]:
    """``zipfile`` documents no list of what it raises for a damaged archive, so any error counts as its fault."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except _OurDisk as error:
        raise error.__cause__ or error from None
    except Exception as error:  # noqa: BLE001 - whatever the library raises, it is the file's fault
        raise Refused(why, type(error).__name__) from None


@contextmanager
def _opened(source: Path) -> Iterator[_Archive]:
    with _reading(Unusable.NOT_AN_ARCHIVE):
        file = zipfile.ZipFile(source)
    with file:
        entries = file.infolist()
        if len(entries) > limits.IMPORT_ENTRIES:
            raise Refused(Unusable.ARCHIVE_TOO_LARGE, f"{len(entries)} entries")
        _check(entries, file.start_dir)
        yield _Archive(file, _by_name(entries))


def _check(entries: Sequence[zipfile.ZipInfo], end: int) -> None:
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Refused(Unusable.LOCKED_ARCHIVE)
    if any(not _is_harmless(entry) for entry in entries):
        raise Refused(Unusable.STRANGE_ARCHIVE, "a link or a path")
    if any(number > 1 for number in Counter(entry.filename for entry in entries).values()):
        raise Refused(Unusable.STRANGE_ARCHIVE, "a name twice")
    after = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        if entry.header_offset < after:
            raise Refused(Unusable.STRANGE_ARCHIVE, "overlapping")
        after = entry.header_offset + _LOCAL_HEADER + entry.compress_size
    if after > end:
        raise Refused(Unusable.STRANGE_ARCHIVE, "overlapping")


def _is_harmless(entry: zipfile.ZipInfo) -> bool:
    mode = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == _UNIX else 0
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return False
    name = entry.orig_filename
    parts = name.replace("\\", "/").split("/")
    return not (name.startswith(("/", "\\")) or ".." in parts or "\0" in name or ":" in parts[0])


def _by_name(entries: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """By name, relative to the document's folder, in case somebody has packed the folder instead of its content."""
    files = {entry.filename.replace("\\", "/"): entry for entry in entries if not entry.is_dir()}
    if DOCUMENT in files:
        return files
    deeper = [name for name in files if name.count("/") == 1 and name.endswith(f"/{DOCUMENT}")]
    if len(deeper) != 1:
        raise Refused(Unusable.NO_CAST)
    folder = deeper[0].removesuffix(DOCUMENT)
    return {name.removeprefix(folder): entry for name, entry in files.items() if name.startswith(folder)}


# -- The document ---------------------------------------------------------------------------------------------------


def _document(archive: _Archive) -> dict[str, Any]:
    entry = archive.entries[DOCUMENT]
    if entry.file_size > limits.IMPORT_DOCUMENT_BYTES:
        raise Refused(Unusable.ARCHIVE_TOO_LARGE, "the document")
    if entry.compress_type not in _METHODS:
        raise Refused(Unusable.NOT_AN_ARCHIVE, f"method {entry.compress_type}")
    with _reading(Unusable.UNREADABLE_CAST), archive.file.open(entry) as content:
        document = json.loads(content.read(limits.IMPORT_DOCUMENT_BYTES + 1))
    if not isinstance(document, dict):
        raise Refused(Unusable.UNREADABLE_CAST, "no object")
    return document


_NULL: Final = "null\n"


def _line(document: object, most: int) -> str:
    """One line of JSON; ``null`` for an entry that is too long."""
    with suppress(RecursionError, ValueError):
        line = json.dumps(document, allow_nan=False)
        if len(line) <= most:
            return f"{line}\n"
    return _NULL


# -- The files ------------------------------------------------------------------------------------------------------


def _checked(archive: _Archive, wanted: WantedFile, draft: Path, number: int) -> CheckedFile:
    ours = archive.copy(wanted.path, draft, _MOST[wanted.part]) == wanted.sha256 and wanted.kept
    if wanted.part is MediaPart.PICTURE:
        return _picture(draft, number, ours=ours)
    if wanted.part is MediaPart.CLIP:
        return _clip(draft, number)
    return _voice(draft, number, ours=ours)


def _picture(draft: Path, number: int, *, ours: bool) -> CheckedFile:
    from bot.media.child.pictures import look_at, reencode

    picture = look_at(draft) if ours else reencode(draft, draft.parent)
    written = draft if ours else draft.parent / picture.name
    name = f"{number}.{ending(picture.mime)}"
    written.replace(draft.with_name(name))
    return CheckedFile(name=name, mime=picture.mime, width=picture.width, height=picture.height)


def _clip(draft: Path, number: int) -> CheckedFile:
    """Check a clip: a short, complete MP4 with H.264, of which a picture can be decoded."""
    from bot.media.child.probing import probe

    facts = probe(draft)
    if facts.container != "mp4" or facts.video_codec != "h264":
        raise Refused(Unusable.UNSUPPORTED, f"{facts.container}, {facts.video_codec}")
    if facts.cut_off or not 0 < facts.seconds <= limits.IMPORT_CLIP_SECONDS:
        raise Refused(Unusable.DAMAGED, f"{facts.seconds} s")
    name = f"{number}.mp4"
    draft.replace(draft.with_name(name))
    return CheckedFile(
        name=name, mime="video/mp4", width=facts.width, height=facts.height, seconds=round(facts.seconds, 3)
    )


def _voice(draft: Path, number: int, *, ours: bool) -> CheckedFile:
    """Check a voice: a 16-bit WAV, rewritten so that it contains only samples."""
    name = f"{number}.wav"
    into = draft.with_name(name)
    with _reading(Unusable.NO_VOICE), wave.open(str(draft), "rb") as heard:
        channels, rate, frames = heard.getnchannels(), heard.getframerate(), heard.getnframes()
        usual = heard.getsampwidth() == 2 and channels in (1, 2) and 8_000 <= rate <= 48_000
        if not usual or not 0 < frames <= limits.IMPORT_VOICE_SECONDS * rate:
            raise Refused(Unusable.NO_VOICE, f"{channels} channels, {rate} Hz, {frames} frames")
        samples = heard.readframes(frames)
    if len(samples) != frames * channels * 2:
        raise Refused(Unusable.NO_VOICE, "shorter than it says")
    if ours:
        draft.replace(into)
    else:
        with wave.open(str(into), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(samples)
    return CheckedFile(name=name, mime="audio/wav", seconds=round(frames / rate, 3))
