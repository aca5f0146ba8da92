"""simcord's page in the browser, for a bot that works by itself: it shows what the bot does, when the bot does it.

As it comes, the page shows something new only after somebody acted in it, refuses a click on anything that was
published again since, fails where two things happen at once, and takes a refusal for a failure of the bot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from simcord import Env, MemberActor, SetupError
from simcord.builders import ChannelHandle
from simcord.preview import Preview, _markdown, _media
from simcord.preview._server import PreviewServer

from bot.errors import CastbookError
from playground.apps_command import NAME, find_message

if TYPE_CHECKING:
    from simcord.backend.models import Interaction
    from simcord.preview._actions import _Action
    from simcord.preview._pages import _Page

# As in Discord, people and commands are shown as such in an embed's texts, too; the page leaves them as markup.
for _place in ("embed_description", "embed_field_value"):
    _markdown._FIELD_POLICIES[_place] |= {"mentions": True, "commands": True}  # noqa: SLF001 - see LivePreview

# It checks one picture after the other, and gives up on what has waited for 30 seconds or is ninth in line: on a busy
# machine a page of faces had "Gallery item unavailable" in it, though every file of the bot's was whole.
_media.WORKER_DEADLINE_SECONDS, _media.MAX_QUEUE = 300.0, 100

LOOK = 0.25  # seconds between two checks whether the bot has called Discord
PHONE = (390, 844)  # pixels of a page, as CSS counts them
TURN = 0.02  # seconds until one of two things at once is tried again


class LivePreview(Preview):
    """``async with LivePreview(env, channel, viewers, port=0) as page``, with :meth:`follow` running: ``page.url``.

    Everybody sees ``channel``, but for those who have one of their own in ``places``, by their user ids. A second
    address, ``page.phone_url``, shows the same as wide as a phone. What is overridden here is private to simcord, whose
    version is pinned for that.
    """

    def __init__(
        self,
        env: Env,
        channel: ChannelHandle,
        viewers: Sequence[MemberActor],
        *,
        port: int,
        places: Mapping[int, ChannelHandle] | None = None,
    ) -> None:
        self._places = places or {}
        self._here: ContextVar[ChannelHandle] = ContextVar("channel of the page that acts")
        self._phone = _PhoneServer(self)
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

    @property
    def channel(self) -> ChannelHandle:
        """The current channel: that of the page in which somebody acts."""
        return self._here.get(self._channel)

    @channel.setter
    def channel(self, channel: ChannelHandle) -> None:
        self._channel = channel

    @property
    def phone_url(self) -> str:
        """The address of the page as wide as a phone; as secret as ``url``."""
        return f"http://localhost:{self._phone.port}/#{self.capability}"  # the page's server takes this host as well

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self._phone.start()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._phone.close()
        await self.close()

    async def follow(self) -> None:
        """Publish what is new, without end. If nothing happened, nothing is published: forms stay undisturbed."""
        shown = -1
        while True:
            happened = len(self.env.http_requests)
            if happened != shown:
                try:
                    await self.refresh()
                    shown = happened
                except (SetupError, TimeoutError):
                    pass  # somebody is acting just now, or the bot is busy: at the next check
            await asyncio.sleep(LOOK)

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out what somebody does at any revision of the page: the bot may have changed it since they looked."""
        page = self._get_page(context_id)
        if body.get("kind") == "viewer":
            page.channel_id = self._place(self._viewer(body.get("viewer_id"))).id
        self._here.set(self._place(page.viewer))
        while True:
            try:
                return await super()._action(context_id, {**body, "published_revision": page.revision})
            except SetupError:  # raised before anything is taken: the clock or follow() is at work just now
                await asyncio.sleep(TURN)

    def _place(self, viewer: MemberActor) -> ChannelHandle:
        return self._places.get(viewer.id, self._channel)

    def _prepare_action(self, page: _Page, kind: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - simcord's
        """Plan what somebody does. ``/apps`` is not a command of the bot: it opens the menu of a message."""
        plan = super()._prepare_action(page, kind, body)
        if kind != "run_command" or body["path"] != [NAME]:
            return plan
        menu, target = body["options"]["menu"], find_message(self.channel, body["options"]["message"])
        if target is None:
            raise SetupError("that message is gone")

        async def open_menu(action: _Action, cursor: int) -> dict[str, Any]:
            opening = page.viewer.context_menu(self.channel, menu, target)
            return await self._run_interaction_action(page, action, cursor, opening)

        return open_menu

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
        """How an action ended. One that the bot refused counts as successful: the person was told why."""
        raised = self.env.errors_since(cursor)
        if all(isinstance(getattr(each, "original", each), CastbookError) for each in raised):
            cursor = self.env.error_cursor
        return super()._finish_action(
            page, action, settlement, cursor, error, interaction=interaction, extra_diagnostics=extra_diagnostics
        )


class _PhoneServer(PreviewServer):
    """Serves the same session at its own address, with pages as wide as a phone."""

    async def _pages(self, request: web.Request) -> web.Response:
        known = set(self.preview._pages)  # noqa: SLF001 - see LivePreview
        answer: web.Response = await super()._pages(request)
        for page in (page for name, page in self.preview._pages.items() if name not in known):  # noqa: SLF001
            page.display, page.width, page.height = "fixed", *PHONE
            self.preview._publish(page, reason="presentation")  # noqa: SLF001
            answer = web.json_response(self.preview._page_payload(page), headers=self._SECURITY_HEADERS)  # noqa: SLF001
        return answer
