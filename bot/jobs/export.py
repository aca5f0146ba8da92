"""Plans a /privacy export: which files go into which part, and the document that describes them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from bot.jobs.cast_document import FORMAT, VERSION
from bot.jobs.character_export import (
    SLACK,
    Seal,
    character_entry,
    default_entry,
    file_entry,
    folder_of,
    group_entry,
    instant,
    named_files,
    room_of,
    sealed,
)
from bot.jobs.erasure import STAYS
from bot.store.drafts import Draft, UnsentImport, UnsentVideo
from bot.store.export_archive import Member
from bot.store.personal_data import PersonalData
from bot.texts import Text, render, text
from bot.values.files import StoredFile, ending
from bot.values.job import Job, VideoRequest
from bot.values.loan import Loan, PersonConsent
from bot.values.made_video import MadeVideo
from bot.values.sent_message import SentMessage
from bot.values.source import Attachment

_IDS = frozenset({"guild_id", "channel_id", "message_id"})  # too large for the number type of many programs
_JOB = TypeAdapter(Job)
_UNSENT = TypeAdapter(UnsentVideo)

_TOO_LARGE = text("This file is larger than Discord allows here.")
_MISSING = text("This file is missing from the file store.")
_ABOUT = text(
    "Everything that this Castbook keeps about you. The files named here are next to this one, in the "
    "part that each entry names. Times are in UTC, ranges in seconds, sizes in bytes."
)
_NOT_IN_HERE = (
    text("The tokens that let me answer your commands. They work like keys, and expire within 15 minutes."),
    text(
        "The signed addresses of your attachments in Discord. They work like keys too, and are erased as "
        "soon as the file is here."
    ),
    text(
        "The video of a job that is still running, or that you may send again. You have it, and it is "
        "deleted when the job is over."
    ),
)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A stored file and where it goes. ``part`` 0: nowhere, because it fits into no part."""

    name: str
    file: StoredFile
    at: datetime
    part: int = 0


class Export:
    """The plan of an export in as many parts as it needs, each a zip of ``limit`` bytes at most.

    Each part contains the whole document. Building it for many jobs takes a moment: do it in a thread.
    """

    def __init__(
        self, owner_id: int, data: PersonalData, *, now: datetime, limit: int, day_limit: int, locale: str, seal: Seal
    ) -> None:
        self._owner_id = owner_id
        self._data = data
        self._now = now
        self._day_limit = day_limit
        self._locale = locale
        self._seal = seal
        self._placed = {each.file.key: each for each in _named(data)}
        self.parts = 1
        self._place(limit - len(zlib.compress(self.document(1))) - SLACK)

    def _place(self, room: int) -> None:
        """Assign parts in order, so that the files of one character stay together if possible."""
        left = room
        for key, each in self._placed.items():
            cost = room_of(each.name, each.file)
            if cost > room:
                continue
            if cost > left:
                self.parts += 1
                left = room
            left -= cost
            self._placed[key] = _Placed(each.name, each.file, each.at, self.parts)

    @property
    def left_out(self) -> int:
        """How many files fit into no part."""
        return sum(not each.part for each in self._placed.values())

    def members(self, part: int) -> list[Member]:
        """The files of ``part``, counted from 1."""
        placed = self._placed.values()
        return [Member(each.name, each.file.key, each.at) for each in placed if each.part == part]

    def document(self, part: int, missing: frozenset[str] = frozenset()) -> bytes:
        """castbook.json for ``part``; ``missing`` are the keys of files that were not found for it."""
        data = self._data
        characters = [
            character_entry(each, data.reference_sets.get(each.id, ()), lambda file: self._file(file, missing))
            for each in data.characters
        ]
        document = {
            "about": self._say(_ABOUT),
            "format": FORMAT,
            "version": VERSION,
            "made_at": self._now.isoformat(),
            "discord_user_id": str(self._owner_id),
            "part": part,
            "parts": self.parts,
            "left_out": [self._file(each.file, missing) for each in self._placed.values() if not each.part],
            "characters": characters,
            "seal": sealed(self._owner_id, characters, self._seal),
            "groups": [group_entry(group, members) for group, members in data.groups],
            "default_characters": [default_entry(each) for each in data.defaults],
            "videos": [self._video(each, missing) for each in data.videos],
            "jobs": [self._job(job) for job in data.jobs],
            "forms_not_sent_yet": [_draft(draft) for draft in data.drafts],
            "messages_in_discord": [_message(each) for each in data.messages],
            "entries_that_this_version_cannot_read": data.unreadable,
            "lent": [_loan(each) for each in data.lent],
            "borrowed": [_loan(each) for each in data.borrowed],
            "you_asked_for_consent": [_consent(each, of_them=True) for each in data.asked],
            "you_were_asked_for_consent": [_consent(each, of_them=False) for each in data.answered],
            "consent_given_at": instant(data.consent_at),
            "today": {
                "jobs_used": data.used_today,
                "limit": self._day_limit or None,
                "videos_used": data.videos_today,
            },
            "closed_to_you": {
                "everywhere_since": instant(data.blocked_since),
                "in_servers": [str(guild_id) for guild_id in data.blocked_in],
            },
            "not_in_here": [self._say(each) for each in _NOT_IN_HERE],
            "what_stays_after_privacy_delete": [self._say(each) for each in STAYS],
        }
        # An unpaired surrogate cannot be encoded; it is replaced by its JSON escape.
        return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")

    def _say(self, message: Text) -> str:
        return render(message, self._locale)

    def _video(self, video: MadeVideo, missing: frozenset[str]) -> dict[str, Any]:
        return {
            "id": video.id,
            "job_id": video.job_id,
            "prompt": video.prompt,
            "model": video.model,
            "characters": [{"id": role.character_id, "name": role.name} for role in video.roles],
            "seconds": video.seconds,
            "made_at": instant(video.created_at),
            "video": self._file(video.file, missing),
            "poster": video.poster and self._file(video.poster, missing),
        }

    def _file(self, file: StoredFile, missing: frozenset[str]) -> dict[str, Any]:
        placed = self._placed[file.key]
        document = file_entry(placed.name, file, placed.part or None)
        if not placed.part:
            document["left_out"] = self._say(_TOO_LARGE)
        elif file.key in missing:
            document["left_out"] = self._say(_MISSING)
        return document

    def _job(self, job: Job) -> dict[str, Any]:
        """All fields of the row, except internal ones and those that work like keys."""
        document: dict[str, Any] = _with_ids_as_text(_JOB.dump_python(job, mode="json"))
        for name in ("owner_id", "lease_owner", "lease_until", "uploads"):
            del document[name]
        del document["origin"]["token"]
        source = None if isinstance(job.request, VideoRequest) else job.request.source
        if isinstance(source, Attachment):
            del document["request"]["source"]["url"]
        if document["file"] is not None:
            del document["file"]["key"]
        return document | {"failure": None if job.failure is None else self._say(job.failure)}


