"""What simcord leaves out: where the bot was installed, the language of a Discord, and closed direct messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simcord import interactions
from simcord.backend import errors
from simcord.enums import ChannelType
from simcord.http.routes import messages

_IN_A_SERVER = "0"  # Discord's number for that kind of installation


@contextmanager
def installed_in_servers(locale: str = "en-US", *, most_bytes: int | None = None) -> Iterator[None]:
    """Inside the block, every interaction says that the bot was installed in its server, and in nobody's own account.

    ``locale``: the language of everybody's Discord, and of the server. ``most_bytes``: of the files of
    one message; ``None``: as simcord has it.
    """
    made = interactions.base_payload

    def base_payload(*args: Any, guild_id: int | None, **more: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401 - simcord's
        said: dict[str, Any] = {"authorizing_integration_owners": {_IN_A_SERVER: str(guild_id or 0)}, "locale": locale}
        if most_bytes is not None:
            said["attachment_size_limit"] = most_bytes
        record, payload = made(*args, guild_id=guild_id, **more)
        return record, payload | said | ({} if guild_id is None else {"guild_locale": locale})

    interactions.base_payload = base_payload
    try:
        yield
    finally:
        interactions.base_payload = made


@contextmanager
def closed_direct_messages() -> Iterator[None]:
    """Inside the block, nobody accepts direct messages from the bot: a page of one channel could not show them."""
    looked = messages._send_permissions  # noqa: SLF001 - simcord's, whose version is pinned for that

    def send_permissions(ctx: Any, channel_id: int) -> None:  # noqa: ANN401 - simcord's
        if ctx.backend.get_channel(channel_id).type == ChannelType.DM:
            raise errors.cannot_dm_bot()
        looked(ctx, channel_id)

    messages._send_permissions = send_permissions  # noqa: SLF001
    try:
        yield
    finally:
        messages._send_permissions = looked  # noqa: SLF001
