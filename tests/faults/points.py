"""Where the bot is killed: at a named point of its work, or at some moment; and what it had passed until then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

When: TypeAlias = Literal["before", "during", "after"]
Point: TypeAlias = tuple[str, When]  # its name, and the moment

ARMED, KILLED = "armed", "killed"  # marks behind a point in a trace

# What the long run must have killed the bot at, besides whatever else it finds: by step, every act that there is.
_ACTS = {
    "start": "commit.JobStore.wipe_tokens files.sweep",
    "bot": """commit.JobStore.add commit.JobStore.claim commit.JobStore.clear_leases commit.JobStore.renew
        commit.OwnedJobStore.decide commit.ConsentStore.record commit.LoanStore.take_back files.drop_work
        discord.answer discord.edit""",
    "import": """source.fetch part.write part.finish files.work_folder files.drop_from_work files.drop_work
        files.put_links media.cast_lines media.cast_files media.take commit.PortableCastStore.offer
        commit.PortableCastStore.bring_in""",
    "prepare": """source.fetch site.fetch discord.renew part.write part.finish files.work_folder media.probe
        media.examine discord.edit commit.row(file,request,seen) commit.row(seen) commit.release""",
    "choose": """files.work_folder media.filmstrip media.suggest media.take discord.edit
        commit.row(origin) commit.row(seen) commit.release""",
    "submit": """files.work_folder files.drop_from_work media.cut media.take discord.edit provider.upload_video
        provider.create_character provider.find commit.row(file,seen) commit.row(upload)
        commit.submitting commit.release""",
    "watch": "provider.task discord.post discord.delete commit.row(announcement) commit.release",
    "collect": """source.fetch part.write part.finish files.work_folder files.put_path files.flush media.picture
        media.take commit.CharacterStore.add_for_job commit.release""",
    "deliver": """files.drop_work discord.edit discord.edit_public discord.follow_up discord.post discord.open_dm
        discord.history discord.delete discord.remove commit.row(deliveries) commit.release""",
}
_ACTS_OF_VIDEOS = {
    "submit": """files.copy_to_work provider.upload_image provider.create_video provider.find_video
        commit.row(uploads)""",
    "watch": "provider.video_task",
    "collect": """source.fetch_on kept_part.begin kept_part.write kept_part.finish files.put_work
        commit.VideoStore.add_for_job""",
    "deliver": """files.work_folder files.copy_to_work files.put_path files.rename_work media.probe media.poster
        media.fit media.take
        commit.VideoStore.looked_into""",
}


def _points(acts: Mapping[str, str]) -> frozenset[str]:
    return frozenset(f"{step}.{act}" for step, names in acts.items() for act in names.split())


OF_VIDEOS = _points(_ACTS_OF_VIDEOS)
"""What only jobs for videos do."""
EXPECTED = _points(_ACTS) | OF_VIDEOS


@dataclass(frozen=True, slots=True)
class Kill:
    """The ``hit``-th time that a process passes ``point`` while armed; ``delay`` in seconds belongs to "during"."""

    point: str
    when: When
    hit: int = 1
    delay: float = 0.0

    def __str__(self) -> str:
        return f"{self.when} {self.point}" + (f" ({self.hit})" if self.hit > 1 else "")


@dataclass(frozen=True, slots=True)
class At:
    """A moment: ``seconds`` after the commands were sent, or after a restart."""

    seconds: float

    def __str__(self) -> str:
        return f"after {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True)
class AnsweredFirst:
    """Right after an answer that has no row yet: the database is busy for longer than an answer waits for its row."""

    def __str__(self) -> str:
        return "after an answer without a row"


End: TypeAlias = Kill | At | AnsweredFirst
"""How a life of the bot ends."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What one process wrote down before each act: name and moment of every point that it came to while armed."""

    passed: Counter[Point]
    killed: bool

    @classmethod
    def read(cls, path: Path) -> Trace:
        """The trace of a process that may never have got as far as its first point."""
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        marked = [line.split() for line in lines]
        passed = Counter((name, cast("When", when)) for name, when, *marks in marked if ARMED in marks)
        return cls(passed, any(KILLED in marks for _, _, *marks in marked))
