"""Builds the Discord side apart from the commands: the client, the courier, and the updates of sent messages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.app.roles import Shards, identify_buckets
from bot.chat.character_cards import CharacterCards
from bot.chat.client import CastbookClient
from bot.chat.courier import DiscordCourier
from bot.chat.interaction_handlers import InteractionHandlers
from bot.chat.message_updates import MessageUpdates
from bot.chat.operator_alarms import OperatorAlarms
from bot.chat.pending_results import PendingResults
from bot.jobs.character_offers import CharacterOffers
from bot.store.notifications import Topic

if TYPE_CHECKING:
    from bot.app.build import App


def client_of(app: App, shards: int | Shards | None) -> CastbookClient:
    """The client; its commands are added once the database is open. ``shards``: how many, or which run here."""
    stores, clock = app.stores, app.clock
    return CastbookClient(
        clock=clock,
        handlers=InteractionHandlers(app.access_policy),
        pending_results=PendingResults(
            lambda owner_id: stores.owned_jobs.pending(owner_id, now=clock()),
            stores.person_consents,
            tell_others=partial(stores.database.notifications.send, Topic.TOLD),
        ),
        commands_store=stores.commands,
        dev_guild=app.settings.discord.dev_guild,
        shards=shards if isinstance(shards, int) or shards is None else (shards.ids, shards.count),
        buckets=identify_buckets(stores.database),
        syncs_commands=app.role.answers,
    )


def courier_of(app: App) -> DiscordCourier:
    """The courier: delivers through the client, and records what it sent."""
    return DiscordCourier(
        app.client,
        app.stores.files,
        clock=app.clock,
        alarms=OperatorAlarms(app.client, app.settings.discord.owners, app.clock, app.stores.told_alarms),
        sends=app.places.sends,
        record_sent=app.record_sent,
    )


def character_cards_of(app: App) -> CharacterCards:
    """Renders the card that a character's owner sees, with the price of making it with a model."""
    offers = CharacterOffers(app.availability, app.settings.toapis.prices)
    return CharacterCards(app.stores.characters, app.stores.groups, app.face_rows, offers)


def message_updates_of(app: App) -> MessageUpdates:
    """Updates sent messages when the characters they show change."""
    return MessageUpdates(
        app.client,
        app.stores.sent_messages,
        cards=app.character_cards,
        characters=app.stores.characters,
        jobs=app.stores.owned_jobs,
        files=app.stores.files,
        clock=app.clock,
        random=app.random,
        sends=app.places.sends,
    )
