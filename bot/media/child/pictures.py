"""Re-encodes untrusted pictures, so that the result was written by us and contains only pixels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import PIL.WebPImagePlugin  # noqa: F401 - registers itself; otherwise Pillow imports all its plugins to find it
from PIL import Image, ImageOps

from bot import limits
from bot.limits import PICTURE_BYTES
from bot.media.child.errors import Refused
from bot.values.video import Picture, Unusable

WRITTEN_SIDES: Final = (1536, 1024)  # pixels: the second if the first makes the file too large, as with noise
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITY: Final = 90


def reencode(source: Path, folder: Path) -> Picture:
    """Write ``picture.jpg``, or ``picture.png`` if it is transparent anywhere, into ``folder``; on failure nothing.

    JPEG, PNG, WebP or GIF (its first frame), upright, 1536 pixels at most on the longer side, without metadata, and
    smaller than :data:`~bot.limits.PICTURE_BYTES`. Raises :class:`~bot.media.child.opening.Refused`.
    """
    with _decoding():
        picture = _decoded(source, WRITTEN_SIDES[0])
    transparent = picture.mode == "RGBA"
    name, mime = ("picture.png", "image/png") if transparent else ("picture.jpg", "image/jpeg")
    draft = folder / f"unfinished-{name}"
    try:
        for side in WRITTEN_SIDES:
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
            picture.save(draft, **({"format": "PNG"} if transparent else {"format": "JPEG", "quality": _QUALITY}))
            if draft.stat().st_size < PICTURE_BYTES:
                break
        draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)
    return Picture(name=name, mime=mime, width=picture.width, height=picture.height)


def look_at(source: Path) -> Picture:
    """Check a picture of our own by decoding it completely; the file is not changed. Raises Refused."""
    with _decoding(), Image.open(source, formats=_FORMATS) as image:
        _check_size(image)
        mime, (width, height) = Image.MIME[image.format or ""], image.size
        image.load()
    return Picture(name=source.name, mime=mime, width=width, height=height)


def square(source: Path, side: int, middle: tuple[float, float]) -> Image.Image:
    """The picture, upright, cropped to a square of ``side`` pixels, as RGB. Raises Refused.

    ``middle``: the centre of the crop, as fractions of what is removed. A JPEG is decoded no larger than necessary. May
    be called in several threads, within :func:`warnings_are_errors`.
    """
    with _its_fault(), Image.open(source, formats=_FORMATS) as image:
        _check_size(image)
        image.draft(None, (side, side))
        picture = _in_colour(image)
        if min(picture.size) > 2 * side:  # first: small pictures are turned quickly
            picture = picture.reduce(min(picture.size) // (2 * side))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
        return ImageOps.fit(upright, (side, side), Image.Resampling.HAMMING, centering=middle)


@contextmanager
def warnings_are_errors() -> Iterator[None]:
    """Refuse what Pillow only warns about. Applies to all threads, so nobody else may enter it meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _decoding() -> Iterator[None]:
    with warnings_are_errors(), _its_fault():
        yield


@contextmanager
def _its_fault() -> Iterator[None]:
    """Pillow documents no list of what it raises for a damaged file, so any error counts as the file's fault."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refused(Unusable.PICTURE_TOO_LARGE, type(error).__name__) from None
    except Exception as error:  # noqa: BLE001 - whatever the library raises, it is the file's fault
        raise Refused(Unusable.NOT_A_PICTURE, type(error).__name__) from None


def _decoded(source: Path, side: int) -> Image.Image:
    """Upright and not too large, as RGB, or as RGBA if it is transparent anywhere."""
    with Image.open(source, formats=_FORMATS) as image:
        _check_size(image)
        picture = _in_colour(image)
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)  # first: small pictures are turned quickly
        picture = ImageOps.exif_transpose(picture)
        picture.info = {}  # otherwise a comment and a colour profile would be written again
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        return picture.convert("RGB")
    return picture


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > limits.PICTURE_PIXELS or max(image.size) > limits.PICTURE_LONGEST_SIDE:
        raise Refused(Unusable.PICTURE_TOO_LARGE, f"{image.width}x{image.height}")


def _in_colour(image: Image.Image) -> Image.Image:
    """As RGB or RGBA. A JPEG in one of these is left alone, because it can then be decoded at a small size."""
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        image = image.convert("I").point(lambda grey: grey / 256).convert("L")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == wanted else image.convert(wanted)
