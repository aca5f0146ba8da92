"""The loopback Discord's rules for channels and files, each broken on purpose by a bare bot."""

from __future__ import annotations

from tests.wire.conftest import World

HOUR = 3600


async def test_a_request_without_the_token_is_401(world: World) -> None:
    answer = await world.bot.call("GET", "/users/@me", token="stolen")
    assert (answer.refusal, answer.body["message"]) == ((401, 0), "401: Unauthorized")
    assert answer.headers["Content-Type"] == "application/json"
    assert (await world.bot.call("GET", "/users/@me")).body["username"] == "castbook"


async def test_unknown_routes_and_bad_json(world: World) -> None:
    assert (await world.bot.call("GET", "/nothing")).refusal == (404, 0)
    url = world.discord.api_url + world.messages
    headers = {"Authorization": f"Bot {world.discord.token}", "Content-Type": "application/json"}
    async with world.bot.http.post(url, data="{", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_a_channel_that_does_not_exist_is_10003(world: World) -> None:
    assert (await world.bot.call("POST", "/channels/1/messages", {"content": "x"})).refusal == (404, 10003)
    assert (await world.bot.call("GET", "/channels/1")).refusal == (404, 10003)
    world.channel.delete()
    assert (await world.post({"content": "x"})).refusal == (404, 10003)
    assert (await world.bot.event("CHANNEL_DELETE"))["id"] == str(world.channel.id)


async def test_where_the_bot_is_not_is_50001(world: World) -> None:
    hidden = world.guild.add_channel("hidden")
    hidden.deny("view_channel")
    foreign = world.discord.add_guild("foreign", bot_is_member=False).add_channel()
    private = world.discord.private_channel(world.ann, world.bob)
    left = world.discord.add_guild("left")
    lost = left.add_channel()
    left.remove_bot()
    for channel in (hidden, foreign, private, lost):
        path = f"/channels/{channel.id}/messages"
        assert (await world.bot.call("POST", path, {"content": "x"})).refusal == (403, 50001)
        assert (await world.bot.call("GET", path)).refusal == (403, 50001)
        assert (await world.bot.call("GET", f"/channels/{channel.id}")).refusal == (403, 50001)


async def test_what_the_bot_may_not_is_50013(world: World) -> None:
    embed = {"embeds": [{"title": "x"}]}
    world.channel.deny("embed_links")
    assert (await world.post(embed)).refusal == (403, 50013)
    assert (await world.post({"content": "x"})).status == 200
    world.channel.deny("attach_files")
    assert (await world.post({"content": "x"}, files={"a.png": b"a"})).refusal == (403, 50013)
    one = f"{world.messages}/{world.channel.messages[0].id}"
    assert (await world.bot.call("PATCH", one, {}, files={"a.png": b"a"})).refusal == (403, 50013)
    world.channel.deny("send_messages")
    assert (await world.post({"content": "x"})).refusal == (403, 50013)
    thread = world.guild.add_channel("thread", thread_of=world.channel)
    path = f"/channels/{thread.id}/messages"
    assert (await world.bot.call("POST", path, {"content": "x"})).status == 200
    thread.deny("send_messages_in_threads")
    assert (await world.bot.call("POST", path, {"content": "x"})).refusal == (403, 50013)


async def test_history_needs_its_permission(world: World) -> None:
    posted = (await world.post({"content": "x"})).body
    one = f"{world.messages}/{posted['id']}"
    assert [message["id"] for message in (await world.bot.call("GET", world.messages)).body] == [posted["id"]]
    assert (await world.bot.call("GET", one)).body["content"] == "x"
    world.channel.deny("read_message_history")
    assert (await world.bot.call("GET", world.messages)).body == []
    assert (await world.bot.call("GET", one)).refusal == (403, 50013)


async def test_history_is_in_pages_and_without_the_content_of_others(world: World) -> None:
    await world.ann.say(world.channel, "mine", world.discord.file("a.txt", b"a"))
    await world.ann.say(world.channel, f"hello {world.discord.bot.mention}")
    ids = [(await world.post({"content": str(number)})).body["id"] for number in range(3)]
    page = (await world.bot.call("GET", world.messages + "?limit=2")).body
    assert [message["id"] for message in page] == [ids[2], ids[1]]
    earlier = (await world.bot.call("GET", f"{world.messages}?before={ids[0]}")).body
    assert [(message["content"], message["attachments"]) for message in earlier][1] == ("", [])
    assert earlier[0]["content"].startswith("hello")
    later = (await world.bot.call("GET", f"{world.messages}?after={ids[0]}&limit=1")).body
    assert [message["id"] for message in later] == [ids[1]]
    assert (await world.bot.call("GET", world.messages + "?limit=101")).complaint("limit")


async def test_only_its_own_messages_can_be_edited(world: World) -> None:
    post = await world.ann.say(world.channel, "mine")
    one = f"{world.messages}/{post.id}"
    assert (await world.bot.call("PATCH", one, {"content": "x"})).refusal == (403, 50005)
    assert (await world.bot.call("DELETE", one)).refusal == (403, 50013)
    assert (await world.bot.call("PATCH", f"{world.messages}/1", {"content": "x"})).refusal == (404, 10008)
    own = f"{world.messages}/{(await world.post({'content': 'x'})).body['id']}"
    assert (await world.bot.call("DELETE", own)).status == 204
    assert (await world.bot.call("GET", own)).refusal == (404, 10008)


async def test_an_old_message_takes_only_so_many_edits(world: World) -> None:
    one = f"{world.messages}/{(await world.post({'content': 'x'})).body['id']}"
    for number in range(5):
        assert (await world.bot.call("PATCH", one, {"content": str(number)})).status == 200
    world.discord.advance(HOUR + 1)
    for number in range(world.discord.edits_of_old_messages):
        assert (await world.bot.call("PATCH", one, {"content": str(number)})).status == 200
    refused = await world.bot.call("PATCH", one, {"content": "more"})
    assert refused.refusal == (429, 30046)
    assert refused.headers["Via"]
    world.discord.advance(HOUR)
    assert (await world.bot.call("PATCH", one, {"content": "more"})).status == 200


async def test_a_nonce_makes_a_post_repeatable_for_some_minutes(world: World) -> None:
    post = {"content": "card", "nonce": "0123456789abcdef", "enforce_nonce": True}
    first, again = await world.post(post), await world.post(post)
    assert first.body["id"] == again.body["id"]
    assert len(world.channel.messages) == 1
    await world.post({**post, "enforce_nonce": False})
    assert len(world.channel.messages) == 2  # nobody asked for it
    world.discord.advance(world.discord.nonce_life.total_seconds() + 1)
    assert (await world.post(post)).body["id"] != first.body["id"]


async def test_the_nonce_of_a_deleted_message_is_10008(world: World) -> None:
    post = {"content": "card", "nonce": "n", "enforce_nonce": True}
    await world.post(post)
    world.channel.messages[0].delete()
    assert (await world.post(post)).refusal == (404, 10008)


async def test_direct_messages(world: World) -> None:
    async def write_to(user_id: int) -> tuple[int, int]:
        opened = await world.bot.call("POST", "/users/@me/channels", {"recipient_id": user_id})
        answer = await world.bot.call("POST", f"/channels/{opened.body['id']}/messages", {"content": "psst"})
        return answer.status, answer.body.get("code", 0)

    assert await write_to(world.ann.id) == (200, 0)
    assert [message.text for message in world.ann.dms()] == ["psst"]
    place = (await world.bot.call("GET", f"/channels/{world.discord.dm(world.ann).id}")).body
    assert (place["type"], place["recipients"][0]["username"]) == (1, "ann")
    world.ann.blocks_bot = True
    assert await write_to(world.ann.id) == (403, 50007)
    world.bob.takes_dms = False
    assert await write_to(world.bob.id) == (403, 50278)
    stranger = world.discord.add_user("eve")
    assert await write_to(stranger.id) == (403, 50278)
    nobody = await world.bot.call("POST", "/users/@me/channels", {"recipient_id": 1})
    assert nobody.refusal == (400, 50033)
    assert (await world.bot.call("GET", f"/users/{stranger.id}")).body["username"] == "eve"
    assert (await world.bot.call("GET", "/users/1")).refusal == (404, 10013)


async def test_automod_reads_every_text(world: World) -> None:
    world.guild.automod.add("rude")
    for body in ({"content": "so Rude"}, {"embeds": [{"fields": [{"name": "a", "value": "rudely"}]}]}):
        assert (await world.post(body)).refusal == (400, 200000)
    interaction = await world.cast()
    assert (await world.bot.answer(interaction, 4, {"content": "rude"})).refusal == (400, 200000)
    assert (await world.bot.answer(interaction, 5)).status == 200  # a refused answer was none
    edit = await world.bot.call("PATCH", world.bot.original(interaction), {"content": "rude"})
    assert edit.refusal == (400, 200000)
    assert interaction.answer.loading


async def test_mentions_ping_only_whom_they_may(world: World) -> None:
    content = f"{world.ann.mention} {world.bob.mention}"
    for allowed, pinged in (
        (None, {world.ann.id, world.bob.id}),
        ({"parse": []}, set()),
        ({"parse": [], "users": [str(world.ann.id)]}, {world.ann.id}),
        ({"parse": ["users"]}, {world.ann.id, world.bob.id}),
    ):
        await world.post({"content": content, "allowed_mentions": allowed})
        assert world.channel.messages[-1].pinged == pinged


# -- files ---------------------------------------------------------------------------------------------------------


async def test_files_come_as_parts_and_are_served_by_the_cdn(world: World) -> None:
    body = {
        "embeds": [{"title": "card", "image": {"url": "attachment://face.png"}}],
        "attachments": [{"id": 0, "filename": "face.png"}],
    }
    posted = (await world.post(body, files={"face.png": b"pixels"})).body
    url = posted["embeds"][0]["image"]["url"]
    assert url.startswith(world.discord.cdn_origin)
    async with world.bot.http.get(url) as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/png", b"pixels")
    assert world.channel.messages[0].picture() == b"pixels"
    one = f"{world.messages}/{posted['id']}"
    edited = (await world.bot.call("PATCH", one, {"content": "x"})).body
    assert len(edited["attachments"]) == 1  # an edit that does not speak of them leaves them
    emptied = (await world.bot.call("PATCH", one, {"attachments": []})).body
    assert emptied["attachments"] == []


async def test_an_address_of_a_file_dies(world: World) -> None:
    file = world.discord.store_ephemeral(world.discord.file("clip.mp4", b"film"))

    async def status(url: str) -> int:
        async with world.bot.http.get(url) as response:
            return response.status

    url = file.url
    assert "/ephemeral-attachments/" in url
    assert await status(url) == 200
    assert await status(url.replace("hm=", "hm=0")) == 404
    assert await status(url.partition("?")[0]) == 404
    world.discord.advance(24 * HOUR + 1)
    assert await status(url) == 404
    assert await status(file.url) == 200
    file.die()
    assert await status(file.url) == 404
    assert await status(world.discord.cdn_origin + "/attachments/1/2/none.png") == 404


async def test_a_picture_that_was_not_sent_is_refused(world: World) -> None:
    body = {"embeds": [{"title": "card", "image": {"url": "attachment://other.png"}}]}
    refused = await world.post(body, files={"face.png": b"pixels"})
    assert refused.complaint("embeds", 0, "image", "url") == "ATTACHMENT_NOT_FOUND"
    listed = await world.post({"content": "x", "attachments": [{"id": 3, "filename": "a.png"}]}, files={"a.png": b"a"})
    assert listed.complaint("attachments", 0, "id") == "ATTACHMENT_NOT_FOUND"


async def test_too_large_a_file_is_40005(world: World) -> None:
    world.discord.file_limit = 10
    assert (await world.post({}, files={"a.png": b"1234567890"})).status == 200
    assert (await world.post({}, files={"a.png": b"12345678901"})).refusal == (413, 40005)
    interaction = await world.cast()
    await world.bot.answer(interaction, 5)
    path = world.bot.original(interaction)
    assert (await world.bot.call("PATCH", path, {}, files={"a.png": b"12345678901"})).refusal == (413, 40005)
