"""Private avatars: a picture or clip of somebody who does not exist, registered once and then referred to by id.

Seedance refuses pictures of people who might be real, and accepts an asset instead ("asset://<id>"). Assets cost
nothing, and cannot be deleted: the provider documents no call for that, and its account has some fifty places.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from bot.provider import error_mapping
from bot.provider.error_mapping import About, Purpose
from bot.provider.transport import Call
from bot.provider.wire import AvatarAnswer

_BASE = "/v1/videos/doubao-seedance-2-0/private-avatar"
_ABOUT = About(purpose=Purpose.AVATAR)
_READ = About(purpose=Purpose.READ)
_REFUSED = frozenset({"failed", "error", "rejected"})

Ask: TypeAlias = Callable[[Call, About], Awaitable[dict[str, Any]]]


class AssetState(StrEnum):
    """The state of an asset; an unknown status counts as processing."""

    PROCESSING = "processing"
    ACTIVE = "active"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AvatarAsset:
    """One picture or clip of somebody at the provider."""

    id: str
    state: AssetState


def asset_address(asset_id: str) -> str:
    """The asset's address, used in requests in place of a URL."""
    return f"asset://{asset_id}"


class PrivateAvatars:
    """The calls for groups and assets. Each raises a :class:`~bot.provider.errors.ProviderError`, and never retries."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create_group(self, name: str, description: str) -> str:
        """Create a group, which every asset belongs to; returns its id. One is enough for a bot."""
        answer = await self._call("POST", "/groups", {"name": name, "description": description}, _ABOUT)
        if not answer.group_id:
            raise error_mapping.unclear(_ABOUT, status=200, code="no group id")
        return answer.group_id

    async def create_asset(self, group_id: str, url: str, *, kind: Literal["image", "video"], name: str) -> AvatarAsset:
        """Register the picture or clip at ``url`` (an upload of ours), which the provider reviews for a while.

        Raises :class:`~bot.provider.errors.AvatarsFull` if no place is left.
        """
        fields = {"group_id": group_id, "asset_type": kind, "source_url": url, "name": name}
        answer = await self._call("POST", "/assets", fields, _ABOUT)
        if not answer.asset_id:
            raise error_mapping.unclear(_ABOUT, status=200, code="no asset id")
        return AvatarAsset(answer.asset_id, _state(answer.status))

    async def asset(self, asset_id: str) -> AvatarAsset:
        """Its current state. Raises :class:`~bot.provider.errors.UnknownTask` if the provider does not know it."""
        call = Call(method="GET", template=f"{_BASE}/assets/{{id}}", id=asset_id)
        answer = AvatarAnswer.model_validate(await self._ask(call, _READ))
        return AvatarAsset(asset_id, _state(answer.status))

    async def _call(self, method: str, path: str, fields: dict[str, str], about: About) -> AvatarAnswer:
        call = Call(method=method, template=_BASE + path, body=lambda: fields)
        return AvatarAnswer.model_validate(await self._ask(call, about))


def _state(status: str) -> AssetState:
    state = status.strip().lower()
    if state == AssetState.ACTIVE:
        return AssetState.ACTIVE
    return AssetState.REFUSED if state in _REFUSED else AssetState.PROCESSING
