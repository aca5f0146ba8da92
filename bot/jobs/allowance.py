"""Whether a person may have one more job: who is let in, and how many jobs they and their server may have."""

from __future__ import annotations

from bot.config import LimitSettings
from bot.errors import Refusal
from bot.jobs.access_policy import AccessPolicy
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.values.job import Job, Origin


class Allowance:
    """What the settings and a server's managers allow. The store counts against it as it writes the job."""

    def __init__(self, *, access_policy: AccessPolicy, people: Pseudonyms, settings: LimitSettings) -> None:
        self._access_policy = access_policy
        self._people = people
        self._settings = settings

    def check_access(self, owner_id: int, origin: Origin) -> None:
        """Raises Refusal where the bot takes nothing from that person in that place."""
        reason = self._access_policy.refusal(user_id=owner_id, guild_id=origin.guild_id, channels=(origin.channel_id,))
        if reason is not None:
            raise Refusal(reason)

    def quota(self, job: Job) -> Quota:
        """What ``job`` counts against. One that only looks takes a place, but none in anybody's day."""
        allowed = self._settings
        if not job.counted:
            return Quota(
                running=allowed.running_per_user, waiting=allowed.waiting_per_user, in_all=allowed.running_in_all
            )
        guild = job.origin.guild_id
        return Quota(
            running=allowed.running_per_user,
            waiting=allowed.waiting_per_user,
            day=allowed.per_user_per_day,
            server_day=self._access_policy.day_limit(guild, allowed.per_server_per_day),
            in_all=allowed.running_in_all,
            user_key=self._people.of(job.owner_id),
            server_key=None if guild is None else self._people.of_server(guild),
        )
