"""The background of the figure in our own clips: hills at dusk, a low sun, and drifting lights."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image

from playground.brush import Brush

# From the top of the sky to the horizon.
_SKY: Final = ((0.0, (46, 52, 112)), (0.45, (128, 96, 168)), (0.72, (240, 146, 150)), (1.0, (255, 202, 150)))
_STAGE: Final = (960.0, 540.0)
# Where a light starts (0 to 1 of width and height), its radius in units, its speed in units a second.
_LIGHTS: Final = (
    (0.05, 0.30, 26, 5), (0.13, 0.62, 15, 8), (0.20, 0.16, 18, 6), (0.27, 0.46, 9, 11), (0.33, 0.80, 20, 7),
    (0.68, 0.18, 12, 9), (0.74, 0.55, 22, 6), (0.80, 0.34, 10, 10), (0.87, 0.70, 16, 7), (0.93, 0.22, 28, 5),
    (0.97, 0.48, 12, 9), (0.09, 0.86, 11, 8),
)  # fmt: skip


class Scenery:
    """The background for pictures of one size."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._unit = size[1] / _STAGE[1]
        self._still = _landscape(size)
        self._lights = {radius: _light(radius, self._unit) for _, _, radius, _ in _LIGHTS}

    def draw(self, instant: float) -> Image.Image:
        """A new RGB picture of the background at `instant` seconds."""
        picture = self._still.copy()
        for number, (x, y, radius, speed) in enumerate(_LIGHTS):
            light = self._lights[radius]
            rise = (y * _STAGE[1] - speed * instant) % (_STAGE[1] + 80) - 40
            drift = 8 * math.sin(instant * 0.7 + number)
            left = x * self._size[0] + (drift - radius * 2) * self._unit
            picture.paste(light, (round(left), round((rise - radius * 2) * self._unit)), light)
        return picture


def _landscape(size: tuple[int, int]) -> Image.Image:
    width, height = size
    down = np.linspace(0.0, 1.0, height)
    stops = [at for at, _ in _SKY]
    column = np.stack([np.interp(down, stops, [colour[i] for _, colour in _SKY]) for i in range(3)], axis=1)
    sky = np.repeat(column[:, np.newaxis, :], width, axis=1).round().astype(np.uint8)
    picture = Image.fromarray(sky)
    unit = height / _STAGE[1]
    wide = width / unit
    brush = Brush(wide, _STAGE[1], unit)
    brush.oval((wide / 2, 262), (300, 300), (255, 128, 150), opacity=0.45, soft=60)
    brush.oval((wide / 2, 262), (236, 236), (255, 214, 160), opacity=0.85, soft=3)
    brush.oval((wide / 2, 262), (200, 200), (255, 232, 190), opacity=0.7, soft=24)
    for base, swing, colour in ((380, 40, (150, 96, 150)), (430, 34, (98, 72, 138)), (482, 26, (62, 52, 112))):
        ridge = [
            (wide * step / 8, base - swing * math.sin(step * 1.9 + base) - swing * 0.4 * math.cos(step * 3.1))
            for step in range(-1, 10)
        ]
        brush.blob([*ridge, (wide * 1.2, 700), (-wide * 0.2, 700)], colour)
    picture.paste(brush.picture(), (0, 0), brush.picture())
    return picture


def _light(radius: float, unit: float) -> Image.Image:
    brush = Brush(radius * 4, radius * 4, unit)
    centre = (radius * 2, radius * 2)
    brush.oval(centre, (radius, radius), (255, 190, 120), opacity=0.36, soft=radius * 0.12)
    brush.oval(centre, (radius * 0.5, radius * 0.5), (255, 226, 170), opacity=0.4, soft=radius * 0.3)
    return brush.picture()
