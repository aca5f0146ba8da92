"""Whether a person may start one more job: access rules, and the quotas of the person and their server."""

from __future__ import annotations

from bot.config import LimitSettings
from bot.errors import Refusal
from bot.jobs.access_policy import AccessPolicy
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.values.job import Job, JobKind, Origin


class Allowance:
    """The limits set by the operator and the server's managers. The store enforces the quota when it writes the job."""

    def __init__(self, *, access_policy: AccessPolicy, people: Pseudonyms, settings: LimitSettings) -> None:
        self._access_policy = access_policy
        self._people = people
        self._settings = settings

    def check_access(self, owner_id: int, origin: Origin) -> None:
        """Raise Refusal if that person may not use the bot in that place."""
        reason = self._access_policy.refusal(user_id=owner_id, guild_id=origin.guild_id, channels=(origin.channel_id,))
        if reason is not None:
            raise Refusal(reason)

    def check_roles(self, kind: JobKind, origin: Origin) -> None:
        """Raise Refusal if the server's managers allow this kind of job to other roles only."""
        reason = self._access_policy.role_refusal(kind, origin.guild_id, origin.roles)
        if reason is not None:
            raise Refusal(reason)

    def quota(self, job: Job) -> Quota:
        """The quota for ``job``. A preview takes a running place, but does not count towards the day."""
        allowed = self._settings
        if not job.counted:
            return Quota(
                running=allowed.running_per_user, waiting=allowed.waiting_per_user, in_all=allowed.running_in_all
            )
        guild, people, video = job.origin.guild_id, self._people, job.kind is JobKind.VIDEO
        user_key = people.of(job.owner_id)
        server_key = None if guild is None else people.of_server(guild)
        user_credits = people.for_credits(user_key)
        server_credits = None if server_key is None else people.for_credits(server_key)
        member_key = None if server_key is None else people.in_server(user_key, server_key)
        member_credits = None if member_key is None else people.for_credits(member_key)
        if video:
            user_key = people.for_videos(user_key)
            server_key = None if server_key is None else people.for_videos(server_key)
            member_key = None if member_key is None else people.for_videos(member_key)
        of_server = allowed.videos_per_server_per_day if video else allowed.per_server_per_day
        return Quota(
            running=allowed.running_per_user,
            waiting=allowed.waiting_per_user,
            day=allowed.videos_per_user_per_day if video else allowed.per_user_per_day,
            server_day=self._access_policy.day_limit(job.kind, guild, of_server),
            in_all=allowed.running_in_all,
            member_day=self._access_policy.role_limit(job.kind, guild, job.origin.roles),
            user_key=user_key,
            member_key=member_key,
            server_key=server_key,
            credits=allowed.credits_per_user_per_day,
            server_credits=self._access_policy.credits(guild, allowed.credits_per_server_per_day),
            member_credits=self._access_policy.member_credits(guild, job.origin.roles),
            user_credits_key=user_credits,
            server_credits_key=server_credits,
            member_credits_key=member_credits,
        )
