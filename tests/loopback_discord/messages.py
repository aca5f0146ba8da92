"""Messages: what is in them, who sees them, and what the bot is told about them."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.loopback_discord.cdn import StoredFile
from tests.loopback_discord.component_rules import TEXT_DISPLAY
from tests.loopback_discord.layout_rules import media_of, nested
from tests.loopback_discord.places import Account, Channel

if TYPE_CHECKING:
    from tests.loopback_discord.driving import User
    from tests.loopback_discord.interactions import Interaction

EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
_PICTURES = {"image": "url", "thumbnail": "url", "footer": "icon_url", "author": "icon_url"}


@dataclass(eq=False)
class Message:
    """One message as Discord keeps it."""

    id: int
    channel: Channel
    author: Account
    created: datetime
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    only_for: Account | None = None  # of an ephemeral message: who sees it
    layout: bool = False  # of Components V2: for ever
    loading: bool = False  # "… is thinking"
    nonce: str | int | None = None
    edited: datetime | None = None
    edits: list[datetime] = field(default_factory=list)
    deleted: bool = False
    by: Interaction | None = None  # the interaction that it answers
    pinged: set[int] = field(default_factory=set)  # ids of the users that were notified

    @property
    def ephemeral(self) -> bool:
        return self.only_for is not None

    @property
    def discord(self) -> Any:
        return self.channel.discord

    def seen_by(self, account: Account) -> bool:
        return not self.deleted and self.only_for in (None, account)

    def delete(self) -> None:
        """Somebody deletes it."""
        self.deleted = True

    # -- what a reader finds on it ------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Everything readable in it, for assertions."""
        parts: list[Any] = [self.content]
        for embed in self.embeds:
            parts += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
            for row in embed.get("fields") or []:
                parts += [row["name"], row["value"]]
            parts.append((embed.get("footer") or {}).get("text"))
        parts += [part["content"] for part in self.parts() if part["type"] == TEXT_DISPLAY]
        parts += self.labels
        return "\n".join(part for part in parts if part)

    @property
    def labels(self) -> list[str]:
        """The labels of its buttons that can be pressed."""
        return [part.get("label") or "" for part in self.parts() if part["type"] == 2 and not part.get("disabled")]

    def parts(self) -> list[dict[str, Any]]:
        """Every component, the nested ones too."""
        return list(nested(self.components))

    @property
    def footers(self) -> list[str]:
        """The small print of its embeds and cards."""
        small = [part["content"] for part in self.parts() if part["type"] == TEXT_DISPLAY]
        told = [each.removeprefix("-# ") for each in small if each.startswith("-# ")]
        return [*told, *((embed.get("footer") or {}).get("text", "") for embed in self.embeds)]

    @property
    def titles(self) -> list[str]:
        """The headings of its cards."""
        said = [part["content"] for part in self.parts() if part["type"] == TEXT_DISPLAY]
        return [each.splitlines()[0].removeprefix("### ") for each in said if each.startswith("### ")]

    @property
    def media(self) -> list[str]:
        """The addresses of what it shows, from top to bottom."""
        return [media["url"] for part in self.parts() for media in media_of(part)]

    def part(self, wanted: str) -> dict[str, Any]:
        """The available component with that label, placeholder or custom id."""
        for part in self.parts():
            if wanted in (part.get("label"), part.get("placeholder"), part.get("custom_id")):
                assert not part.get("disabled"), f"{wanted!r} is disabled"
                return part
        raise AssertionError(f"no {wanted!r} on this message; there is {self.labels}")

    async def press(self, user: User, wanted: str) -> Interaction:
        """`user` presses the button with that label or custom id."""
        return await user.press(self, wanted)

    # -- what the bot is told ------------------------------------------------------------------------------------

    def file(self, name: str) -> StoredFile:
        """The attached file of that name."""
        return next(file for file in self.files if file.name == name)

    def picture(self) -> bytes:
        """The bytes of the attached file that it shows first."""
        embedded = [embed["image"]["url"] for embed in self.embeds if embed.get("image")]
        image = [*self.media, *embedded][0]
        assert image.startswith("attachment://"), f"the picture is not attached: {image}"
        return self.file(image.removeprefix("attachment://")).data

    def mentioned(self) -> set[int]:
        said = [self.content, *(part["content"] for part in self.parts() if part["type"] == TEXT_DISPLAY)]
        return {int(number) for number in re.findall(r"<@!?(\d+)>", "\n".join(said))}

    def payload(self, *, readable: bool = True) -> dict[str, Any]:
        """The message object; not `readable`: without what only the Message Content intent shows."""
        flags = (EPHEMERAL if self.ephemeral else 0) | (LOADING if self.loading else 0)
        flags |= COMPONENTS_V2 if self.layout else 0
        people = self.discord.accounts
        body = {
            "id": str(self.id),
            "type": self._type(),
            "channel_id": str(self.channel.id),
            "author": self.author.payload(),
            "content": self.content if readable else "",
            "embeds": [self._resolved(embed) for embed in self.embeds] if readable else [],
            "attachments": [file.payload() for file in self.files] if readable and not self.layout else [],
            "components": [self._shown(each) for each in self.components] if readable else [],
            "mentions": [people[number].payload() for number in self.mentioned() if number in people],
            "mention_roles": [],
            "mention_everyone": False,
            "tts": False,
            "pinned": False,
            "timestamp": self.created.isoformat(),
            "edited_timestamp": self.edited.isoformat() if self.edited else None,
            "flags": flags,
        }
        if self.nonce is not None:
            body["nonce"] = self.nonce
        if self.by is not None:
            app = str(self.author.id)
            body |= {"webhook_id": app, "application_id": app, "interaction_metadata": self.by.metadata()}
        return body

    def _type(self) -> int:
        if self.by is None or self.by.original is not self:
            return 0
        return {1: 20, 3: 23}.get(self.by.command_type, 0)

    def _shown(self, component: dict[str, Any]) -> dict[str, Any]:
        """The component with `attachment://name` replaced by the file's address."""
        shown = copy.deepcopy(component)
        attached = {f"attachment://{file.name}": file.url for file in self.files}
        for part in nested([shown]):
            for media in media_of(part):
                media["url"] = media["proxy_url"] = attached.get(media["url"], media["url"])
        return shown

    def _resolved(self, embed: dict[str, Any]) -> dict[str, Any]:
        """The embed with `attachment://name` replaced by the file's address."""
        embed = {"type": "rich", **embed}
        for part, key in _PICTURES.items():
            address = (embed.get(part) or {}).get(key) or ""
            attached = {f"attachment://{file.name}": file for file in self.files}
            if address in attached:
                url = attached[address].url
                embed[part] = {**embed[part], key: url, f"proxy_{key}": url}
        return embed
