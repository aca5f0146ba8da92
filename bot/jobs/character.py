"""The job that makes a character: its steps, in the order in which they are done."""

from __future__ import annotations

from bot.jobs.choose import Choose
from bot.jobs.collect import Collect
from bot.jobs.deliver import Deliver
from bot.jobs.leased_job import Steps
from bot.jobs.prepare import Prepare
from bot.jobs.submit import Submit
from bot.jobs.watch import Watch
from bot.values.job import Step


def character_steps(
    prepare: Prepare, choose: Choose, submit: Submit, watch: Watch, collect: Collect, deliver: Deliver
) -> Steps:
    """prepare → (choose) → submit → watch → collect → deliver."""
    return {
        Step.PREPARE: prepare,
        Step.CHOOSE: choose,
        Step.SUBMIT: submit,
        Step.WATCH: watch,
        Step.COLLECT: collect,
        Step.DELIVER: deliver,
    }
