"""What a person does in Discord, for tests: commands, presses, forms, menus, messages."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.loopback_discord import commands
from tests.loopback_discord.cdn import Upload
from tests.loopback_discord.commands import NotPossible
from tests.loopback_discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, FORM, Interaction, Modal
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import DM, INVITED_WITH, Account, Channel, bits

if TYPE_CHECKING:
    from tests.loopback_discord.server import LoopbackDiscord

GUILD_CONTEXT, BOT_DM_CONTEXT, PRIVATE_CONTEXT = 0, 1, 2
TEXT_INPUT, FILE_UPLOAD = 4, 19


@dataclass(eq=False)
class User(Account):
    """A person with Discord open."""

    discord: LoopbackDiscord = field(kw_only=True, repr=False)
    installed_app: bool = False
    locale: str = "en-US"
    blocks_bot: bool = False  # 50007
    told_limit: int | None = None  # bytes of an attachment that Discord tells for them, rightly or not
    takes_dms: bool = True  # False: "direct messages from server members" is off, 50278

    @property
    def shares_guild_with_bot(self) -> bool:
        return any(guild.bot_is_member and self in guild.members for guild in self.discord.guilds)

    def dms(self) -> list[Message]:
        """What the bot wrote to them directly."""
        return self.discord.dm(self).visible_to(self)

    async def slash(
        self, channel: Channel, command: str, options: dict[str, Any] | None = None, *, late: float = 0
    ) -> Interaction:
        """Send `/command`; the values of attachment options are `discord.file(...)`.

        The interaction reaches the bot `late` seconds of Discord's clock after it was made.
        """
        found = commands.find(self.discord.commands, command)
        filled, resolved = commands.fill(found, options or {}, self.discord.store_ephemeral)
        data = {**_named(found.command), "options": filled, **({"resolved": resolved} if resolved else {})}
        return await self._interact(COMMAND, channel, data, command=found.command, late=late)

    async def autocomplete(
        self, channel: Channel, command: str, options: dict[str, Any], focused: str
    ) -> list[dict[str, Any]]:
        """Type into the option `focused`; the choices that the bot offers."""
        interaction = await self.type_into(channel, command, options, focused)
        return (await interaction.answered()).choices

    async def type_into(self, channel: Channel, command: str, options: dict[str, Any], focused: str) -> Interaction:
        """Type into the option `focused`, without waiting for the bot."""
        found = commands.find(self.discord.commands, command)
        typed, kind = commands.typing(found, options, focused)
        data = {**_named(found.command), "options": typed, "focused_type": kind}
        return await self._interact(AUTOCOMPLETE, channel, data, command=found.command)

    async def menu(self, message: Message, name: str, *, late: float = 0) -> Interaction:
        """Apps > `name` on a message."""
        self._sees(message)
        found = commands.find(self.discord.commands, name, kind=3)
        resolved = {"messages": {str(message.id): message.payload()}}
        data = {**_named(found.command), "target_id": str(message.id), "resolved": resolved}
        return await self._interact(COMMAND, message.channel, data, command=found.command, late=late)

    async def press(self, message: Message, wanted: str, *, late: float = 0) -> Interaction:
        """Press the button with that label or custom id."""
        self._sees(message)
        return await self._use(message, message.part(wanted), {}, late)

    async def select(self, message: Message, wanted: str, *values: str, late: float = 0) -> Interaction:
        """Choose in the menu with that placeholder or custom id."""
        self._sees(message)
        part = message.part(wanted)
        offered = {option["value"] for option in part.get("options", [])}
        if not offered.issuperset(values):
            raise NotPossible(f"{values} is none of {sorted(offered)}")
        return await self._use(message, part, {"values": list(values)}, late)

    def _sees(self, message: Message) -> None:
        if message not in message.channel.visible_to(self):
            raise NotPossible(f"{self.name} does not see this message")

    async def _use(self, message: Message, part: dict[str, Any], more: dict[str, Any], late: float) -> Interaction:
        data = {"component_type": part["type"], "custom_id": part["custom_id"], "id": part["id"], **more}
        return await self._interact(COMPONENT, message.channel, data, message=message, late=late)

    async def submit(self, modal: Modal, values: dict[str, Any], *, late: float = 0) -> Interaction:
        """Fill in the form, by label or custom id, and send it; what is left out keeps its preset value."""
        opener = modal.interaction
        assert opener.user is self, "somebody else's form"
        given = {modal.field(wanted).custom_id: value for wanted, value in values.items()}
        rows: list[dict[str, Any]] = []
        resolved: dict[str, Any] = {}
        for part in modal.fields:
            value = given.get(part.custom_id, part.component.get("value", ""))
            answer: dict[str, Any] = {"type": part.type, "custom_id": part.custom_id, "id": part.component["id"]}
            if part.type == TEXT_INPUT:
                _check_text(part.label, part.component, value)
                answer["value"] = value
            elif part.type == FILE_UPLOAD:
                files = [self.discord.store_ephemeral(upload) for upload in value or []]
                resolved |= {str(file.id): file.payload() for file in files}
                answer["values"] = [str(file.id) for file in files]
            else:
                answer["values"] = list(value or [])
            around = {"component": answer} if part.labelled else {"components": [answer]}
            rows.append({"type": 18 if part.labelled else 1, "id": part.around, **around})
        data: dict[str, Any] = {"custom_id": modal.custom_id, "components": rows}
        if resolved:
            data["resolved"] = {"attachments": resolved}
        return await self._interact(FORM, opener.channel, data, message=opener.message, late=late)

    async def say(self, channel: Channel, content: str = "", *files: Upload) -> Message:
        """Post a message of one's own."""
        message = Message(self.discord.next_id(), channel, self, self.discord.clock.now(), content)
        for file in files:
            message.files.append(self.discord.cdn.store(f"attachments/{channel.id}", self.discord.next_id(), file))
        channel.messages.append(message)
        return message

    # -- the interaction itself ------------------------------------------------------------------------------------

    async def _interact(
        self,
        kind: int,
        channel: Channel,
        data: dict[str, Any],
        *,
        command: dict[str, Any] | None = None,
        message: Message | None = None,
        late: float = 0,
    ) -> Interaction:
        context, owners = self._standing(channel, command)
        guild = channel.guild
        interaction = Interaction(
            id=self.discord.next_id(),
            token=secrets.token_urlsafe(96),
            type=kind,
            user=self,
            channel=channel,
            created=self.discord.clock.now() - timedelta(seconds=late),
            owners=owners,
            forced_ephemeral=guild is not None and "0" not in owners and not guild.external_apps_speak,
            data=data,
            message=message,
            command_type=command["type"] if command else 0,
        )
        self.discord.interactions[interaction.token] = interaction
        payload = self._interaction_payload(interaction, context)
        if self.discord.endpoint.url:  # then the gateway gets nothing
            await self.discord.endpoint.deliver(interaction, payload)
            return interaction
        reached = self.discord.gateway.dispatch("INTERACTION_CREATE", payload, guild_id=guild.id if guild else None)
        assert reached, "no bot is connected"
        return interaction

    def _standing(self, channel: Channel, command: dict[str, Any] | None) -> tuple[int, dict[str, str]]:
        """The context, and by whose installation the command is there; raises NotPossible when by nobody's."""
        guild, owners = channel.guild, {}
        if self not in (guild.members if guild else channel.people):
            raise NotPossible(f"{self.name} is not in {channel.name}")
        bot_dm = guild is None and channel.type == DM and channel.with_bot
        context = GUILD_CONTEXT if guild else BOT_DM_CONTEXT if bot_dm else PRIVATE_CONTEXT
        if guild is not None and guild.bot_is_member:
            owners["0"] = str(guild.id)
        elif bot_dm and self.shares_guild_with_bot:
            owners["0"] = "0"
        if self.installed_app:
            owners["1"] = str(self.id)
        if command is not None:
            owners = {kind: owner for kind, owner in owners.items() if int(kind) in command["integration_types"]}
            if context not in command["contexts"] or not owners:
                raise NotPossible(f"{command['name']} is not shown to {self.name} in {channel.name}")
        return context, owners

    def _interaction_payload(self, interaction: Interaction, context: int) -> dict[str, Any]:
        channel, guild = interaction.channel, interaction.channel.guild
        may = channel.bot_may if guild is not None and guild.bot_is_member else INVITED_WITH
        payload = {
            "id": str(interaction.id),
            "application_id": str(self.discord.bot.id),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": {key: value for key, value in interaction.data.items() if key != "focused_type"},
            "channel": channel.partial(self),
            "channel_id": str(channel.id),
            "app_permissions": bits(may),
            "locale": self.locale,
            "entitlements": [],
            "authorizing_integration_owners": interaction.owners,
            "context": context,
            "attachment_size_limit": self.told_limit or self.discord.file_limit,
        }
        if interaction.message is not None:
            payload["message"] = interaction.message.payload()
        if guild is None:
            return payload | {"user": self.payload()}
        theirs = INVITED_WITH | ({"use_external_apps"} if guild.external_apps_speak else set())
        member = guild.member(self) | {"permissions": bits(theirs)}
        return payload | {
            "guild_id": str(guild.id),
            "guild": guild.bare(),
            "guild_locale": guild.locale,
            "member": member,
        }


def _named(command: dict[str, Any]) -> dict[str, Any]:
    return {"id": command["id"], "name": command["name"], "type": command["type"]}


def _check_text(label: str, component: dict[str, Any], value: str) -> None:
    """What Discord's program checks before it sends a form."""
    least = component.get("min_length") or (1 if component.get("required", True) else 0)
    if not value and not component.get("required", True):
        return
    if not least <= len(value) <= (component.get("max_length") or 4000):
        raise NotPossible(f"{label}: {len(value)} characters")
