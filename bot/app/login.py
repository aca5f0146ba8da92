"""Logging in to Discord, and receiving interactions over the gateway or over HTTP."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import discord
import structlog

from bot.chat.client import CastbookClient, point_at
from bot.config import DiscordSettings
from bot.errors import BadConfiguration, BadStart

_log = structlog.get_logger(__name__)


async def log_in(client: discord.Client, settings: DiscordSettings) -> None:
    """Log in over REST, at the configured address. Raises BadStart; the client is closed then."""
    point_at(settings.api_url, settings.gateway_url)
    if settings.public_key:
        logging.getLogger("discord.client").addFilter(_is_no_false_alarm)
    try:
        await client.login(settings.token.get_secret_value())
    except discord.LoginFailure as error:
        await client.close()
        raise BadStart("Discord refuses discord.token; take a new one from the developer portal.") from error
    except (OSError, aiohttp.ClientError, discord.HTTPException) as error:
        await client.close()
        raise BadStart("Discord cannot be reached at discord.api_url; check the network and the address.") from error


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    """discord.py warns that interactions go to an endpoint and not to it, without knowing that it is ours."""
    return "interaction endpoint URL" not in record.getMessage()


async def serve_on_gateway(client: CastbookClient, settings: DiscordSettings) -> None:
    """Log in and stay connected until the client is closed. Raises BadStart."""
    await log_in(client, settings)
    if settings.gateway_url:  # with a fixed number of shards, discord.py uses its default gateway, which is ours now
        count, _, _ = await client.http.get_bot_gateway()
        client.shard_count = client.shard_count if client.shard_ids else count
    await client.connect()


async def serve_over_http(client: CastbookClient, settings: DiscordSettings) -> None:
    """Log in, and let the endpoint handle interactions until this is cancelled. Raises BadStart."""
    if not settings.public_key:
        raise BadConfiguration(
            "discord.public_key is needed to take interactions over HTTP: the Public Key in the developer portal, "
            "under General Information."
        )
    await log_in(client, settings)
    interactions_come(client.application, settings)
    if client.application is not None and client.application.interactions_endpoint_url is None:
        _log.warning("no_interactions_endpoint_url", needed="the developer portal, General Information")
    await asyncio.Event().wait()


def interactions_come(application: discord.AppInfo | None, settings: DiscordSettings) -> str:
    """Describe to the operator how interactions arrive. Raises BadStart if they cannot."""
    endpoint = application.interactions_endpoint_url if application is not None else None
    known = application.verify_key if application is not None else ""
    if settings.public_key and settings.public_key.lower() != known.lower():
        raise BadConfiguration(
            "discord.public_key is not the key of the application that discord.token belongs to; copy it again from "
            "the developer portal, under General Information."
        )
    if endpoint and not settings.public_key:
        raise BadConfiguration(
            "Discord sends interactions to the Interactions Endpoint URL in the developer portal and nothing over the "
            "gateway: remove that address, or set discord.public_key so that they are taken at /interactions."
        )
    if endpoint:
        return f"interactions come over HTTP, to {endpoint}, and nothing over the gateway"
    if settings.public_key:
        return "interactions come over the gateway until the developer portal has an Interactions Endpoint URL"
    return "interactions come over the gateway"
