"""The scenes of our clips, each with the number of subjects that are clearly visible in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

from playground.figure import Figure, Pose
from playground.scenery import Scenery
from playground.voice import Voice, speak

SIZE = (640, 360)  # pixels of every clip
LONGEST = 40.0  # seconds of a clip, and by how much a figure may be ahead


class Scene(Protocol):
    """A scene. ``instant`` is in seconds since it began."""

    def picture(self, instant: float) -> Image.Image:
        """A new RGB picture of :data:`SIZE`."""
        ...

    def subjects(self, instant: float) -> int:
        """How many are clearly visible; one that is only half in the picture makes the number larger than one."""
        ...


@dataclass(frozen=True, slots=True)
class Landscape:
    """The hills at dusk, with nobody in them; ``later`` (seconds) moves the lights elsewhere."""

    later: float = 0.0

    def picture(self, instant: float) -> Image.Image:
        return _scenery().draw(instant + self.later)

    def subjects(self, instant: float) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Speaker:
    """The drawn figure, talking. ``at`` is its centre (0 to 1 of the width), ``height`` that of its stage in pixels."""

    at: float = 0.5
    height: int = 360
    mood: float = 0.0  # seconds by which its movements and words are shifted

    def picture(self, instant: float) -> Image.Image:
        picture = _scenery().draw(instant + self.mood)
        _draw_figure(picture, self.at, self.height, instant + self.mood)
        return picture

    def subjects(self, instant: float) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Company:
    """Two drawn figures side by side, both talking."""

    mood: float = 0.0

    def picture(self, instant: float) -> Image.Image:
        picture = _scenery().draw(instant + self.mood)
        _draw_figure(picture, 0.27, 270, instant + self.mood)
        _draw_figure(picture, 0.75, 250, instant + self.mood + 2.3)
        return picture

    def subjects(self, instant: float) -> int:
        return 2


@dataclass(frozen=True, slots=True)
class Crossing:
    """A drawn figure that walks through the picture from left to right in ``seconds``, in front of ``behind``.

    It starts after ``later`` seconds.
    """

    seconds: float
    behind: Scene
    height: int = 300
    later: float = 0.0

    def picture(self, instant: float) -> Image.Image:
        picture = self.behind.picture(instant)
        _draw_figure(picture, self._at(instant), self.height, instant)
        return picture

    def subjects(self, instant: float) -> int:
        there = self.behind.subjects(instant)
        head = 0.21 * self.height * 600 / 540 / SIZE[0] * 1.5  # half of its width, with room to sway
        body = 0.6 * self.height / SIZE[0]
        at = self._at(instant)
        if there:
            return there + (-body < at < 1 + body)
        return int(head < at < 1 - head)

    def _at(self, instant: float) -> float:
        return -0.35 + 1.7 * max(instant - self.later, 0.0) / self.seconds


@dataclass(frozen=True, slots=True)
class Robot:
    """A cartoon that no face detector is trained on: a robot that nods and blinks."""

    colour: tuple[int, int, int] = (90, 170, 200)
    round_head: bool = False

    def picture(self, instant: float) -> Image.Image:
        picture = _scenery().draw(instant + 7)
        draw = ImageDraw.Draw(picture)
        x, y = 320 + 16 * math.sin(instant * 1.7), 150 + 7 * math.sin(instant * 2.9)
        shade: tuple[int, int, int] = tuple(part * 2 // 3 for part in self.colour)  # type: ignore[assignment]  # as many parts as there are
        draw.rounded_rectangle((x - 120, y + 96, x + 120, 400), 40, shade, (30, 30, 40), 4)
        draw.line((x, y - 84, x, y - 122), (30, 30, 40), 5)
        draw.ellipse((x - 11, y - 138, x + 11, y - 116), (250, 90, 80), (30, 30, 40), 3)
        head = (x - 100, y - 86, x + 100, y + 88)
        draw.rounded_rectangle(head, 86 if self.round_head else 24, self.colour, (30, 30, 40), 4)
        open_ = 1.0 if instant % 2.4 > 0.2 else 0.1
        for side in (-44, 44):
            draw.ellipse((x + side - 28, y - 16 - 28 * open_, x + side + 28, y - 16 + 28 * open_), (250, 250, 240))
            draw.ellipse((x + side - 11, y - 16 - 11 * open_, x + side + 11, y - 16 + 11 * open_), (20, 20, 30))
        mouth = 5 + 15 * voice().mouth(instant)[0]
        draw.rounded_rectangle((x - 50, y + 48 - mouth / 2, x + 50, y + 48 + mouth / 2), 4, (60, 20, 40))
        return picture

    def subjects(self, instant: float) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Slides:
    """Only text: lines that appear one by one."""

    title: str
    lines: tuple[str, ...]
    paper: tuple[int, int, int] = (245, 243, 236)
    ink: tuple[int, int, int] = (30, 34, 46)

    def picture(self, instant: float) -> Image.Image:
        picture = Image.new("RGB", SIZE, self.paper)
        draw = ImageDraw.Draw(picture)
        draw.text((44, 32), self.title, self.ink, ImageFont.load_default(40))
        draw.line((44, 92, 596, 92), self.ink, 3)
        for number, line in enumerate(self.lines[: 1 + int(instant / 0.8)]):
            draw.text((60, 112 + 46 * number), f"- {line}", self.ink, ImageFont.load_default(27))
        return picture

    def subjects(self, instant: float) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The centres of two scenes, each in its half of the picture."""

    left: Scene
    right: Scene

    def picture(self, instant: float) -> Image.Image:
        picture = Image.new("RGB", SIZE)
        half = SIZE[0] // 2
        for at, scene in ((0, self.left), (half, self.right)):
            picture.paste(scene.picture(instant).crop((half // 2, 0, half // 2 + half, SIZE[1])), (at, 0))
        return picture

    def subjects(self, instant: float) -> int:
        return self.left.subjects(instant) + self.right.subjects(instant)


def _draw_figure(picture: Image.Image, at: float, height: int, instant: float) -> None:
    """The figure on a stage of its own that stands at the bottom; what is outside the picture is cut off."""
    width = round(height * 640 / 540) // 2 * 2
    left, top = round(at * SIZE[0] - width / 2), SIZE[1] - height
    stage = picture.crop((left, top, left + width, top + height))
    _figure((width, height)).draw(stage, _pose(instant))
    picture.paste(stage, (left, top))


def _pose(instant: float) -> Pose:
    """The pose while it slowly talks, nods and looks about; it blinks every 2.6 s."""
    opening, width = voice().mouth(instant)
    look = 6 * math.sin(instant * 0.9)
    return Pose(
        tilt=3.5 * math.sin(instant * 1.35),
        sway=(7 * math.sin(instant * 1.35), 1.5 * math.sin(instant * 1.8) - 4 * opening),
        turn=(0.8 * look, -1.5 * opening),
        gaze=(0.7 * look, 0.0),
        eyes=1.0 if instant % 2.6 > 0.17 else 0.2,
        brows=3 + 6 * opening,
        mouth=opening,
        width=width,
        breath=2.2 * math.sin(instant * 2.1),
    )


@lru_cache(maxsize=1)
def _scenery() -> Scenery:
    return Scenery(SIZE)


@lru_cache(maxsize=8)
def _figure(size: tuple[int, int]) -> Figure:
    return Figure(size)


@lru_cache(maxsize=1)
def voice() -> Voice:
    """What every speaker says, and the matching movements of the mouth."""
    return speak(2 * LONGEST)
