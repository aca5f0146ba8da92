"""What a process of this role must be able to do, to be called healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.app.roles import Role
from bot.web.health import Probe

if TYPE_CHECKING:
    from bot.app.build import App


def probes_of(app: App) -> dict[str, Probe]:
    """By the name that an answer of the health server has for it."""

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
