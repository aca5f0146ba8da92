"""/help and /about: answered at once, to the person who asked."""

from __future__ import annotations

from bot import __version__
from bot.chat.card import BLUE
from bot.chat.markdown import escape
from tests.cogs.bot_harness import BotHarness, refusal, words


async def test_help_says_how_to_begin_what_a_range_is_and_what_is_kept(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "help")
    assert not result.deferred
    assert result.response is not None
    assert result.response.ephemeral
    said = words(result.response)
    for part in ("“Make a character”", "0:04-0:06.5", "permission"):
        assert part in said
    for command in ("create", "preview", "list", "edit", "lend", "export", "import"):
        assert f"</character {command}:{bot.client.command_ids['character']}>" in said
    assert f"</tasks:{bot.client.command_ids['tasks']}>" in said
    for command in ("export", "delete"):
        assert f"</privacy {command}:{bot.client.command_ids['privacy']}>" in said


async def test_about_says_the_version_the_provider_the_licence_and_that_it_may_be_gone(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "about")
    assert result.response is not None
    assert result.response.ephemeral
    said = words(result.response)
    for part in (f"Castbook {escape(__version__)}", "ToAPIs", "MIT licence", "may disappear"):
        assert part in said


async def test_about_says_which_models_live(bot: BotHarness) -> None:
    await bot.harness.provider_state.close_model("sora-2", now=bot.harness.now)
    result = await bot.alice.slash(bot.channel, "about")
    assert result.response is not None
    said = words(result.response)
    assert "Character models not tried yet\nsora-2-pro" in said
    assert "Closed character models\nsora-2" in said
    tried = said.partition("Video models not tried yet\n")[2].partition("\n")[0]
    assert {"wan2.6", "viduq3", "sora-2-pro"} <= set(tried.replace("\\", "").split(", "))
    assert "Closed video models\nsora-2" in said, "what is closed for one is closed for the other"


async def test_no_word_of_them_is_cut_by_discord(bot: BotHarness) -> None:
    for command in ("help", "about"):
        result = await bot.alice.slash(bot.channel, command)
        assert result.response is not None
        (embed,) = result.response.embeds
        assert embed.title
        assert embed.colour == BLUE
        assert len(embed.description or "") <= 4096
        assert all(len(field.value or "") <= 1024 - 5 * 20 for field in embed.fields)  # real ids are longer


async def test_both_are_answered_where_the_bot_is_switched_off_and_say_so(bot: BotHarness) -> None:
    await bot.harness.servers.close_channel(bot.alice.guild.id, bot.channel.id)
    await bot.harness.servers.block(bot.alice.guild.id, bot.bob.id)
    for actor, said in ((bot.alice, "switched off in this channel"), (bot.bob, "managers of this server")):
        for command in ("help", "about"):
            result = await actor.slash(bot.channel, command)
            assert result.response is not None
            assert result.response.ephemeral
            assert said in words(result.response)
            assert "Castbook" in words(result.response) or "Your first character" in words(result.response)
    assert "switched off" in refusal(await bot.alice.slash(bot.channel, "tasks"))


async def test_where_the_bot_is_on_nothing_is_said_about_it(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "help")
    assert result.response is not None
    assert "Not here" not in words(result.response)


async def test_a_link_to_a_message_has_a_button_that_explains_the_menu(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "character create", link="https://discord.com/channels/1/2/3")
    assert "I can't read messages" in refusal(result)
    assert result.response is not None
    shown = await bot.alice.click(result.response, label="Show me how")
    assert shown.response is not None
    assert shown.response.ephemeral
    said = words(shown.response)
    assert "On a phone" in said
    assert "Apps, then “Make a character”" in said
