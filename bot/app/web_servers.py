"""Builds the HTTP servers: health, webhooks and exports on one port, metrics on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import metrics
from bot.app.gauges import Gauges
from bot.jobs.cast_exporter import LinkedExports
from bot.jobs.task_events import TaskEvents
from bot.store.gauges import GaugeStore
from bot.web.exports import export_routes
from bot.web.health import HealthServer
from bot.web.interactions import interaction_routes
from bot.web.metrics import MetricsServer
from bot.web.webhooks import webhook_routes

if TYPE_CHECKING:
    from bot.app.build import App


def health_server(app: App) -> HealthServer:
    """With webhooks; with interactions and exports if they are configured."""
    web, cast = app.settings.web, app.cast
    events = TaskEvents(events=app.stores.events, workers=app.runner, clock=app.clock)
    webhooks = webhook_routes(app.settings.toapis.webhook_secrets, events, app.clock)
    taken = app.stores.taken_interactions if app.stores.database.shared else None
    interactions = interaction_routes(app.settings.discord.public_key, app.client, app.clock, taken=taken)
    exports = export_routes(LinkedExports(cast.exporter, cast.export_links)) if web.public_url else ()
    of_web = (*webhooks, *exports) if app.role.serves else ()
    return HealthServer(web, app.probes, routes=(*of_web, *(interactions if app.role.answers else ())))


def metrics_server(app: App) -> MetricsServer:
    """Serves the counters, and the gauges, which are read from the database at each scrape."""
    gauges = Gauges(GaugeStore(app.stores.database), app.clock, models=app.availability.table)
    web = app.settings.web
    return MetricsServer(web.metrics_host, web.metrics_port, metrics.REGISTRY, gauges.read)
