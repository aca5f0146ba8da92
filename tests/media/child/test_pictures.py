import io
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from bot import limits
from bot.limits import PICTURE_BYTES
from bot.media.child.opening import Refused
from bot.media.child.pictures import reencode
from bot.media.file_types import picture_type
from bot.values.video import Picture, Unusable

SECRET = b"whose camera this was"
FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "encoded"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def drawn() -> Image.Image:
    """Red on the left, blue on the right, with a green spot near the top."""
    picture = Image.new("RGB", (300, 200), (200, 30, 30))
    picture.paste((30, 30, 200), (150, 0, 300, 200))
    ImageDraw.Draw(picture).ellipse((60, 10, 100, 50), (20, 180, 20))
    return picture


@pytest.fixture
def see_through(drawn: Image.Image) -> Image.Image:
    alpha = Image.new("L", drawn.size, 255)
    alpha.paste(0, (0, 0, 150, 100))
    drawn.putalpha(alpha)
    return drawn


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, pixels: bytes, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def written(picture: Picture, folder: Path) -> Image.Image:
    """What is in the file, which is the only one there and is what the answer says."""
    assert [file.name for file in folder.iterdir()] == [picture.name]
    content = (folder / picture.name).read_bytes()
    assert len(content) < PICTURE_BYTES
    assert picture_type(content) == picture.mime
    image = Image.open(io.BytesIO(content))
    image.load()
    assert image.size == (picture.width, picture.height)
    return image


def is_near(pixel: object, colour: tuple[int, ...]) -> bool:
    return isinstance(pixel, tuple) and all(abs(got - want) < 12 for got, want in zip(pixel, colour, strict=True))


def refusal(source: Path, folder: Path) -> Unusable:
    with pytest.raises(Refused) as caught:
        reencode(source, folder)
    assert list(folder.iterdir()) == []
    assert str(source.parent) not in str(caught.value)
    return caught.value.why


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_becomes_a_jpeg_that_looks_alike(kind: str, drawn: Image.Image, source: Path, folder: Path) -> None:
    source.write_bytes(encoded(drawn, kind))
    picture = reencode(source, folder)
    assert picture == Picture(name="picture.jpg", mime="image/jpeg", width=300, height=200)
    image = written(picture, folder)
    assert is_near(image.getpixel((20, 150)), (200, 30, 30))
    assert is_near(image.getpixel((280, 150)), (30, 30, 200))
    assert is_near(image.getpixel((80, 30)), (20, 180, 20))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_shines_through_stays_so(kind: str, see_through: Image.Image, source: Path, folder: Path) -> None:
    source.write_bytes(encoded(see_through, kind))
    picture = reencode(source, folder)
    assert (picture.name, picture.mime) == ("picture.png", "image/png")
    image = written(picture, folder)
    assert image.mode == "RGBA"
    assert image.getchannel("A").getpixel((20, 20)) == 0
    assert is_near(image.getpixel((280, 150)), (30, 30, 200, 255))


def test_an_alpha_channel_that_hides_nothing_is_no_transparency(drawn: Image.Image, source: Path, folder: Path) -> None:
    source.write_bytes(encoded(drawn.convert("RGBA"), "PNG"))
    assert reencode(source, folder).mime == "image/jpeg"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_way_to_store_colours_is_understood(mode: str, source: Path, folder: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 256), (64, 1))
    grey = Image.fromarray(ramp.astype(np.uint8))
    stored = Image.fromarray((ramp * 257).astype(np.uint16)) if mode == "I;16" else grey.convert(mode)
    source.write_bytes(encoded(stored, "JPEG" if mode == "CMYK" else "PNG"))
    got = np.asarray(written(reencode(source, folder), folder).convert("L"), dtype=float)
    thirds = [got[:, start : start + 64].mean() for start in (0, 96, 192)]
    assert thirds == pytest.approx([31.5, 127.5, 223.5], abs=6)