def _named(data: PersonalData) -> Iterator[_Placed]:
    """Each file once, in the folder of the first character or video that has it."""
    known: set[str] = set()
    for number, character in enumerate(data.characters, start=1):
        its = data.reference_sets.get(character.id, ())
        for name, file, at in named_files(folder_of(number, character), character, its):
            if file.key not in known:
                known.add(file.key)
                yield _Placed(name, file, at)
    for number, video in enumerate(data.videos, start=1):
        both = [("video", video.file), *([("poster", video.poster)] if video.poster is not None else [])]
        for name, file in both:
            if file.key not in known:
                known.add(file.key)
                yield _Placed(f"videos/{number:02}/{name}.{ending(file.mime)}", file, video.created_at)


def _with_ids_as_text(node: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(node, Mapping):
        return {
            name: str(value) if name in _IDS and value is not None else _with_ids_as_text(value)
            for name, value in node.items()
        }
    return [_with_ids_as_text(each) for each in node] if isinstance(node, list) else node


def _draft(draft: Draft) -> dict[str, Any]:
    made_at, content = instant(draft.created_at), draft.content
    if isinstance(content, UnsentVideo):
        asked: dict[str, Any] = _with_ids_as_text(_UNSENT.dump_python(content, mode="json"))
        return asked | {"made_at": made_at}
    if isinstance(content, UnsentImport):
        return {"import_of_characters": content.characters, "bytes": content.size, "made_at": made_at}
    return {"file_name": content.filename, "bytes": content.size, "made_at": made_at}


def _loan(loan: Loan) -> dict[str, Any]:
    return {
        "character_id": loan.character_id,
        "name": loan.name,
        "to_person": None if loan.to.person is None else str(loan.to.person),
        "to_server": None if loan.to.server is None else str(loan.to.server),
        "uses": loan.uses,
        "used": loan.used,
        "until": instant(loan.until),
        "lent_at": instant(loan.created_at),
    }


def _consent(consent: PersonConsent, *, of_them: bool) -> dict[str, Any]:
    whom = {"person": str(consent.person_id)} if of_them else {"asked_by": str(consent.owner_id)}
    return whom | {
        "character_id": consent.character_id,
        "name": consent.name,
        "asked_at": instant(consent.asked_at),
        "answer": consent.answer,
        "answered_at": instant(consent.answered_at),
    }


def _message(message: SentMessage) -> dict[str, Any]:
    return {
        "shows": message.shows,
        "channel_id": str(message.channel_id),
        "message_id": None if message.message_id is None else str(message.message_id),
        "character_id": message.character_id,
        "job_id": message.job_id,
        "sent_at": instant(message.sent_at),
    }
