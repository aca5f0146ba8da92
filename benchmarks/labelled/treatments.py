"""What spoils a scene: blur, darkness, a shaking camera. Nobody in it is clearly visible then."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageFilter

from benchmarks.labelled.scenes import SIZE, Scene


@dataclass(frozen=True, slots=True)
class Blurred:
    """Out of focus: a box blur of ``radius`` pixels."""

    scene: Scene
    radius: float = 9.0

    def picture(self, instant: float) -> Image.Image:
        return self.scene.picture(instant).filter(ImageFilter.BoxBlur(self.radius))

    def subjects(self, instant: float) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Dark:
    """Darkened to ``light`` (0 to 1) of its brightness."""

    scene: Scene
    light: float = 0.06

    def picture(self, instant: float) -> Image.Image:
        return ImageEnhance.Brightness(self.scene.picture(instant)).enhance(self.light)

    def subjects(self, instant: float) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Shaking:
    """The camera shakes by up to ``pixels`` from frame to frame, which smears the picture."""

    scene: Scene
    pixels: int = 70

    def picture(self, instant: float) -> Image.Image:
        chance = random.Random(round(instant * 1000))
        x, y = (chance.randint(-self.pixels, self.pixels) for _ in range(2))
        wide = (SIZE[0] + 2 * self.pixels, SIZE[1] + 2 * self.pixels)
        grown = self.scene.picture(instant).resize(wide)
        moved = [
            grown.crop((left, top, left + SIZE[0], top + SIZE[1]))
            for left, top in (
                (self.pixels + round(x * share), self.pixels + round(y * share)) for share in (0.4, 0.7, 1.0)
            )
        ]
        return Image.blend(Image.blend(moved[0], moved[1], 0.5), moved[2], 1 / 3)

    def subjects(self, instant: float) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Handheld:
    """A slightly unsteady hand: up to three pixels. Everybody stays clearly visible."""

    scene: Scene

    def picture(self, instant: float) -> Image.Image:
        chance = random.Random(round(instant * 1000))
        x, y = chance.randint(0, 6), chance.randint(0, 6)
        wide = (SIZE[0] + 6, SIZE[1] + 6)
        return self.scene.picture(instant).resize(wide).crop((x, y, x + SIZE[0], y + SIZE[1]))

    def subjects(self, instant: float) -> int:
        return self.scene.subjects(instant)
