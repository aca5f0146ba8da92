"""The files that the simulated provider serves, and the characters that it makes of submitted clips."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playground.provider.clip_analysis import Unusable, portrait
from playground.provider.creation import Creation
from playground.provider.film import Player
from playground.provider.names import Namer
from playground.provider.tasks import Failure


class GeneratedMedia:
    """Files served below `base_url`. A character is a clip, a portrait cut out of it, and an invented name."""

    def __init__(self, base_url: str, names: Namer) -> None:
        self._base_url = base_url
        self._names = names
        self._folder = Path(tempfile.mkdtemp(prefix="simulated-provider-"))
        self._paths: dict[str, Path] = {}
        self._people: dict[str, Player] = {}

    def close(self) -> None:
        """Removes every file."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def keep(self, folder: str, name: str, data: bytes) -> str:
        """Keeps a file; returns its URL."""
        self.place(folder, name).write_bytes(data)
        return self.url(folder, name)

    def place(self, folder: str, name: str) -> Path:
        """Where a file of this name will be served from."""
        return self._paths.setdefault(f"/{folder}/{name}", self._folder / name)

    def url(self, folder: str, name: str) -> str:
        """The URL of a file."""
        return f"{self._base_url}/{folder}/{name}"

    def person(self, username: str) -> Player | None:
        """What is known of a character that was made here."""
        return self._people.get(username.lower())

    def find(self, url_path: str) -> Path | None:
        """The file behind the path of a URL; what was never kept is never found."""
        return self._paths.get(url_path)

    def fetch(self, url: str) -> Path | None:
        """The file behind a URL. It fetches only what it serves itself: anything else is None."""
        served = url.startswith(self._base_url + "/")
        return self.find(url.removeprefix(self._base_url)) if served else None

    async def make(self, creation: Creation, url: str, *, empty: bool) -> Mapping[str, Any] | Failure:
        """The result of a character task about the video at `url`; `empty`: nobody is found in it."""
        clip = self.fetch(url)
        if clip is None:
            return Failure("generation_failed", "cannot fetch the video from its url (simulated)")
        try:
            jpeg = await asyncio.to_thread(portrait, clip, creation.start, creation.end)
        except Unusable as why:
            return Failure("generation_failed", f"{why} (simulated)")
        if empty:
            return {"type": "character", "data": {"characters": []}}
        character = self._character(jpeg)
        picture = self.fetch(character["profile_picture_url"])
        self._people[character["username"]] = Player((picture,) if picture else (), clip)
        return {"type": "character", "data": {"characters": [character]}}

    def add_person(self, clip: bytes, picture: bytes) -> str:
        """A character that was made earlier: its username."""
        character = self._character(picture)
        pictured = self.fetch(character["profile_picture_url"])
        filmed = self.fetch(self.keep("files", f"{character['id']}.mp4", clip))
        if pictured is None or filmed is None:
            raise AssertionError("what is kept is found")
        self._people[character["username"]] = Player((pictured,), filmed)
        return character["username"]

    def _character(self, jpeg: bytes) -> dict[str, str]:
        name = self._names.display_name()
        return {
            "id": self._names.hex_id("ch"),
            "display_name": name,
            "profile_picture_url": self.keep("pictures", self._names.hex_id("picture") + ".jpg", jpeg),
            "username": self._names.username(name),
        }