@pytest.mark.parametrize(("width", "height", "size"), [(3072, 2048, (1536, 1024)), (1000, 4000, (384, 1536))])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_made_smaller(
    width: int, height: int, size: tuple[int, int], kind: str, source: Path, folder: Path
) -> None:
    source.write_bytes(encoded(Image.linear_gradient("L").resize((width, height)), kind))
    image = written(reencode(source, folder), folder)
    assert image.size == size
    column = [image.convert("L").getpixel((10, y)) for y in (5, size[1] // 2, size[1] - 5)]
    assert column == pytest.approx([1, 127, 254], abs=6)


def test_a_small_picture_is_not_enlarged(source: Path, folder: Path) -> None:
    source.write_bytes(encoded(Image.new("RGB", (3, 1)), "PNG"))
    assert written(reencode(source, folder), folder).size == (3, 1)


def test_noise_that_shines_through_is_made_smaller_until_the_file_is(source: Path, folder: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (1536, 1536, 4), dtype=np.uint8))
    source.write_bytes(encoded(noise, "PNG", compress_level=0))
    assert written(reencode(source, folder), folder).size == (1024, 1024)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright(kind: str, drawn: Image.Image, source: Path, folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the stored picture lies on its left side
    source.write_bytes(encoded(drawn, kind, exif=exif))
    image = written(reencode(source, folder), folder)
    assert image.size == (200, 300)
    assert is_near(image.getpixel((100, 20)), (200, 30, 30))
    assert is_near(image.getpixel((100, 280)), (30, 30, 200))
    assert is_near(image.getpixel((170, 80)), (20, 180, 20))


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_but_pixels_comes_through(
    kind: str, transparent: bool, see_through: Image.Image, source: Path, folder: Path
) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    options: dict[str, Any] = {"exif": exif, "icc_profile": SECRET, "comment": SECRET}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        options = {"exif": exif, "icc_profile": SECRET, "pnginfo": text}
    picture = see_through if transparent and kind != "JPEG" else see_through.convert("RGB")
    content = encoded(picture, kind, **options)
    assert SECRET in content
    source.write_bytes(content + SECRET + b"<script>alert(1)</script>PK\x03\x04")
    image = written(reencode(source, folder), folder)
    assert SECRET not in (folder / image_name(image)).read_bytes()
    assert b"<script>" not in (folder / image_name(image)).read_bytes()
    assert not image.getexif()
    assert not {"exif", "icc_profile", "comment", "Comment", "dpi"} & set(image.info)


def image_name(image: Image.Image) -> str:
    return "picture.png" if image.format == "PNG" else "picture.jpg"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_it_is_the_first(kind: str, drawn: Image.Image, source: Path, folder: Path) -> None:
    others = [Image.new("RGB", drawn.size, (0, 200 - number, number)) for number in range(20)]
    source.write_bytes(encoded(drawn, kind, save_all=True, append_images=others))
    assert is_near(written(reencode(source, folder), folder).getpixel((280, 150)), (30, 30, 200))


HUGE = zlib.compress(bytes(1000))


@pytest.mark.parametrize(
    "bomb",
    [
        png(60_000, 60_000, HUGE),
        png(12_000, 12_000, HUGE),
        png(5000, 5000, HUGE),
        png(1, 20_000_000, HUGE),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\0;",
        b"RIFF\x1e\0\0\0WEBPVP8L\x0a\0\0\0\x2f" + struct.pack("<I", 16_382 | 16_382 << 14) + bytes(5),
    ],
    ids=["3600 megapixels", "144", "25", "one column", "GIF", "WebP"],
)
def test_a_bomb_is_refused_by_its_header(bomb: bytes, source: Path, folder: Path) -> None:
    source.write_bytes(bomb)
    assert refusal(source, folder) is Unusable.PICTURE_TOO_LARGE


def test_the_largest_that_is_taken(source: Path, folder: Path) -> None:
    width, height = 6000, limits.PICTURE_PIXELS // 6000
    source.write_bytes(png(width, height, zlib.compress(bytes(height * (3 * width + 1)), 1)))
    assert written(reencode(source, folder), folder).size == (1536, 1024)


def test_text_that_unfolds_to_gigabytes_is_refused(source: Path, folder: Path) -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9))
    source.write_bytes(png(8, 8, zlib.compress(bytes(8 * 25)), text))
    assert refusal(source, folder) is Unusable.NOT_A_PICTURE


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_that_ends_too_early_is_refused(
    kind: str, share: float, drawn: Image.Image, source: Path, folder: Path
) -> None:
    noisy = Image.blend(drawn, Image.effect_noise(drawn.size, 90).convert("RGB"), 0.5)
    content = encoded(noisy, kind)
    source.write_bytes(content[: int(len(content) * share)])
    assert refusal(source, folder) is Unusable.NOT_A_PICTURE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='file:///etc/passwd'/></svg>",
        b"<!doctype html><title>a picture</title>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        b"%PDF-1.7\n",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"PK\x03\x04",
    ],
    ids=["nothing", "three bytes", "SVG", "HTML", "PostScript", "PDF", "MP4", "ZIP"],
)
def test_what_is_no_picture_is_refused(content: bytes, source: Path, folder: Path) -> None:
    source.write_bytes(content)
    assert refusal(source, folder) is Unusable.NOT_A_PICTURE


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "TGA", "JPEG2000", "AVIF"])
def test_other_formats_are_not_even_tried(kind: str, drawn: Image.Image, source: Path, folder: Path) -> None:
    source.write_bytes(encoded(drawn, kind))
    assert refusal(source, folder) is Unusable.NOT_A_PICTURE


def test_a_picture_inside_another_kind_of_file_is_not_looked_for(
    drawn: Image.Image, source: Path, folder: Path
) -> None:
    source.write_bytes(b"%PDF-1.7\n" + encoded(drawn, "JPEG"))
    assert refusal(source, folder) is Unusable.NOT_A_PICTURE


def test_damage_never_ends_in_anything_but_a_picture_or_a_refusal(
    drawn: Image.Image, source: Path, folder: Path
) -> None:
    chance = random.Random(7)
    exif = Image.Exif()
    exif[0x0112] = 6
    refused = 0
    for kind in FORMATS:
        whole = encoded(drawn, kind, **({} if kind == "GIF" else {"exif": exif}))
        for _ in range(40):
            content = bytearray(whole)
            for _ in range(chance.randint(1, 12)):
                content[chance.randrange(len(content))] = chance.randrange(256)
            source.write_bytes(content)
            try:
                picture = reencode(source, folder)
            except Refused:
                refused += 1
            else:
                written(picture, folder)
            for file in folder.iterdir():
                file.unlink()
    assert 20 < refused < 150


def test_a_failing_disk_is_not_the_pictures_fault_and_leaves_nothing(
    drawn: Image.Image, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: object) -> Path:
        raise OSError("no space left")

    source.write_bytes(encoded(drawn, "PNG"))
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        reencode(source, folder)
    assert os.listdir(folder) == []


@pytest.mark.parametrize("module", ["archive", "face_rows", "web_page", "pictures"])
def test_what_opens_no_video_loads_no_decoder(module: str) -> None:
    program = f"import sys; import bot.media.child.{module}; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
