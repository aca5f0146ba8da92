"""A card is a value: it can be sent as often as wanted, and its pictures have names that fit what they are."""

import io
from typing import cast

import discord
import pytest
from aiohttp.payload import BytesIOPayload

from bot.chat.card import AttachedFile, Field
from bot.chat.markdown import escape
from bot.chat.message import picture_file
from bot.chat.render_character import render_result
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import Job
from tests.chat.samples import PICTURE, a_character


async def test_card_can_be_sent_twice(job: Job) -> None:
    card = render_result(job, a_character(), PICTURE, "en")
    for _ in range(2):
        (file,) = card.attachments()
        assert file.fp.read() == PICTURE
        made = card.view()
        assert made is not None
        assert isinstance(made, discord.ui.LayoutView)
        pressed = [item for item in made.walk_children() if item.is_dispatchable()]
        assert pressed
        assert all(isinstance(item, discord.ui.DynamicItem) for item in pressed)
        assert made.timeout is None


@pytest.mark.parametrize(("mime", "name"), [("image/jpeg", "character-3.jpg"), ("image/webp", "character-3.webp")])
def test_pictures_are_named_by_what_they_are(mime: str, name: str) -> None:
    character = a_character(picture=StoredFile(key="k", sha256="s", size=1, mime=mime))
    assert picture_file(character, PICTURE, "en").name == name


@pytest.mark.parametrize(
    ("locale", "line"),
    [("en-GB", "**Model:** sora\\_2"), ("zh-CN", "**模型**：sora\\_2"), ("ja", "**モデル**：sora\\_2")],
)
def test_between_a_label_and_its_value_stands_what_the_language_writes_there(locale: str, line: str) -> None:
    assert str(Field(text("Model"), escape("sora_2"), locale)) == line


def test_a_large_file_is_not_copied_to_be_sent() -> None:
    """aiohttp asks for the buffer of what it sends, which copies it in the event loop's own thread."""
    data = b"a film"
    opened = AttachedFile("film.mp4", data).opened().fp
    payload = BytesIOPayload(cast("io.BytesIO", opened))
    assert payload.size == len(data)
    assert cast("io.BytesIO", opened).getbuffer().obj is data
    assert opened.read() == data
