"""What a server sets, and where the bot is switched off."""

from __future__ import annotations

from bot.values.job import JobKind
from tests.playground.walk.walking import Walk, several


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
    await me.press("Daily limits…")
    await me.fill("Credits, whole server", "90000")
    await me.fill("Credits per member", "30000")
    await me.picture("16 limits of a day")
    await me.submit()
    await me.see("90,000 (set for this server)", "30,000 (set for this server)")
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


async def roles_in_force(walk: Walk) -> None:
    """A manager says which roles may make characters, what a role may use on a day, and where jobs are logged."""
    me, servers, guild = walk.visitor, walk.stage.app.stores.servers, walk.stage.guild
    await several(walk, "Quick")
    await me.view_as("max")
    await servers.open_channel(guild.id, walk.stage.quiet.id)
    await me.command("server settings")
    await me.press("Roles and log…")
    await me.see("Roles and log of this server")
    await me.pick_all("Only these roles may make characters…", "managers")
    await me.see("@managers")
    await me.pick("Log jobs in this channel…", "quiet")
    await me.see("#quiet: a line for each job")
    await me.pick("Set a role's daily limits…", "managers")
    await me.fill("Characters per member with this role", "1")
    await me.picture("32 limits of a role")
    await me.submit()
    await me.see("characters: 1")
    await me.picture("32 roles and log, set")
    await me.command("character create", {"video": walk.clip, "range": "0.1-2.1", "name": "Max's"})
    if not await walk.stage.app.stores.consents.given(walk.stage.max.id):
        await me.press("Yes, I have permission")
    await me.see("Saved to @max")
    await me.command("character create", {"video": walk.clip, "range": "2.1-4.1", "name": "Max's other"})
    await me.see("In this server your roles allow 1 character a day")
    await me.picture("32 a role's limit is reached")
    await me.view_as("mia")
    await me.command("character create", {"video": walk.clip, "range": "0.1-2.1", "name": "Without a role"})
    await me.see("In this server only certain roles can make characters")
    await me.picture("32 refused without the role")
    await me.type("video create", {"prompt": "@Quick sings", "character": "Qu"})
    await me.choose("Quick")
    await me.send()
    await me.see_in_all("Quick sings")
    await me.see("Again")
    await me.view_as("kim")
    await me.see_in_all("character is done.")
    await me.see_in_all("@mia started a video.")
    await me.picture("32 the log")
    await servers.set_makers(guild.id, JobKind.CHARACTER, [])
    for role_id in servers.rules(guild.id).roles:
        await servers.set_role_limits(guild.id, role_id, characters=None, videos=None, credits=None)
    await servers.set_log_channel(guild.id, None)
    await servers.close_channel(guild.id, walk.stage.quiet.id)
    await me.view_as("mia")


async def videos_by_role(walk: Walk) -> None:
    """A manager says which roles may make videos, and how many videos and credits a role has on a day."""
    me, phone, stage = walk.visitor, walk.phone, walk.stage
    servers, guild = stage.app.stores.servers, stage.guild
    await several(walk, "Quick")
    await servers.open_channel(guild.id, stage.quiet.id)
    await me.view_as("max")
    if await stage.app.stores.characters.by_name(stage.max.id, "Max's") is None:
        await me.command("character create", {"video": walk.clip, "range": "0.1-2.1", "name": "Max's"})
        if not await stage.app.stores.consents.given(stage.max.id):
            await me.press("Yes, I have permission")
        await me.see("Saved to @max")
    await me.command("server settings")
    await me.press("Roles and log…")
    await me.see("Roles and log of this server")
    await me.pick_all("Only these roles may make videos…", "managers")
    await me.see("@managers")
    await me.pick("Log jobs in this channel…", "quiet")
    await me.see("#quiet: a line for each job")
    await me.pick("Set a role's daily limits…", "managers")
    await me.fill("Videos per member with this role", "1")
    await me.fill("Credits per member with this role", "5000")
    await me.picture("36 limits of a role for videos")
    await me.submit()
    await me.see("videos: 1 · credits: 5,000")
    await me.picture("36 who may make videos")
    await phone.view_as("max")
    await phone.picture("36 who may make videos on a phone")
    await me.type("video create", {"prompt": "@Max's whistles", "character": "Max"})
    await me.choose("Max's")
    await me.send()
    await me.see("Again")
    await me.type("video create", {"prompt": "@Max's whistles again", "character": "Max"})
    await me.choose("Max's")
    await me.send()
    await me.see("In this server your roles allow 1 video a day")
    await me.picture("36 a role's limit of videos is reached")
    await me.view_as("mia")
    await me.type("video create", {"prompt": "@Quick sings", "character": "Qu"})
    await me.choose("Quick")
    await me.send()
    await me.see("In this server only certain roles can make videos")
    await me.picture("36 refused without the role")
    await phone.view_as("mia")
    await phone.picture("36 refused without the role on a phone")
    await me.view_as("kim")
    await me.see_in_all("@max (manager) started a video.")
    await me.see_in_all("@max (manager)'s video is done.")
    await me.picture("36 the log")
    await servers.set_makers(guild.id, JobKind.VIDEO, [])
    for role_id in servers.rules(guild.id).roles:
        await servers.set_role_limits(guild.id, role_id, characters=None, videos=None, credits=None)
    await servers.set_log_channel(guild.id, None)
    await servers.close_channel(guild.id, stage.quiet.id)
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
