"""What a server sets, and where the bot is switched off."""

from __future__ import annotations

from tests.playground.walk.walking import Walk


async def help_leads(walk: Walk) -> None:
    """16: /help leads through the first character; it also works where the bot is switched off, and says so."""
    me = walk.visitor
    await me.command("help")
    await me.see("Your first character", "/character create")
    await me.picture("16 help")
    await me.view_as("kim")
    await me.command("character list")
    await me.see("off")
    await me.picture("16 refused where the bot is switched off")
    await me.command("help")
    await me.see("Not here", "Your first character")
    await me.picture("16 help where the bot is switched off")
    await me.command("about")
    await me.see("Not here")
    await me.picture("16 about where the bot is switched off")
    await me.view_as("max")
    await me.command("server settings")
    await me.see("Settings for this server", "#quiet")
    await me.picture("16 server settings")
    await me.press("Limits per day…")
    await me.fill("Credits, whole server", "90000")
    await me.fill("Credits per member", "30000")
    await me.picture("16 limits of a day")
    await me.submit()
    await me.see("90000 (set for this server)", "30000 (set for this server)")
    await me.picture("16 limits of a day set")
    await me.view_as("mia")


async def roles_and_log(walk: Walk) -> None:
    """Which roles may make what, and where jobs are logged."""
    me, phone = walk.visitor, walk.phone
    await me.view_as("max")
    await me.command("server settings")
    await me.see("Settings for this server")
    await me.press("Roles and log…")
    await me.see("Roles and log of this server", "everybody", "nowhere")
    await me.picture("27 roles and log")
    await phone.view_as("max")
    await phone.picture("27 roles and log on a phone")
    await me.view_as("mia")


async def blocked_members(walk: Walk) -> None:
    """16: a manager blocks a member and sees by name who is blocked; what that member reads."""
    me = walk.visitor
    await me.view_as("max")
    servers, guild, sam = walk.stage.app.stores.servers, walk.stage.guild, walk.stage.sam
    await servers.block(guild.id, sam.id)  # the page's menu of members is not pressed as others are
    await servers.block(guild.id, walk.stage.kim.id)  # who has never used the bot
    await me.command("server settings")
    await me.see("Blocked members", "@sam", "@kim")
    await me.picture("16 blocked members")
    await servers.unblock(guild.id, walk.stage.kim.id)
    await me.view_as("sam")
    await me.command("character list")
    await me.see("blocked you")
    await me.picture("16 what a blocked member reads")
    await me.view_as("max")
    await servers.unblock(guild.id, sam.id)
    await me.view_as("mia")
