"""The rules of Components V2 that the loopback Discord checks: each broken, and the same body that keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.conftest import World

LAYOUT = 1 << 15
LEGACY = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"


def words(content: str = "x") -> dict[str, Any]:
    return {"type": 10, "content": content}


def card(*components: Any) -> dict[str, Any]:
    return {"flags": LAYOUT, "components": [{"type": 17, "components": list(components)}]}


def gallery(*names: str, alt: str = "") -> dict[str, Any]:
    return {"type": 12, "items": [{"media": {"url": f"attachment://{name}"}, "description": alt} for name in names]}


INSIDE = ("components", 0, "components", 0)
MESSAGES = [
    (card(*[words()] * 39), card(*[words()] * 40), ("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
    (
        card(words("x" * 2000), words("x" * 2000)),
        card(words("x" * 2000), words("x" * 2001)),
        ("components",),
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
    ),
    (card(words()), card(words("")), (*INSIDE, "content"), "BASE_TYPE_REQUIRED"),
    (card(words()), {**card(words()), "flags": 0}, ("components", 0), "UNION_TYPE_CHOICES"),
    (card(words()), {**card(words()), "content": "x"}, ("content",), LEGACY),
    (card(words()), {**card(words()), "embeds": [{"title": "x"}]}, ("embeds",), LEGACY),
    (card(words()), card({"type": 17, "components": [words()]}), INSIDE, "UNION_TYPE_CHOICES"),
    (
        card(
            {"type": 9, "components": [words()], "accessory": {"type": 2, "style": 1, "label": "a", "custom_id": "a"}}
        ),
        card({"type": 9, "components": [words()], "accessory": {"type": 12, "items": []}}),
        (*INSIDE, "accessory"),
        "UNION_TYPE_CHOICES",
    ),
]


@pytest.mark.parametrize(("good", "bad", "path", "code"), MESSAGES)
async def test_the_rules_of_a_layout(world: World, good: Any, bad: Any, path: tuple[str | int, ...], code: str) -> None:
    assert (await world.post(good)).status == 200
    assert (await world.post(bad)).complaint(*path) == code


async def test_what_is_shown_must_be_attached(world: World) -> None:
    files = {"face.png": b"x"}
    assert (await world.post(card(gallery("face.png", alt="A face")), files=files)).status == 200
    refused = await world.post(card(gallery("other.png")), files=files)
    assert refused.complaint(*INSIDE, "media", "url") == "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"


async def test_an_old_message_becomes_a_layout_only_without_what_it_said_and_stays_one(world: World) -> None:
    await world.post({"content": "old", "embeds": [{"title": "card"}]})
    (message,) = world.channel.messages
    own = f"{world.messages}/{message.id}"
    assert (await world.bot.call("PATCH", own, card(words("new")))).complaint("content") == LEGACY
    assert (await world.bot.call("PATCH", own, {**card(words("new")), "content": None, "embeds": []})).status == 200
    assert message.text == "new"
    assert message.payload()["flags"] & LAYOUT
    assert (await world.bot.call("PATCH", own, {"content": "old again"})).complaint("content") == LEGACY
