"""The lease of a job that a test has claimed."""

from __future__ import annotations

from bot.store.jobs import JobStore
from bot.values.job import Lease


async def lease_of(jobs: JobStore, job_id: str) -> Lease:
    """The one under which its row can be written now."""
    job = await jobs.get(job_id)
    assert job is not None
    assert job.lease_owner is not None, "nobody has claimed it"
    return job.lease
