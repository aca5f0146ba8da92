"""The loopback Discord's rules for interactions, each broken on purpose by a bare bot."""

from __future__ import annotations

import pytest

from tests.wire.conftest import FORM, World

DEFER, EPHEMERAL = 5, {"flags": 64}
BUTTON = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "cb:go"}]}]


async def test_a_first_answer_comes_with_the_message_it_made(world: World) -> None:
    interaction = await world.cast()
    answer = await world.bot.answer(interaction, 4, {"content": "hello"})
    assert answer.status == 200
    assert answer.body["resource"]["message"]["content"] == "hello"
    assert answer.body["interaction"]["response_message_ephemeral"] is False
    assert [message.text for message in world.channel.visible_to(world.bob)] == ["hello"]
    assert (await interaction.answered()).first_answer_took is not None


async def test_without_with_response_there_is_no_body(world: World) -> None:
    interaction = await world.cast()
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    answer = await world.bot.call("POST", path, {"type": DEFER})
    assert (answer.status, answer.body) == (204, None)


async def test_a_second_first_answer_is_40060(world: World) -> None:
    interaction = await world.cast()
    assert (await world.bot.answer(interaction, DEFER)).status == 200
    assert (await world.bot.answer(interaction, DEFER)).refusal == (400, 40060)


async def test_a_first_answer_after_three_seconds_is_10062(world: World) -> None:
    in_time, late = await world.cast(), await world.cast()
    world.discord.advance(3)
    assert (await world.bot.answer(in_time, DEFER)).status == 200
    world.discord.advance(0.1)
    assert (await world.bot.answer(late, DEFER)).refusal == (404, 10062)
    assert (await world.bot.answer(await world.cast(late=4), DEFER)).refusal == (404, 10062)


async def test_an_interaction_that_does_not_exist_is_10062(world: World) -> None:
    interaction = await world.cast()
    path = f"/interactions/{interaction.id + 1}/{interaction.token}/callback"
    assert (await world.bot.call("POST", path, {"type": DEFER})).refusal == (404, 10062)


@pytest.mark.parametrize("kind", [6, 7, 8, 99, None])
async def test_a_command_cannot_be_answered_like_a_button(world: World, kind: int) -> None:
    answer = await world.bot.answer(await world.cast(), kind)
    assert answer.complaint("type") == "BASE_TYPE_CHOICES"


async def test_a_form_cannot_open_a_form(world: World) -> None:
    opener = await world.cast()
    await world.bot.answer(opener, 9, FORM)
    submitted = await world.ann.submit(await opener.opened(), {"New name": "Zoe"})
    assert (await world.bot.answer(submitted, 9, FORM)).complaint("type") == "BASE_TYPE_CHOICES"
    assert (await world.bot.answer(submitted, 7, {"content": "x"})).refusal == (404, 10008)  # no message to update
    assert (await world.bot.answer(submitted, DEFER)).status == 200


async def test_a_token_dies_after_fifteen_minutes(world: World) -> None:
    interaction = await world.cast()
    await world.bot.answer(interaction, DEFER)
    world.discord.advance(15 * 60)
    assert (await world.bot.call("PATCH", world.bot.original(interaction), {"content": "done"})).status == 200
    world.discord.advance(1)
    for method, path in (
        ("GET", world.bot.original(interaction)),
        ("PATCH", world.bot.original(interaction)),
        ("DELETE", world.bot.original(interaction)),
        ("POST", world.bot.hook(interaction)),
    ):
        assert (await world.bot.call(method, path, {"content": "late"})).refusal == (401, 50027)
    assert len(world.discord.invalid_requests) == 4


async def test_webhooks_that_do_not_exist_are_10015(world: World) -> None:
    interaction = await world.cast()
    other_app = f"/webhooks/{world.discord.bot.id + 1}/{interaction.token}"
    no_token = f"/webhooks/{world.discord.bot.id}/nothing"
    before_the_first_answer = world.bot.hook(interaction)
    for path in (other_app, no_token, before_the_first_answer):
        assert (await world.bot.call("POST", path, {"content": "x"})).refusal == (404, 10015)


