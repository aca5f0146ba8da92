"""Private avatars: the provider is shown files of characters who do not exist once, and the assets are used again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

import structlog

from bot.provider.errors import AvatarsFull, BadRequest, UnknownTask
from bot.provider.private_avatars import AssetState, AvatarAsset, PrivateAvatars, asset_address
from bot.provider.refusal_texts import AVATARS_FULL, FILE_REFUSED, Purpose
from bot.store.avatars import AvatarStore
from bot.values.files import StoredFile

_log = structlog.get_logger(__name__)

_GROUP = ("Castbook", "Characters who do not exist")


class AvatarAssets:
    """Creates an asset if there is none yet; the provider then takes a while to review it.

    ``places``: how many assets ``store`` keeps.
    """

    def __init__(self, store: AvatarStore, provider: PrivateAvatars, *, places: int) -> None:
        self._store = store
        self._provider = provider
        self._places = places

    def check_room(self, files: int) -> None:
        """Raise :class:`~bot.provider.errors.AvatarsFull` if one video has more files than can be kept at once."""
        if files > self._places:
            raise AvatarsFull(AVATARS_FULL, code="avatar_slots")

    async def address(
        self,
        owner_id: int,
        character_id: int,
        file: StoredFile,
        upload: Callable[[], Awaitable[str]],
        *,
        now: datetime,
    ) -> str | None:
        """The address of ``file`` of the owner's character for a request; ``None`` while the provider reviews it.

        ``upload`` sends the file to the provider; it is awaited only if there is no asset. Raises a
        :class:`~bot.provider.errors.ProviderError`: BadRequest if the provider refuses the file.
        """
        known = (await self._store.used(owner_id, character_id, [file.sha256], now=now)).get(file.sha256)
        asset = None if known is None else await self._standing(known)
        if asset is None:
            asset = await self._made(file, await upload(), now)
            forgotten = await self._store.add(owner_id, character_id, file.sha256, asset.id, now=now)
            if forgotten:
                _log.info("avatars_forgotten", count=len(forgotten))
        if asset.state is AssetState.REFUSED:
            await self._store.forget(asset.id)
            raise BadRequest(FILE_REFUSED[Purpose.AVATAR], code="asset refused")
        return asset_address(asset.id) if asset.state is AssetState.ACTIVE else None

    async def _standing(self, asset_id: str) -> AvatarAsset | None:
        try:
            return await self._provider.asset(asset_id)
        except UnknownTask:  # evicted to make room for another one
            await self._store.forget(asset_id)
            return None

    async def _made(self, file: StoredFile, url: str, now: datetime) -> AvatarAsset:
        group = await self._store.group()
        if group is None:
            group = await self._store.keep_group(await self._provider.create_group(*_GROUP), now=now)
        kind: Literal["image", "video"] = "video" if file.mime.startswith("video/") else "image"
        return await self._provider.create_asset(group, url, kind=kind, name=file.sha256[:16])
