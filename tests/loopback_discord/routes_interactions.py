"""Routes that belong to an interaction: its first answer, and what its token allows for 15 minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.loopback_discord.api_errors import (
    too_many_followups,
    unknown_interaction,
    unknown_webhook,
)
from tests.loopback_discord.component_rules import check_choices, check_modal
from tests.loopback_discord.composing import Body, wants_ephemeral
from tests.loopback_discord.incoming import Call
from tests.loopback_discord.interactions import (
    CHOICES,
    DEFERRED_MESSAGE,
    DEFERRED_UPDATE,
    MESSAGE,
    MODAL,
    UPDATE,
    USER_INSTALL_FOLLOWUPS,
    Interaction,
    Modal,
)
from tests.loopback_discord.keeping import kept_components
from tests.loopback_discord.messages import Message

if TYPE_CHECKING:
    from tests.loopback_discord.server import LoopbackDiscord


class InteractionRoutes:
    """/interactions/{id}/{token}/callback and /webhooks/{app}/{token}."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord

    def routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        hook = r"/webhooks/(\d+)/([^/]+)"
        one = hook + r"/messages/(@original|\d+)"
        return [
            ("POST", r"/interactions/(\d+)/([^/]+)/callback", self.callback),
            ("POST", hook, self.follow_up),
            ("GET", one, self.get),
            ("PATCH", one, self.edit),
            ("DELETE", one, self.delete),
        ]

    # -- the first answer ------------------------------------------------------------------------------------------

    async def callback(self, call: Call, interaction_id: str, token: str) -> Any:
        interaction = self._discord.interactions.get(token)
        if interaction is None or str(interaction.id) != interaction_id:
            raise unknown_interaction()
        answer_type = interaction.check_first_answer(call.body.message.get("type"))
        inner = Body(call.body.message.get("data") or {}, call.body.uploads)
        self._perform(interaction, answer_type, inner)
        interaction.acknowledge(answer_type)
        if call.query.get("with_response", "").lower() not in ("1", "true"):
            return None
        return self._callback_response(interaction)

    def _perform(self, interaction: Interaction, answer_type: int, body: Body) -> None:
        only_for = interaction.user if self._ephemeral(interaction, body) else None
        composer = self._discord.composer
        if answer_type == MESSAGE:
            interaction.original = composer.write(body, interaction.channel, by=interaction, only_for=only_for)
        elif answer_type == DEFERRED_MESSAGE:
            interaction.original = composer.thinking(interaction.channel, interaction, only_for)
        elif answer_type == UPDATE:
            assert interaction.message is not None
            interaction.original = composer.edit(interaction.message, body)
        elif answer_type == DEFERRED_UPDATE:
            interaction.original = interaction.message
        elif answer_type == CHOICES:
            check_choices(body.message, interaction.data["focused_type"])
            interaction.choices = body.message.get("choices") or []
        elif answer_type == MODAL:
            check_modal(body.message)
            components = kept_components(body.message["components"])
            interaction.modal = Modal(interaction, {**body.message, "components": components})

    def _ephemeral(self, interaction: Interaction, body: Body) -> bool:
        return interaction.forced_ephemeral or wants_ephemeral(body.message)

    def _callback_response(self, interaction: Interaction) -> dict[str, Any]:
        about: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
        response: dict[str, Any] = {"interaction": about}
        message = interaction.original
        if message is not None:
            about |= {
                "response_message_id": str(message.id),
                "response_message_loading": message.loading,
                "response_message_ephemeral": message.ephemeral,
            }
            if interaction.answer_type in (MESSAGE, UPDATE):
                response["resource"] = {"type": interaction.answer_type, "message": message.payload()}
        return response

    # -- the token's 15 minutes ------------------------------------------------------------------------------------

    async def follow_up(self, call: Call, app_id: str, token: str) -> Any:
        interaction = self._interaction(app_id, token)
        original = interaction.original
        if original is not None and original.loading and not original.deleted:
            # takes the place of "thinking", and is as ephemeral as that was
            return self._discord.composer.edit(original, call.body).payload()
        if interaction.by_user_install_only and len(interaction.followups) >= USER_INSTALL_FOLLOWUPS:
            raise too_many_followups()
        only_for = interaction.user if self._ephemeral(interaction, call.body) else None
        composer = self._discord.composer
        message = composer.write(call.body, interaction.channel, by=interaction, only_for=only_for)
        interaction.followups.append(message)
        return message.payload()

    async def get(self, _call: Call, app_id: str, token: str, message_id: str) -> Any:
        return self._target(app_id, token, message_id).payload()

    async def edit(self, call: Call, app_id: str, token: str, message_id: str) -> Any:
        message = self._target(app_id, token, message_id)
        return self._discord.composer.edit(message, call.body).payload()

    async def delete(self, _call: Call, app_id: str, token: str, message_id: str) -> Any:
        self._target(app_id, token, message_id).delete()

    def _interaction(self, app_id: str, token: str) -> Interaction:
        interaction = self._discord.interactions.get(token)
        if interaction is None or int(app_id) != self._discord.bot.id:
            raise unknown_webhook()
        interaction.check_token()
        return interaction

    def _target(self, app_id: str, token: str, message_id: str) -> Message:
        return self._interaction(app_id, token).target(message_id)
