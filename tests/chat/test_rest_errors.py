"""What is made of an answer of Discord, and what is not said about it."""

import aiohttp
import discord
import pytest
from yarl import URL

from bot.chat.rest_errors import RouteClosed, understood
from bot.jobs.ports import DiscordUnavailable
from tests.chat.one_channel import CHANNEL, OneChannel
from tests.chat.samples import CHANNEL_ID


@pytest.mark.parametrize(("code", "foreseen"), [(50013, True), (50035, False)])
async def test_unforeseen_refusal_is_an_error_in_the_log(
    client: discord.Client, loopback: OneChannel, capsys: pytest.CaptureFixture[str], code: int, foreseen: bool
) -> None:
    loopback.fail(CHANNEL, 400, code)
    with pytest.raises(RouteClosed) as closed:
        async with understood(5):
            await client.get_partial_messageable(CHANNEL_ID).send("hello")
    assert closed.value.code == code
    assert ("unforeseen_refusal" not in capsys.readouterr().out) is foreseen


async def test_what_took_too_long_is_trouble(client: discord.Client) -> None:
    with pytest.raises(DiscordUnavailable):
        async with understood(0):
            await client.fetch_user(1)


async def test_address_with_its_token_is_left_behind() -> None:
    address = URL("https://discord.invalid/webhooks/1/secret-token")
    with pytest.raises(DiscordUnavailable) as trouble:
        async with understood(5):
            raise aiohttp.InvalidURL(address)
    assert trouble.value.__cause__ is None
    assert trouble.value.__suppress_context__
    assert "secret-token" not in str(trouble.value)
