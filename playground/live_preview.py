"""simcord's page in the browser, beside a bot that goes on by itself: it shows what the bot does, when the bot does it.

As it comes, the page shows something new only after somebody acted in it, refuses a click on anything that was
published anew since, fails where two things happen at once, and takes a refusal for a failure of the bot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simcord import Env, MemberActor, SetupError
from simcord.builders import ChannelHandle
from simcord.preview import Preview, _markdown

from bot.errors import CastbookError

if TYPE_CHECKING:
    from simcord.backend.models import Interaction
    from simcord.preview._actions import _Action
    from simcord.preview._pages import _Page

# As in Discord, people and commands are shown as such in an embed's texts, too; the page leaves them as markup.
for _place in ("embed_description", "embed_field_value"):
    _markdown._FIELD_POLICIES[_place] |= {"mentions": True, "commands": True}  # noqa: SLF001 - see LivePreview

LOOK = 0.25  # seconds between two looks whether the bot has spoken to Discord
TURN = 0.02  # seconds until one of two things at once is tried again


class LivePreview(Preview):
    """``async with LivePreview(env, channel, viewers, port=0) as page``, with :meth:`follow` running: ``page.url``.

    What it overrides is private to simcord, whose version is pinned for that.
    """

    def __init__(self, env: Env, channel: ChannelHandle, viewers: Sequence[MemberActor], *, port: int) -> None:
        super().__init__(
            env,
            channel,
            tuple(viewers),
            layout="channel",
            display="responsive",
            width=960,
            height=720,
            locale="en-US",
            timezone="UTC",
            presentation_time=None,
            assets=None,
            port=port,
        )

    async def follow(self) -> None:
        """Publish what became new, for ever. Nothing is published where nothing happened: forms stay undisturbed."""
        shown = -1
        while True:
            happened = len(self.env.http_requests)
            if happened != shown:
                try:
                    await self.refresh()
                    shown = happened
                except (SetupError, TimeoutError):
                    pass  # somebody is acting just now, or the bot is busy: at the next look
            await asyncio.sleep(LOOK)

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """What somebody does in the page, at whichever revision of it: the bot may have gone on since they looked."""
        while True:
            page = self._get_page(context_id)
            try:
                return await super()._action(context_id, {**body, "published_revision": page.revision})
            except SetupError:  # raised before anything is taken: the clock or follow() is at work just now
                await asyncio.sleep(TURN)

    def _finish_action(
        self,
        page: _Page,
        action: _Action,
        settlement: str,
        cursor: int,
        error: BaseException | None = None,
        *,
        interaction: Interaction | None = None,
        extra_diagnostics: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """How an action ended. One that the bot refused ended well: whoever acted was told why."""
        raised = self.env.errors_since(cursor)
        if all(isinstance(getattr(each, "original", each), CastbookError) for each in raised):
            cursor = self.env.error_cursor
        return super()._finish_action(
            page, action, settlement, cursor, error, interaction=interaction, extra_diagnostics=extra_diagnostics
        )