async def test_deleted_and_strange_messages_are_10008(world: World) -> None:
    interaction, other = await world.cast(), await world.cast(world.bob)
    await world.bot.answer(interaction, 4, {"content": "hello"})
    await world.bot.answer(other, 4, {"content": "hello"})
    theirs = f"{world.bot.hook(interaction)}/messages/{other.answer.id}"
    assert (await world.bot.call("PATCH", theirs, {"content": "x"})).refusal == (404, 10008)
    assert (await world.bot.call("DELETE", world.bot.original(interaction))).status == 204
    assert (await world.bot.call("GET", world.bot.original(interaction))).refusal == (404, 10008)
    assert interaction.original not in world.channel.visible_to(world.ann)


async def test_after_a_form_there_is_no_original(world: World) -> None:
    interaction = await world.cast()
    await world.bot.answer(interaction, 9, FORM)
    assert (await world.bot.call("PATCH", world.bot.original(interaction), {"content": "x"})).refusal == (404, 10008)


async def test_an_ephemeral_reply_is_for_one_pair_of_eyes_and_for_the_token_only(world: World) -> None:
    interaction = await world.cast()
    await world.bot.answer(interaction, 4, {"content": "secret", **EPHEMERAL})
    assert [message.text for message in world.channel.visible_to(world.ann)] == ["secret"]
    assert world.channel.visible_to(world.bob) == []
    route = f"{world.messages}/{interaction.answer.id}"
    for method in ("GET", "PATCH", "DELETE"):
        assert (await world.bot.call(method, route, {"content": "x"})).refusal == (404, 10008)
    assert (await world.bot.call("GET", world.messages)).body == []
    by_token = await world.bot.call("PATCH", world.bot.original(interaction), {"content": "changed"})
    assert by_token.body["flags"] & 64
    with pytest.raises(AssertionError, match="does not see"):
        await world.bob.press(interaction.answer, "Go")


async def test_ephemeral_is_fixed_at_the_defer(world: World) -> None:
    public, private = await world.cast(), await world.cast()
    await world.bot.answer(public, DEFER)
    deferred = await world.bot.answer(private, DEFER, EPHEMERAL)
    assert deferred.body["interaction"]["response_message_loading"] is True
    assert deferred.body["interaction"]["response_message_ephemeral"] is True
    await world.bot.call("PATCH", world.bot.original(public), {"content": "for all", **EPHEMERAL})
    await world.bot.call("PATCH", world.bot.original(private), {"content": "for ann", "flags": 0})
    assert [message.text for message in world.channel.visible_to(world.bob)] == ["for all"]


async def test_a_follow_up_takes_the_place_of_the_pending_defer(world: World) -> None:
    interaction = await world.cast()
    await world.bot.answer(interaction, DEFER, EPHEMERAL)
    first = await world.bot.call("POST", world.bot.hook(interaction), {"content": "meant for all"})
    assert first.body["id"] == str(interaction.answer.id)
    assert world.channel.visible_to(world.bob) == []  # as ephemeral as the defer
    second = await world.bot.call("POST", world.bot.hook(interaction), {"content": "for all"})
    assert second.body["id"] != first.body["id"]
    assert [message.text for message in world.channel.visible_to(world.bob)] == ["for all"]
    assert await interaction.replied() is interaction.original
    one = f"{world.bot.hook(interaction)}/messages/{second.body['id']}"
    assert (await world.bot.call("PATCH", one, {"content": "changed"})).body["content"] == "changed"
    assert (await world.bot.call("DELETE", one)).status == 204


