"""The clips by name, each in its fixed half.

The score of the best seconds may be tuned on the half "tuning" only; "held_out" measures how good it is. The real
faces, the footage and the order of shots differ between the halves, so that learning one by heart does not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.labelled.real import Moving, RealClip
from benchmarks.labelled.rendering import Heard, Shot
from benchmarks.labelled.scenes import Company, Crossing, Landscape, Robot, SideBySide, Slides, Speaker
from benchmarks.labelled.treatments import Blurred, Dark, Handheld, Shaking

Half = Literal["tuning", "held_out"]
Kind = Literal["real", "drawn"]  # real: about footage, or photographs of a face in motion

NOTHING, NOISE, TUNE = Heard.NOTHING, Heard.NOISE, Heard.TUNE

AGENDA = Slides("Agenda", ("Who we are", "What we have made", "What comes next", "Questions", "Lunch at noon"))
CREDITS = Slides("Credits", ("Written by nobody", "Drawn by Pillow", "Sung by numpy"), (16, 18, 26), (240, 236, 220))
RECIPE = Slides("Pancakes", ("300 g of flour", "half a litre of milk", "3 eggs, a pinch of salt", "butter"))
NEWS = Slides("This week", ("Rain on Monday", "Sun on Tuesday", "Fog later on"), (24, 60, 110), (255, 240, 190))

COFFEE = Moving("coffee", 5, (220, 160, 420), (400, 220, 300))
ROCKET = Moving("rocket", 6, (320, 220, 620), (330, 250, 300))
GRASS = Moving("grass", 5, (200, 200, 380), (300, 300, 300))
MOTORCYCLE = Moving("motorcycle", 6, (180, 180, 330), (480, 300, 420))
BRICKS = Moving("bricks", 5, (180, 200, 340), (340, 300, 320))

ASTRONAUT = Moving("astronaut", 5, (222, 150, 300), (226, 165, 420))
ASTRONAUT_NEAR = Moving("astronaut", 4, (226, 130, 230), (222, 126, 280), mirrored=True)
ASTRONAUT_FAR = Moving("astronaut", 6, (256, 180, 512), (240, 170, 440))
TO_THE_ASTRONAUT = Moving("astronaut", 6, (420, 120, 180), (222, 130, 260))
AWAY_FROM_THE_ASTRONAUT = Moving("astronaut", 9, (222, 130, 260), (400, 430, 220))
HOPPER = Moving("hopper", 5, (262, 240, 460), (266, 230, 510))
HOPPER_FAR = Moving("hopper", 5, (256, 220, 512), (256, 260, 490), mirrored=True)
TO_HOPPER = Moving("hopper", 6, (120, 500, 230), (262, 230, 480))
AWAY_FROM_HOPPER = Moving("hopper", 9, (262, 230, 480), (400, 520, 220))
CAT = Moving("cat", 7, (225, 150, 451), (225, 155, 440))


@dataclass(frozen=True, slots=True)
class Composition:
    """A clip made of shots, or, with ``real_clip``, that file as it is in its package."""

    name: str
    half: Half
    kind: Kind
    shots: tuple[Shot, ...] = ()
    real_clip: str = ""
    track: bool = True


COMPOSITIONS: tuple[Composition, ...] = (
    # -- tuning ------------------------------------------------------------------------------------------------------
    Composition("bikes", "tuning", "real", real_clip="bikes"),
    Composition("bigbuckbunny", "tuning", "real", real_clip="bigbuckbunny"),
    Composition(
        "astronaut_found",
        "tuning",
        "real",
        (Shot(4, ROCKET), Shot(10, TO_THE_ASTRONAUT), Shot(4, GRASS), Shot(3, ASTRONAUT_FAR, NOTHING)),
    ),
    Composition(
        "astronaut_twins",
        "tuning",
        "real",
        (
            Shot(5, SideBySide(ASTRONAUT_FAR, ASTRONAUT_NEAR)),
            Shot(3, COFFEE, TUNE),
            Shot(7, ASTRONAUT_NEAR),
            Shot(4, SideBySide(ASTRONAUT_NEAR, ASTRONAUT)),
        ),
    ),
    Composition(
        "astronaut_spoiled",
        "tuning",
        "real",
        (
            Shot(5, Blurred(ASTRONAUT)),
            Shot(4, ASTRONAUT),
            Shot(4, Dark(ASTRONAUT_NEAR)),
            Shot(5, Handheld(ASTRONAUT_FAR)),
            Shot(4, GRASS, NOTHING),
        ),
    ),
    Composition(
        "street_and_astronaut",
        "tuning",
        "real",
        (
            Shot(2, RealClip("bikes", 5.48), NOISE),
            Shot(2, RealClip("bikes", 7.48), NOISE),
            Shot(3, ASTRONAUT_FAR),
            Shot(1, RealClip("bikes", 2.0), NOISE),
            Shot(2.25, RealClip("bikes", 3.08), NOISE),
            Shot(9, AWAY_FROM_THE_ASTRONAUT),
        ),
    ),
    Composition(
        "speaker_between_hills",
        "tuning",
        "drawn",
        (
            Shot(5, Landscape(), TUNE),
            Shot(4, Speaker()),
            Shot(4, AGENDA),
            Shot(5, Speaker(0.35, 260, 4)),
            Shot(3, COFFEE, NOISE),
        ),
    ),
    Composition(
        "company",
        "tuning",
        "drawn",
        (Shot(5, Company()), Shot(7, Speaker(0.6, 330, 2)), Shot(5, Company(3))),
    ),
    Composition(
        "speaker_spoiled",
        "tuning",
        "drawn",
        (
            Shot(3, Blurred(Speaker(), 7)),
            Shot(4, Speaker()),
            Shot(4, Shaking(Speaker(mood=5))),
            Shot(3, Dark(Speaker(), 0.08)),
            Shot(5, Handheld(Speaker(0.45, 300, 8))),
        ),
    ),
    Composition(
        "passer_by",
        "tuning",
        "drawn",
        (Shot(10, Crossing(10, Landscape(3))), Shot(4, ROCKET, TUNE), Shot(6, Crossing(6, Speaker(0.5, 300), 240))),
    ),
    Composition("robot", "tuning", "drawn", (Shot(5, AGENDA, NOTHING), Shot(7, Robot()), Shot(4, Landscape(9), NOISE))),
    Composition(
        "silent_speaker",
        "tuning",
        "drawn",
        (
            Shot(5, Landscape(2), TUNE),
            Shot(7, Speaker(0.5, 340, 3), NOTHING),
            Shot(5, GRASS, NOISE),
            Shot(3, CREDITS, TUNE),
        ),
    ),
    # -- held out ----------------------------------------------------------------------------------------------------
    Composition("carphone", "held_out", "real", real_clip="carphone"),
    Composition(
        "carphone_report",
        "held_out",
        "real",
        (Shot(5, MOTORCYCLE, TUNE), Shot(4, RealClip("carphone")), Shot(5, BRICKS, NOISE), Shot(2, NEWS)),
    ),
    Composition(
        "hopper_found",
        "held_out",
        "real",
        (Shot(4, BRICKS, NOTHING), Shot(12, TO_HOPPER), Shot(3, MOTORCYCLE, NOISE)),
    ),
    Composition(
        "hopper_and_guest",
        "held_out",
        "real",
        (
            Shot(4, SideBySide(HOPPER_FAR, ASTRONAUT)),
            Shot(7, HOPPER_FAR),
            Shot(4, SideBySide(RealClip("carphone"), HOPPER)),
            Shot(3, MOTORCYCLE, TUNE),
        ),
        track=False,
    ),
    Composition(
        "hopper_spoiled",
        "held_out",
        "real",
        (
            Shot(4, Dark(HOPPER, 0.05)),
            Shot(4, Handheld(HOPPER_FAR)),
            Shot(4, Shaking(HOPPER)),
            Shot(8, AWAY_FROM_HOPPER, NOTHING),
            Shot(4, Blurred(HOPPER_FAR, 12)),
        ),
    ),
    Composition("cat", "held_out", "real", (Shot(5, BRICKS, TUNE), Shot(7, CAT, NOISE), Shot(4, NEWS, NOTHING))),
    Composition(
        "speaker_between_slides",
        "held_out",
        "drawn",
        (
            Shot(4, RECIPE),
            Shot(4, Speaker(0.4, 320, 6)),
            Shot(3, NEWS),
            Shot(3, Landscape(12)),
            Shot(5, Speaker(0.55, 360, 11)),
            Shot(3, RECIPE, TUNE),
        ),
    ),
    Composition(
        "guest",
        "held_out",
        "drawn",
        (Shot(15, Crossing(6, Speaker(0.5, 310, 9), 260, later=6)), Shot(4, Company(6))),
    ),
    Composition(
        "speaker_in_trouble",
        "held_out",
        "drawn",
        (
            Shot(4, Shaking(Speaker(0.5, 360, 14))),
            Shot(7, Handheld(Speaker(0.5, 360, 17)), NOTHING),
            Shot(4, Blurred(Speaker(0.4, 300, 20), 8)),
            Shot(3, Dark(Speaker(0.6, 300, 22), 0.05)),
        ),
    ),
    Composition(
        "snow_robot",
        "held_out",
        "drawn",
        (
            Shot(4, Landscape(20), TUNE),
            Shot(7, Robot((225, 200, 190), round_head=True)),
            Shot(4, RECIPE, TUNE),
        ),
    ),
    Composition(
        "loud_without_anybody",
        "held_out",
        "drawn",
        (
            Shot(5, MOTORCYCLE, NOISE),
            Shot(5, Speaker(0.5, 350, 25), NOTHING),
            Shot(4, Landscape(5), TUNE),
            Shot(4, Speaker(0.7, 280, 28), NOTHING),
        ),
    ),
    Composition(
        "long_evening",
        "held_out",
        "drawn",
        (
            Shot(7, Landscape(30), TUNE),
            Shot(5, NEWS),
            Shot(5, Company(10)),
            Shot(6, Speaker(0.3, 300, 31)),
            Shot(6, Crossing(6, Landscape(40), 320)),
            Shot(5, Dark(Landscape(45), 0.2), NOTHING),
            Shot(4, MOTORCYCLE, NOISE),
        ),
    ),
)
