"""Whether somebody shown in a job's video has said no to its owner: checked before a character is made from it."""

from __future__ import annotations

from bot.errors import BadSource
from bot.store.consent_denials import ConsentDenialStore, task_hash
from bot.texts import text
from bot.values.job import Job
from bot.values.source import EarlierTask


async def check_consent_denials(consent_denials: ConsentDenialStore, job: Job) -> None:
    """Raise BadSource if somebody in the job's video has said no to its owner.

    A no covers the video that it was about, whatever else is made from it.
    """
    of = source_hash(job)
    if of is not None and await consent_denials.denied_hashes(job.owner_id, [of]):
        raise BadSource(
            text(
                "Someone in this video said no when you asked, so I won't make a character from it. Nothing was "
                "charged."
            )
        )


def source_hash(job: Job) -> str | None:
    """What identifies the video that a character is made from: its SHA-256, or the hash of its task's id."""
    source = job.about_source.source
    return task_hash(source.task_id) if isinstance(source, EarlierTask) else job.seen.sha256
