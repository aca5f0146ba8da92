"""Pictures with nobody in them, made at test time: titles, logos, credits, black; and bars around others."""

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.media.child.generated_clips import FPS, SIZE

_Colour = tuple[int, int, int]


def title(seconds: float, ground: _Colour = (12, 12, 30)) -> list[Image.Image]:
    """Words that fade in and out."""
    count = round(seconds * FPS)
    pictures = []
    for number in range(count):
        there = min(1.0, 4 * number / count, 4 - 4 * number / count)
        colour = tuple(round(below + (245 - below) * there) for below in ground)
        picture = Image.new("RGB", SIZE, ground)
        middle = (SIZE[0] / 2, SIZE[1] / 2)
        ImageDraw.Draw(picture).text(middle, "THE LONG WAY", colour, ImageFont.load_default(24), anchor="mm")
        pictures.append(picture)
    return pictures


def logo(seconds: float, ground: _Colour = (255, 255, 255)) -> list[Image.Image]:
    """A disc that turns."""
    disc = Image.new("RGBA", (100, 100))
    draw = ImageDraw.Draw(disc)
    draw.ellipse((4, 4, 96, 96), fill=(220, 40, 40, 255))
    draw.polygon([(35, 25), (75, 50), (35, 75)], fill=(255, 255, 255, 255))
    pictures = []
    for number in range(round(seconds * FPS)):
        picture = Image.new("RGB", SIZE, ground)
        turned = disc.rotate(9 * number, resample=Image.Resampling.BICUBIC)
        picture.paste(turned, ((SIZE[0] - 100) // 2, (SIZE[1] - 100) // 2), turned)
        pictures.append(picture)
    return pictures


def names(seconds: float) -> list[Image.Image]:
    """Names that move up, white on black."""
    pictures = []
    for number in range(round(seconds * FPS)):
        picture = Image.new("RGB", SIZE)
        draw = ImageDraw.Draw(picture)
        for line in range(30):
            at = (SIZE[0] / 2, SIZE[1] / 2 + 18 * line - 3 * number)
            draw.text(at, f"Person {line}", (230, 230, 230), ImageFont.load_default(11), anchor="mm")
        pictures.append(picture)
    return pictures


def black(seconds: float, size: tuple[int, int] = SIZE) -> list[Image.Image]:
    """Black with the noise of a camera."""
    chance = np.random.default_rng(2)
    shape = (size[1], size[0], 3)
    return [
        Image.fromarray(chance.normal(3, 2, shape).clip(0, 255).astype(np.uint8)) for _ in range(round(seconds * FPS))
    ]


def barred(pictures: Iterable[Image.Image], *, across: int = 0, down: int = 0) -> list[Image.Image]:
    """Between black bars: so many pixels at either side, and above and below."""
    found = []
    for picture in pictures:
        whole = Image.new("RGB", (picture.width + 2 * across, picture.height + 2 * down))
        whole.paste(picture, (across, down))
        found.append(whole)
    return found
