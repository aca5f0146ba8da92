"""The readiness probes of a process, by its role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.app.roles import Role
from bot.web.health import Probe

if TYPE_CHECKING:
    from bot.app.build import App


def probes_of(app: App) -> dict[str, Probe]:
    """The probes, by the names in ``/readyz``."""

    async def gateway() -> bool:
        return app.client.is_ready() and not app.client.is_closed()

    async def interactions() -> bool:
        return app.client.takes_interactions and not app.client.handlers.draining

    async def jobs() -> bool:
        return app.runner.alive

    probes: dict[str, Probe] = {}
    if app.role.answers:
        probes |= {"interactions": interactions} if app.role is Role.HTTP else {"gateway": gateway}
    probes["database"] = app.stores.database.writable
    if app.works:
        probes["jobs"] = jobs
    return probes
