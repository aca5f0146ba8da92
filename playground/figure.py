"""The figure in our own clips: a drawn person at dusk who blinks, looks about and talks. Nobody real."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image

from playground.brush import Brush, Colour, Part, Point

# Everything is laid out on a stage of 960 x 540 units with the figure in the middle of it.
STAGE: Final = (960.0, 540.0)
_NARROWEST: Final = 600.0  # how much of the stage's width a narrow picture must still show
_DETAIL: Final = 1.3  # parts of the head are painted this much larger, so that turning them stays smooth
_HEAD: Final = (440.0, 470.0)  # the sheet the head is painted on
_VISIBLE: Final = (64.0, 8.0, 376.0, 396.0)  # the part of that sheet that is not empty
_ROOM: Final = 36.0  # how far the head moves beyond that when it sways and tilts
_NECK: Final = (220.0, 415.0)  # the point of it that the head turns about
_NECK_ON_STAGE: Final = (480.0, 418.0)
_BODY: Final = (640.0, 230.0)
_BODY_ON_STAGE: Final = (160.0, 352.0)
_EYE: Final = (84.0, 92.0)
_EYES: Final = ((166.0, 262.0), (274.0, 262.0))
_MOUTH: Final = (120.0, 96.0)
_MOUTH_AT: Final = (220.0, 336.0)

SKIN: Final[Colour] = (252, 212, 184)
SKIN_SHADE: Final[Colour] = (226, 150, 128)
HAIR: Final[Colour] = (112, 50, 46)
HAIR_SHADE: Final[Colour] = (72, 30, 38)
HAIR_LIGHT: Final[Colour] = (196, 104, 72)
LINE: Final[Colour] = (66, 30, 40)
BLUSH: Final[Colour] = (240, 112, 104)
IRIS: Final[Colour] = (46, 126, 120)
SWEATER: Final[Colour] = (244, 184, 72)
SCARF: Final[Colour] = (28, 134, 138)


@dataclass(frozen=True, slots=True)
class Pose:
    """How the figure holds itself: degrees, units of the stage, and 0 to 1 for eyes and mouth."""

    tilt: float  # of the head, degrees
    sway: Point  # of the head
    turn: Point  # how far the features have moved on the face: the head turns
    gaze: Point  # of the eyes
    eyes: float  # 1 open, 0 shut
    brows: float  # units they are raised
    mouth: float  # 1 wide open, 0 a closed smile
    width: float  # of the mouth, -1 rounded to +1 spread
    breath: float  # units the shoulders have risen


class Figure:
    """The figure for pictures of one size; its parts are painted once and then only moved."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._unit = min(size[1] / STAGE[1], size[0] / _NARROWEST)
        self._left = size[0] / 2 - STAGE[0] / 2 * self._unit
        self._top = size[1] - STAGE[1] * self._unit
        self._fine = self._unit * _DETAIL
        self._head = _head(self._fine).crop(_pixels(_VISIBLE, self._fine))
        self._body: dict[tuple[int, int], Image.Image] = {}

    def draw(self, onto: Image.Image, pose: Pose) -> None:
        """Paints the figure onto an RGB picture."""
        self._place_body(onto, pose)
        head = self._head.copy()
        turn_x, turn_y = pose.turn
        self._put(head, _face(self._fine), pose.turn)
        gaze = (2 * round(pose.gaze[0] / 2), 2 * round(pose.gaze[1] / 2))  # few enough to be painted only once
        for (x, y), mirrored in zip(_EYES, (False, True), strict=True):
            eye = _eye(self._fine, round(pose.eyes * 6), gaze, mirrored=mirrored)
            self._put(head, eye, (x - _EYE[0] / 2 + turn_x, y - _EYE[1] / 2 + turn_y))
        mouth = _mouth(self._fine, round(pose.mouth * 10), round(pose.width * 4))
        x, y = _MOUTH_AT
        self._put(head, mouth, (x - _MOUTH[0] / 2 + turn_x * 0.9, y - _MOUTH[1] / 2 + turn_y))
        self._put(head, _fringe(self._fine), (turn_x * 0.35, turn_y * 0.35))
        self._put(head, _brows(self._fine), (turn_x * 0.9, turn_y - pose.brows))
        self._place_head(onto, head, pose)

    def _put(self, head: Image.Image, part: Part, at: Point) -> None:
        x = round((at[0] - _VISIBLE[0]) * self._fine) + part.left
        y = round((at[1] - _VISIBLE[1]) * self._fine) + part.top
        head.alpha_composite(part.picture, (max(x, 0), max(y, 0)), (max(-x, 0), max(-y, 0)))

    def _place_body(self, onto: Image.Image, pose: Pose) -> None:
        """Pastes it at quarters of a pixel: slow motion would jerk otherwise."""
        x = math.floor((self._left + (_BODY_ON_STAGE[0] + pose.sway[0] * 0.25) * self._unit) * 4)
        y = math.floor((self._top + (_BODY_ON_STAGE[1] - pose.breath) * self._unit) * 4)
        quarters = (x % 4, y % 4)
        if quarters not in self._body:
            body = _body(self._unit)
            shift = (1, 0, -quarters[0] / 4, 0, 1, -quarters[1] / 4)
            self._body[quarters] = body.transform(body.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)
        onto.paste(self._body[quarters], (x // 4, y // 4), self._body[quarters])

    def _place_head(self, onto: Image.Image, head: Image.Image, pose: Pose) -> None:
        """Turns the head about the neck and pastes it, at fractions of a pixel."""
        left, top, right, bottom = _VISIBLE
        corner = (
            math.floor(self._left + (_NECK_ON_STAGE[0] - _NECK[0] + left - _ROOM) * self._unit),
            math.floor(self._top + (_NECK_ON_STAGE[1] - _NECK[1] + top - _ROOM) * self._unit),
        )
        size = (round((right - left + 2 * _ROOM) * self._unit), round((bottom - top + 1.6 * _ROOM) * self._unit))
        neck_x = self._left + (_NECK_ON_STAGE[0] + pose.sway[0]) * self._unit - corner[0]
        neck_y = self._top + (_NECK_ON_STAGE[1] + pose.sway[1] - pose.breath * 0.8) * self._unit - corner[1]
        from_x, from_y = (_NECK[0] - left) * self._fine, (_NECK[1] - top) * self._fine
        cos, sin = math.cos(math.radians(pose.tilt)) * _DETAIL, math.sin(math.radians(pose.tilt)) * _DETAIL
        back = (cos, sin, from_x - cos * neck_x - sin * neck_y, -sin, cos, from_y + sin * neck_x - cos * neck_y)
        turned = head.transform(size, Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
        onto.paste(turned, corner, turned)


def _pixels(box: tuple[float, float, float, float], scale: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(value * scale) for value in box)
    return left, top, right, bottom


# -- the parts ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _head(scale: float) -> Image.Image:
    """Hair at the back, ears and the bare face."""
    brush = Brush(*_HEAD, scale)
    bun = brush.oval((226, 62), (60, 52), HAIR)
    brush.oval((206, 46), (30, 18), HAIR_LIGHT, opacity=0.5, soft=9, inside=bun)
    brush.oval((232, 104), (62, 26), HAIR_SHADE, opacity=0.8, soft=10, inside=bun)
    brush.stroke([(190, 78), (214, 50), (252, 44)], 4, HAIR_SHADE, opacity=0.55, inside=bun)
    brush.stroke([(214, 92), (240, 70), (270, 66)], 4, HAIR_SHADE, opacity=0.55, inside=bun)
    back = brush.blob(
        [(220, 84), (300, 100), (356, 160), (370, 240), (366, 312), (338, 352), (300, 330), (220, 340),
         (140, 330), (102, 352), (74, 312), (70, 240), (84, 160), (140, 100)],
        HAIR,
    )  # fmt: skip
    brush.oval((220, 320), (150, 60), HAIR_SHADE, opacity=0.9, soft=14, inside=back)
    for x, inner in ((93.0, 97.0), (347.0, 343.0)):
        ear = brush.oval((x, 268), (23, 31), SKIN)
        brush.oval((inner, 271), (13, 19), SKIN_SHADE, opacity=0.55, soft=3, inside=ear)
        brush.oval((x, 305), (5.5, 5.5), (255, 214, 110))
    skin = brush.blob(
        [(220, 118), (292, 132), (340, 190), (347, 258), (330, 322), (284, 370), (220, 390),
         (156, 370), (110, 322), (93, 258), (100, 190), (148, 132)],
        SKIN,
    )  # fmt: skip
    brush.blob([(348, 150), (356, 270), (330, 340), (270, 398), (300, 340), (326, 270)], SKIN_SHADE,
               opacity=0.5, soft=14, inside=skin)  # fmt: skip
    brush.oval((220, 402), (120, 26), SKIN_SHADE, opacity=0.4, soft=12, inside=skin)
    brush.oval((165, 205), (70, 50), (255, 236, 214), opacity=0.55, soft=22, inside=skin)
    brush.blob([(84, 160), (220, 120), (356, 160), (346, 214), (280, 206), (220, 222), (160, 226), (96, 236)],
               SKIN_SHADE, opacity=0.55, soft=9, inside=skin)  # fmt: skip
    return brush.picture()


@lru_cache(maxsize=4)
def _face(scale: float) -> Part:
    """Nose, cheeks and freckles, which move together when the head turns."""
    brush = Brush(*_HEAD, scale)
    for x in (138.0, 302.0):
        brush.oval((x, 316), (34, 22), BLUSH, opacity=0.5, soft=10)
    for x, y in ((124, 303), (141, 298), (156, 306), (133, 314), (284, 306), (299, 298), (316, 303), (307, 314)):
        brush.oval((x, y), (2.4, 2.2), (198, 112, 88), opacity=0.6)
    brush.oval((222, 304), (17, 10), SKIN_SHADE, opacity=0.55, soft=4)
    brush.stroke([(208, 303), (214, 310), (222, 311), (230, 306)], 4.2, (190, 98, 88))
    brush.oval((215, 294), (6, 5), (255, 240, 224), opacity=0.8, soft=2)
    return brush.part()


@lru_cache(maxsize=4)
def _fringe(scale: float) -> Part:
    """The hair that falls over the forehead, and a lock on each side."""
    brush = Brush(*_HEAD, scale)
    hair = brush.blob(
        [(86, 262), (78, 200), (104, 136), (160, 98), (226, 88), (296, 104), (344, 152), (362, 214), (354, 268),
         (340, 226), (318, 188), (292, 164), (270, 192), (222, 210), (172, 214), (140, 218),
         (112, 224), (98, 240)],
        HAIR,
    )  # fmt: skip
    brush.stroke([(268, 110), (240, 160), (180, 196), (140, 208)], 5, HAIR_SHADE, opacity=0.5, inside=hair)
    brush.stroke([(282, 112), (300, 146), (330, 184), (346, 226)], 5, HAIR_SHADE, opacity=0.5, inside=hair)
    brush.stroke([(230, 104), (176, 140), (118, 186), (98, 226)], 5, HAIR_SHADE, opacity=0.4, inside=hair)
    brush.blob([(118, 160), (168, 118), (238, 106), (212, 124), (164, 146), (128, 182)], HAIR_LIGHT,
               opacity=0.6, soft=6, inside=hair)  # fmt: skip
    brush.blob([(300, 124), (334, 160), (344, 196), (322, 168)], HAIR_LIGHT, opacity=0.45, soft=5, inside=hair)
    return brush.part()


@lru_cache(maxsize=4)
def _brows(scale: float) -> Part:
    brush = Brush(*_HEAD, scale)
    brush.stroke([(136, 219), (156, 207), (188, 212)], 8.5, HAIR_SHADE)
    brush.stroke([(252, 212), (284, 207), (304, 219)], 8.5, HAIR_SHADE)
    return brush.part()


@lru_cache(maxsize=128)
def _eye(scale: float, level: int, gaze: tuple[int, int], *, mirrored: bool) -> Part:
    """One eye, `level` 0 (shut) to 6 (open). The outer corner is on the left unless mirrored."""
    brush = Brush(*_EYE, scale)
    out = 1.0 if mirrored else -1.0
    centre_x, rx = _EYE[0] / 2, 29.0
    if level <= 1:
        brush.stroke([(centre_x - rx, 50), (centre_x - 14, 60), (centre_x + 14, 60), (centre_x + rx, 50)], 6, LINE)
        return brush.part()
    share = level / 6
    middle, above, below = 46.0 + 8 * (1 - share), 35.0 * share, 31.0 * (0.45 + 0.55 * share)
    rim = [
        (centre_x + rx * math.cos(angle), middle - (above if math.sin(angle) > 0 else below) * math.sin(angle))
        for angle in (step * math.pi / 12 for step in range(24))
    ]
    white = brush.blob(rim, (255, 252, 248))
    x, y = centre_x + gaze[0] - out * 1.5, 47.0 + gaze[1]
    brush.oval((x, y), (21.5, 25), LINE, inside=white)
    iris = brush.oval((x, y), (19.5, 23), IRIS, inside=white)
    brush.oval((x, y + 13), (15, 10), (128, 222, 190), opacity=0.85, soft=4, inside=iris)
    brush.oval((x, y - 1), (10.5, 12.5), (26, 18, 34), inside=iris)
    brush.oval((centre_x, middle - above), (34, 12), (150, 120, 140), opacity=0.4, soft=4, inside=white)
    brush.oval((x - 7, y - 10), (6.6, 7.4), (255, 255, 255), inside=white)
    brush.oval((x + 8, y + 10), (3.2, 3.6), (255, 255, 255), opacity=0.9, inside=white)
    lash = [(px, py) for px, py in rim[1:12]]
    brush.stroke(lash, 7.5, LINE)
    corner = (centre_x + out * (rx - 2), middle - above * 0.35)
    brush.stroke([corner, (corner[0] + out * 6, corner[1] - 4), (corner[0] + out * 10, corner[1] - 10)], 5, LINE)
    brush.stroke(rim[15:22], 2.2, SKIN_SHADE)
    return brush.part()


@lru_cache(maxsize=128)
def _mouth(scale: float, opening: int, width: int) -> Part:
    """The mouth, `opening` 0 (a closed smile) to 10, `width` -4 (rounded) to 4 (spread)."""
    brush = Brush(*_MOUTH, scale)
    x, y, wide, share = _MOUTH[0] / 2, 40.0, width / 4, opening / 10
    half = 30.0 + 6 * wide - 7 * share * (1 - wide) / 2
    if opening <= 1:
        brush.stroke([(x - half, y - 3), (x - half / 2, y + 7), (x + half / 2, y + 7), (x + half, y - 3)], 5, LINE)
        brush.oval((x, y + 19), (15, 4), SKIN_SHADE, opacity=0.45, soft=2)
        return brush.part()
    drop = 8 + 32 * share
    corner, rise = half * 0.5, 3 * share
    rim: list[Point] = [
        (x - half, y - 2), (x - corner, y - 3 - rise), (x, y - 1 - 4 * share), (x + corner, y - 3 - rise),
        (x + half, y - 2), (x + half * 0.72, y + drop * 0.68), (x, y + drop), (x - half * 0.72, y + drop * 0.68),
    ]  # fmt: skip
    brush.blob([(px, py + (1.5 if py > y else -1.5)) for px, py in rim], (176, 66, 74))
    inner = brush.blob([(x + (px - x) * 0.93, y + (py - y) * 0.9) for px, py in rim], (92, 22, 40))
    brush.oval((x, y + drop * 0.95), (half * 0.66, drop * 0.42), (236, 108, 112), inside=inner)
    brush.oval((x, y - 6 - 2 * share), (half * 0.85, 9 + 4 * share), (255, 250, 244), inside=inner)
    brush.oval((x, y + drop + 9), (14, 3.5), SKIN_SHADE, opacity=0.45, soft=2)
    return brush.part()


@lru_cache(maxsize=4)
def _body(scale: float) -> Image.Image:
    """Neck, sweater and scarf."""
    brush = Brush(*_BODY, scale)
    neck = brush.blob([(282, 0), (320, 6), (358, 0), (360, 60), (320, 84), (280, 60)], SKIN)
    brush.oval((320, 14), (60, 34), SKIN_SHADE, opacity=0.85, soft=8, inside=neck)
    sweater = brush.blob(
        [(320, 66), (400, 74), (486, 98), (540, 150), (566, 250), (320, 300), (74, 250), (100, 150), (154, 98),
         (240, 74)],
        SWEATER,
    )  # fmt: skip
    brush.oval((320, 86), (130, 44), (186, 112, 40), opacity=0.6, soft=14, inside=sweater)
    brush.blob([(520, 110), (580, 250), (470, 250), (492, 170)], (204, 128, 44), opacity=0.55, soft=14, inside=sweater)
    brush.oval((170, 130), (60, 30), (255, 220, 130), opacity=0.6, soft=16, inside=sweater)
    for at in range(4):
        height = 150 + at * 26
        for left in range(-1, 8):
            mid = 110 + left * 60 + (at % 2) * 30
            brush.stroke([(mid - 20, height - 6), (mid, height + 6), (mid + 20, height - 6)], 4, (255, 226, 150),
                         opacity=0.5, inside=sweater)  # fmt: skip
    tail = brush.blob([(352, 84), (408, 92), (430, 180), (424, 236), (376, 240), (366, 170)], (24, 116, 122))
    brush.stroke([(372, 200), (400, 206), (428, 198)], 7, (250, 238, 214), inside=tail)
    scarf = brush.blob(
        [(240, 62), (320, 84), (400, 62), (418, 88), (396, 116), (320, 132), (244, 116), (222, 88)], SCARF
    )
    brush.stroke([(234, 84), (320, 108), (406, 84)], 5, (18, 98, 106), opacity=0.8, inside=scarf)
    brush.stroke([(250, 72), (320, 92), (390, 72)], 6, (90, 190, 184), opacity=0.6, soft=2, inside=scarf)
    for x in (262.0, 320.0, 378.0):
        bend = 10 * (1 - abs(x - 320) / 80)
        brush.stroke([(x - 4, 74 + bend), (x, 98 + bend), (x + 3, 118 + bend)], 6, (250, 238, 214), inside=scarf)
    return brush.picture()
