"""What starts a job: the attached file, and where an interaction came from, in each kind of place that Discord has."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.chat.job_requests import attached, origin_of
from bot.errors import BadFile
from bot.values.source import Attachment
from tests.chat.samples import APP_ID, CHANNEL_ID, GUILD_ID, OWNER_ID, Now

MB = 1024 * 1024
PERSON = {"id": str(OWNER_ID), "username": "ada", "discriminator": "0", "avatar": None}
MEMBER = {"user": PERSON, "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False,
          "permissions": "0", "flags": 0}  # fmt: skip
ROOM = {"id": str(CHANNEL_ID), "type": 0, "name": "general", "position": 0, "permissions": "0"}
SERVER = {"guild_id": str(GUILD_ID), "member": MEMBER, "context": 0, "channel": ROOM}
DM = {"user": PERSON, "context": 1, "channel": {"id": str(CHANNEL_ID), "type": 1, "recipients": [PERSON]}}
GROUP = {"user": PERSON, "context": 2, "channel": {"id": str(CHANNEL_ID), "type": 3, "recipients": [PERSON]}}
IN_SERVER, BY_PERSON = {"0": str(GUILD_ID)}, {"1": str(OWNER_ID)}


def interaction(client: discord.Client, **place: Any) -> discord.Interaction[Any]:
    payload: dict[str, Any] = {
        "id": "1", "application_id": str(APP_ID), "type": 2, "token": "tok", "version": 1, "locale": "de",
        "entitlements": [], "attachment_size_limit": 1, "app_permissions": "0",
        "data": {"id": "2", "name": "character", "type": 1},
    }  # fmt: skip
    return discord.Interaction(data=payload | place, state=client._connection)  # type: ignore[arg-type]  # a payload


@pytest.mark.parametrize(
    ("place", "installed", "guild", "member"),
    [
        (SERVER, IN_SERVER, GUILD_ID, True),
        (SERVER, BY_PERSON, GUILD_ID, False),
        (DM, {"0": "0"}, None, True),
        (GROUP, BY_PERSON, None, False),
        (SERVER | {"channel": {"id": "1", "type": 250}}, IN_SERVER, GUILD_ID, False),
    ],
    ids=["server", "server, user-installed", "direct message", "group", "unknown kind of channel"],
)
async def test_membership_by_place(
    client: discord.Client, now: Now, place: dict[str, Any], installed: dict[str, str], guild: int | None, member: bool
) -> None:
    here = interaction(client, **place, authorizing_integration_owners=installed)
    made = origin_of(here, private=False, ephemeral=False, clock=now)
    assert (made.guild_id, made.bot_is_member) == (guild, member)


EXTERNAL_APPS = 1 << 50


@pytest.mark.parametrize("installed", [IN_SERVER, BY_PERSON], ids=["in the server", "by the person"])
@pytest.mark.parametrize("allowed", [True, False])
async def test_where_apps_from_outside_answer_in_private_nobody_else_sees_the_result(
    client: discord.Client, now: Now, installed: dict[str, str], allowed: bool
) -> None:
    member = MEMBER | {"permissions": str(EXTERNAL_APPS if allowed else 0)}
    here = interaction(client, **SERVER | {"member": member}, authorizing_integration_owners=installed)
    made = origin_of(here, private=False, ephemeral=True, clock=now)
    assert made.hidden_by_server is (installed is BY_PERSON and not allowed)
    assert made.public is not made.hidden_by_server


async def test_everything_else_is_taken_along(client: discord.Client, now: Now) -> None:
    made = origin_of(interaction(client, **SERVER), private=True, ephemeral=False, clock=now)
    assert (made.channel_id, made.message_id, made.token, made.token_at) == (CHANNEL_ID, None, "tok", now.at)
    assert (made.locale, made.private, made.ephemeral) == ("de", True, False)
    assert "'tok'" not in repr(made)


def file(size: int) -> Any:
    return SimpleNamespace(url="https://cdn.example/clip.mp4?ex=1", filename="clip.mp4", size=size)


def test_what_fits_is_a_source() -> None:
    source = attached(file(50 * MB), max_bytes=50 * MB)
    assert source == Attachment(url="https://cdn.example/clip.mp4?ex=1", filename="clip.mp4", size=50 * MB)


def test_one_byte_too_many_is_refused_with_both_sizes() -> None:
    with pytest.raises(BadFile, match=r"is 51 MB, and the most I can take is 50 MB"):
        attached(file(50 * MB + 1), max_bytes=50 * MB)
