"""Makes the videos of accepted requests, and has the settings that decide how that goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from playground.provider.answers import ErrorResponse
from playground.provider.avatars import Avatars
from playground.provider.film import Player, render_film
from playground.provider.generated_media import GeneratedMedia
from playground.provider.generation import Generation, VideoSubmission
from playground.provider.names import Namer
from playground.provider.references import check_references
from playground.provider.rules import ASSET
from playground.provider.tasks import Failure, Task

_SOUND: Final = "AudioSensitiveContentDetected.PolicyViolation"
_FACE: Final = "InputImageSensitiveContentDetected.PrivacyInformation"
_MAY_BE_REAL: Final = "The request failed because the input image 'content[{}]' may contain real person."
_RULES: Final = "Generation failed: Content violates the content policy"


class Videos:
    """Every attribute without an underscore may be changed at any time.

    `real_faces`: models that refuse who might be real refuse every picture that is not an asset. `real_face_later`
    is the picture, from 1, for which a task fails that was taken. `refuses_sound`: the sound that a model makes is
    refused, `at_once` (400) or `later` (a failed task). `refuses_next` is how many tasks will fail for their
    content. `words` replaces the names of statuses (`{"completed": "SUCCESS"}`), `late` is how long after its end a
    task has no address yet, `kept` how long the result lives.
    """

    def __init__(self, names: Namer, clock: Callable[[], datetime], username_of: Callable[[str], str | None]) -> None:
        self.real_faces = False
        self.real_face_later: int | None = None
        self.refuses_sound: Literal["", "at_once", "later"] = ""
        self.refuses_next = 0
        self.words: Mapping[str, str] = {}
        self.late = timedelta()
        self.kept = timedelta(hours=24)
        self.avatars = Avatars(names, clock)
        self.submissions: list[VideoSubmission] = []
        self._names = names
        self._clock = clock
        self._username_of = username_of

    async def work(self, generation: Generation, media: GeneratedMedia) -> Mapping[str, Any] | Failure:
        """The result of a video task."""
        if self.refuses_next > 0:
            self.refuses_next -= 1
            return Failure("generation_failed", _RULES)
        if self.real_face_later is not None and generation.page.refuses_real_faces:
            return Failure(_FACE, _MAY_BE_REAL.format(self.real_face_later))
        if self.refuses_sound == "later" and generation.sound:
            return Failure(_SOUND, "The request failed because the output audio may contain sensitive information.")
        name = self._names.hex_id("video")
        path = media.place("videos", f"{name}.mp4")
        last = await asyncio.to_thread(
            render_film,
            path,
            self._players(generation, media),
            prompt=generation.prompt,
            model=generation.model,
            seconds=generation.seconds,
            ratio=generation.ratio,
            sound=generation.sound,
        )
        video = {"url": media.url("videos", f"{name}.mp4"), "format": "mp4"}
        if generation.body.get("return_last_frame"):
            video["last_frame_url"] = media.keep("videos", f"{name}.jpg", last)
        return {"type": "video", "data": [video]}

    async def check(self, generation: Generation, media: GeneratedMedia) -> None:
        """Raises `ErrorResponse` for what can be seen before anything is made (and paid)."""
        self._check_people(generation, media)
        paths = [self._find(reference.url, media) for reference in generation.references]
        pictures = [p for p, each in zip(paths, generation.references, strict=True) if each.kind == "image"]
        clips = [p for p, each in zip(paths, generation.references, strict=True) if each.kind == "video"]
        await asyncio.to_thread(check_references, generation.page, pictures, clips)
        urls = [each.url for each in generation.references if each.kind == "image"]
        open_faces = [number for number, url in enumerate(urls, start=1) if not url.startswith(ASSET)]
        if self.real_faces and generation.page.refuses_real_faces and open_faces:
            raise ErrorResponse(400, _MAY_BE_REAL.format(open_faces[0]), code=_FACE)
        if self.refuses_sound == "at_once" and generation.sound:
            raise ErrorResponse(400, "The output audio may contain sensitive information.", code=_SOUND)

    def answer(self, task: Task, *, with_business_id: bool) -> dict[str, Any]:
        """What the status call says of a video task, in the words that were chosen."""
        now = self._clock()
        body = task.answer(now, with_business_id=with_business_id)
        ended = task.settled_at
        if ended is not None and body["status"] == "completed":
            if now >= ended + self.kept:
                body |= {"status": "expired"}
                del body["result"]
            elif now < ended + self.late:
                del body["result"]
            else:
                body["expires_at"] = int((ended + self.kept).timestamp())
        return body | {"status": self.words.get(body["status"], body["status"])}

    def dead(self, task: Task | None) -> bool:
        """Whether the result of a task has expired."""
        return task is not None and task.settled_at is not None and self._clock() >= task.settled_at + self.kept

    def _check_people(self, generation: Generation, media: GeneratedMedia) -> None:
        for username in self._usernames(generation):
            if media.person(username) is None:
                raise ErrorResponse(400, f"The character @{username} was not found.", code="cameo_not_found")

    def _usernames(self, generation: Generation) -> tuple[str, ...]:
        """Of the characters that were made here. An unknown task is a character that nobody knows."""
        if generation.task_id is None:
            return generation.usernames
        return (*generation.usernames, self._username_of(generation.task_id) or generation.task_id)

    def _find(self, url: str, media: GeneratedMedia) -> Path:
        if url.startswith(ASSET):
            return self.avatars.find(url)
        path = media.fetch(url)
        if path is None:
            raise ErrorResponse(400, f"InvalidParameter: timeout while fetching resource {url!r}. (simulated)")
        return path

    def _players(self, generation: Generation, media: GeneratedMedia) -> list[Player]:
        people = [media.person(username) for username in self._usernames(generation)]
        players = [person for person in people if person is not None]
        for group in generation.groups:
            player = Player()
            for at in group:
                reference = generation.references[at]
                path = self._find(reference.url, media)
                if reference.kind == "image":
                    player = replace(player, pictures=(*player.pictures, path))
                elif player.clip is None:
                    player = replace(player, clip=path)
            players.append(player)
        return players
