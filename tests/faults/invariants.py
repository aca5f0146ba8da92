"""What must hold after every scenario, whenever the bot was killed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot import limits
from playground.provider.generation import VideoSubmission
from tests.faults.bystanders import TAKEN_BACK, taken_back
from tests.faults.cast import PRICES
from tests.faults.people import Person
from tests.faults.rows import Kept, Row
from tests.wire.scene import Provider

UNKNOWN_INTERACTION = 10062
MAY_BE_CHARGED = "may have been charged"
_SAYS = {"failed": "nothing is charged", "unknown": MAY_BE_CHARGED}
_MADE = {"character": "Reusable task ID", "video": "Characters"}
_FREE = {"failed", "cancelled"}
_UNTIDY = re.compile(r"Traceback|step_defect|runner_fault|_failed\b.*error_id|unforeseen_refusal|never retrieved")


@dataclass
class Findings:
    """``wrong`` is empty when all is well. ``undecidable``: second messages where nobody could know of the first.

    ``expired``: answers whose tokens died while the bot was down, before it could say more than "thinking".
    ``unasked``: commands that were answered before their row, because the database was slow, and had none at the kill.
    ``miscounted``: jobs whose credits counted though they cost nothing, or did not though they may.
    ``too_late``: commands whose answer Discord did not take any more (10062), so that their jobs were cancelled.
    ``taken_back``: videos that ended unsent, since the owner of a borrowed character had taken it back.
    """

    jobs: int = 0
    unknown: int = 0
    in_tasks: int = 0
    lost: int = 0
    double_submits: int = 0
    second_messages: int = 0
    undecidable: int = 0
    expired: int = 0
    unasked: int = 0
    too_late: int = 0
    orphans: int = 0
    miscounted: int = 0
    taken_back: int = 0
    wrong: list[str] = field(default_factory=list)


def look(
    found: Findings,
    *,
    files: Path,
    kept: Kept,
    rows: Sequence[Row],
    people: Sequence[Person],
    provider: Provider,
    cut_off: set[str],
    expired: set[int],
    without_row: set[int],
    in_tasks: set[str],
    may_be_told_again: int,
    log: str,
) -> None:
    """Look at everything, and write down what is wrong.

    ``files``: the folder of the bot's files; ``kept``: what its database says is there.
    ``expired``: interactions whose tokens died while no bot ran. ``without_row``: those that had no row at a kill.
    ``may_be_told_again``: how often the bot was killed where it can never know whether its message arrived.
    """
    found.jobs = len(rows)
    too_late = {person.user.id for person in people if _answered_too_late(person, without_row)}
    _nothing_lost(found, rows, people, provider, cut_off, too_late)
    _nothing_twice(found, rows, provider)
    _told_once(found, rows, people, in_tasks, may_be_told_again, log)
    _no_progress_is_left(found, rows, people, log)
    _public_as_asked(found, rows, people, may_be_told_again)
    _nobody_waits(found, people, expired, without_row)
    counted_once(found, rows)
    _videos_kept_once(found, kept, rows)
    _no_orphans(found, files, kept, rows)
    if kept.damage:
        found.wrong.append(f"the database is damaged: {kept.damage}")
    found.wrong += [f"log: {line}" for line in _untidy(log)]


def _untidy(log: str) -> Iterator[str]:
    """Lines that tell of a defect, each traceback with all that belongs to it."""
    inside = False
    for line in log.splitlines():
        if inside or _UNTIDY.search(line):
            yield line
        # It ends with the first line that is not indented, which names the exception.
        inside = line.startswith("Traceback") or (inside and line[:1] in {"", " "})


def _nothing_lost(
    found: Findings,
    rows: Sequence[Row],
    people: Sequence[Person],
    provider: Provider,
    cut_off: set[str],
    too_late: set[int],
) -> None:
    known = {task.business_id for task in provider.tasks.values()} if provider.remembers_business_id else set()
    expected = {person.user.id: "cancelled" for person in people if person.cancels}
    expected |= {person.user.id: "failed" for person in people if person.fails}
    for row in rows:
        if row.done and row.outcome == expected.get(row.owner, "succeeded"):
            continue
        may_be_unknown = row.id in cut_off and row.id not in known and MAY_BE_CHARGED in row.failure
        if row.done and row.outcome == "unknown" and may_be_unknown:
            found.unknown += 1
            continue
        if row.done and row.outcome == "cancelled" and not row.submitted and row.owner in too_late:
            found.too_late += 1
            continue
        if row.done and taken_back(row):
            found.taken_back += 1
            continue
        found.lost += 1
        found.wrong.append(f"lost: {row}")
    for person in people:
        if not any(row.owner == person.user.id for row in rows):
            found.lost += 1
            found.wrong.append(f"lost: nothing is left of what {person.user.name} asked for")


def _answered_too_late(person: Person, without_row: set[int]) -> bool:
    """Whether they saw no answer to any of their commands, since Discord did not take it after its three seconds.

    Not counting those that a kill kept from having a row: nothing came of these.
    """
    refused = [call.path for call in person.user.discord.rest.calls if call.code == UNKNOWN_INTERACTION]
    late = [asked for asked in person.asked if any(f"/interactions/{asked.id}/" in path for path in refused)]
    return bool(late) and all(asked.original is None or asked.id in without_row for asked in person.asked)


def _nothing_twice(found: Findings, rows: Sequence[Row], provider: Provider) -> None:
    counted = Counter(submission.business_id for submission in provider.submissions)
    # Most models for videos know no id of ours. Nobody asks twice for the same: with nobody else's model, and one job.
    counted += Counter(_ordered_by(each, rows) for each in provider.videos.submissions)
    ours = {row.id for row in rows}
    for business_id, times in counted.items():
        if times > 1:
            found.double_submits += times - 1
            found.wrong.append(f"submitted {times} times: {business_id}")
        if business_id not in ours:
            found.lost += 1
            found.wrong.append(f"lost: a task of no job of ours: {business_id}")


def _ordered_by(submission: VideoSubmission, rows: Sequence[Row]) -> str:
    """The id of the job with that model."""
    model = submission.generation.model
    return next((row.id for row in rows if row.model == model), f"a video by {model}")


def counted_once(found: Findings, rows: Sequence[Row]) -> None:
    """The credits of each job count from its start, and no longer once it is sure that it costs nothing."""
    prices = {int(price * 1000) for price in PRICES.values()}
    for row in rows:
        if row.counted == (row.outcome in _FREE) or (row.kind == "video") != (row.credits in prices):
            found.miscounted += 1
            found.wrong.append(f"counted wrongly: {row}")


def _videos_kept_once(found: Findings, kept: Kept, rows: Sequence[Row]) -> None:
    made = {row.id for row in rows if row.kind == "video" and row.outcome == "succeeded"}
    if kept.videos != Counter(made):
        found.lost += len(made - kept.videos.keys())
        found.wrong.append(f"videos kept: {dict(kept.videos)}, made: {made}")


def _told_once(
    found: Findings, rows: Sequence[Row], people: Sequence[Person], in_tasks: set[str], may_be: int, log: str
) -> None:
    for row in rows:
        if row.outcome == "cancelled":
            continue  # whoever did it saw it
        person = next(person for person in people if person.user.id == row.owner)
        messages = person.results(row.id)
        if not messages and row.id in in_tasks:
            found.in_tasks += 1
            continue
        if not messages:
            found.lost += 1
            found.wrong.append(f"lost: nobody was told how it ended: {row}")
            continue
        more = len(messages) - 1
        if 0 < more <= may_be:
            found.undecidable += more
            if not re.search(rf"second_message_possible.*{row.id}", log):
                found.wrong.append(f"a second message that the bot did not count, about {row}")
        elif more:
            found.second_messages += more
            found.wrong.append(f"{more} second messages about {row}")
        says = _MADE[row.kind] if row.outcome == "succeeded" else _SAYS[row.outcome or "unknown"]
        says = TAKEN_BACK if taken_back(row) else says
        if not all(says in message.text for message in messages):
            found.wrong.append(f"the message does not say how it ended: {row}: {messages[0].text}")
        if row.outcome == "succeeded" and not all(message.files for message in messages):
            found.wrong.append(f"a result without its picture: {row}")


def _no_progress_is_left(found: Findings, rows: Sequence[Row], people: Sequence[Person], log: str) -> None:
    """Of a job that has ended nothing says in public that it runs, unless nobody could know that something does."""
    discord = people[0].user.discord
    footers = [
        footer
        for channel in list(discord.channels.values())
        for message in channel.messages
        if not message.deleted
        for footer in message.footers
    ]
    for row in rows:
        left = sum(f"{row.id}-run" in footer for footer in footers)
        if left and not re.search(rf"announcement_(perhaps_)?left.*{row.id}", log):
            found.wrong.append(f"{left} progress messages left of {row}")


def _public_as_asked(found: Findings, rows: Sequence[Row], people: Sequence[Person], may_be: int) -> None:
    """Only a result that was not asked for in private is public, once, and calls its owner once at the most."""
    for row in rows:
        person = next(person for person in people if person.user.id == row.owner)
        public = [message for message in person.results(row.id) if message.channel is person.channel]
        public = [message for message in public if not message.ephemeral]
        if public and (person.private or row.outcome != "succeeded"):
            found.wrong.append(f"told in public: {row}")
        if person.calls(row.id) > 1 + may_be:
            found.wrong.append(f"called {person.calls(row.id)} times: {row}")


def _nobody_waits(found: Findings, people: Sequence[Person], expired: set[int], without_row: set[int]) -> None:
    """An answer that says "is thinking" has a job behind it, and gives way to what that job says.

    Two may stay, and Discord ends them with their tokens. One had to go before its row: nothing was asked then, and
    whoever asked asks again. The other expired while the bot was down: its job says elsewhere how it ended.
    """
    slow = limits.ROW_BEFORE_ANSWER.total_seconds()
    for person in people:
        for asked in person.asked:
            answer = asked.original
            if answer is None or answer.deleted or not answer.loading:
                continue
            if asked.id in without_row and (asked.first_answer_took or 0.0) >= slow:
                found.unasked += 1
            elif asked.id in expired and asked.id not in without_row:
                found.expired += 1
            else:
                found.lost += 1
                found.wrong.append(f"lost: what {person.user.name} asked for is thinking for ever")


def _no_orphans(found: Findings, files: Path, kept: Kept, rows: Sequence[Row]) -> None:
    on_disk = {path.relative_to(files).as_posix(): path for path in files.rglob("*") if path.is_file()}
    for name, path in on_disk.items():
        if name.startswith("work/"):
            continue
        data = path.read_bytes()
        if kept.files.get(name) != (hashlib.sha256(data).hexdigest(), len(data)):
            found.orphans += 1
            found.wrong.append(f"a file that no row refers to: {name}")
    for key in kept.files.keys() - on_disk.keys():
        found.lost += 1
        found.wrong.append(f"lost: a row refers to a file that is gone: {key}")
    for key in kept.files.keys() ^ kept.used:
        found.orphans += 1
        found.wrong.append(f"a row of a file that no character has, or the other way round: {key}")
    # One that is unclear may be sent again, and one that failed may lead on to another.
    wanted = {row.id for row in rows if not row.done or row.outcome in ("unknown", "failed")}
    work = files / "work"
    for left in work.iterdir() if work.exists() else ():
        if left.name not in wanted:
            found.orphans += 1
            found.wrong.append(f"a work folder of no unfinished job: {left.name}")