async def test_five_follow_ups_where_only_the_user_installed_the_app(world: World) -> None:
    elsewhere = world.discord.add_guild("elsewhere", bot_is_member=False)
    room = elsewhere.add_channel("room")
    cat = world.discord.add_user("cat", elsewhere, installed_app=True)
    interaction = await world.cast(cat, room)
    await world.bot.answer(interaction, 4, {"content": "0"})
    for number in range(5):
        assert (await world.bot.call("POST", world.bot.hook(interaction), {"content": str(number)})).status == 200
    assert (await world.bot.call("POST", world.bot.hook(interaction), {"content": "6"})).refusal == (400, 40094)
    member = await world.cast()
    await world.bot.answer(member, 4, {"content": "0"})
    for number in range(6):
        assert (await world.bot.call("POST", world.bot.hook(member), {"content": str(number)})).status == 200


async def test_where_other_apps_may_not_speak_every_reply_is_ephemeral(world: World) -> None:
    elsewhere = world.discord.add_guild("elsewhere", bot_is_member=False)
    elsewhere.external_apps_speak = False
    room = elsewhere.add_channel("room")
    cat = world.discord.add_user("cat", elsewhere, installed_app=True)
    interaction = await world.cast(cat, room)
    answer = await world.bot.answer(interaction, DEFER)
    assert answer.body["interaction"]["response_message_ephemeral"] is True


async def test_what_an_interaction_says_about_its_context(world: World) -> None:
    elsewhere = world.discord.add_guild("elsewhere", bot_is_member=False)
    room = elsewhere.add_channel("room")
    world.discord.add_user("dan", elsewhere)
    cat = world.discord.add_user("cat", world.guild, elsewhere, installed_app=True)
    private = world.discord.private_channel(cat, world.bob)
    seen = []
    for channel in (world.channel, room, world.discord.dm(cat), private):
        await world.cast(cat, channel)
        seen.append(await world.bot.event("INTERACTION_CREATE"))
    by_ann = str(world.guild.id)
    assert [payload["context"] for payload in seen] == [0, 0, 1, 2]
    assert [payload["authorizing_integration_owners"] for payload in seen] == [
        {"0": by_ann, "1": str(cat.id)},
        {"1": str(cat.id)},
        {"0": "0", "1": str(cat.id)},
        {"1": str(cat.id)},
    ]
    assert seen[1]["guild"] == {"id": str(elsewhere.id), "locale": "en-US", "features": []}
    assert seen[0]["member"]["user"]["id"] == seen[2]["user"]["id"] == str(cat.id)
    assert [recipient["username"] for recipient in seen[3]["channel"]["recipients"]] == ["bob"]


async def test_a_press_updates_its_message(world: World) -> None:
    interaction = await world.cast()
    await world.bot.answer(interaction, 4, {"content": "press", "components": BUTTON})
    pressed = await interaction.answer.press(world.bob, "Go")
    event = await world.bot.event("INTERACTION_CREATE")
    while event["type"] != 3:
        event = await world.bot.event("INTERACTION_CREATE")
    assert event["message"]["id"] == str(interaction.answer.id)
    assert event["data"] == {"component_type": 2, "custom_id": "cb:go", "id": 2}
    assert (await world.bot.answer(pressed, 6)).status == 200
    answer = await world.bot.call("PATCH", world.bot.original(pressed), {"content": "pressed", "components": []})
    assert answer.body["id"] == str(interaction.answer.id)
    assert interaction.answer.text == "pressed"
    with pytest.raises(AssertionError, match="no 'Go'"):
        await interaction.answer.press(world.bob, "Go")


async def test_an_update_in_one_go(world: World) -> None:
    interaction = await world.cast()
    await world.bot.answer(interaction, 4, {"content": "press", "components": BUTTON})
    pressed = await interaction.answer.press(world.ann, "cb:go")
    answer = await world.bot.answer(pressed, 7, {"content": "pressed"})
    assert answer.body["resource"]["message"]["content"] == "pressed"
    assert interaction.answer.labels == ["Go"]
