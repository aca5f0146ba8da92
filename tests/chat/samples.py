"""Jobs and characters as the courier is handed them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.texts import text
from bot.values.character import Character
from bot.values.job import CharacterRequest, Job, Origin, Outcome, Step
from bot.values.source import Link
from bot.values.time_range import TimeRange

APP_ID, OWNER_ID, CHANNEL_ID, GUILD_ID = 900, 42, 7_000, 5_000
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


class Now:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **amount: float) -> None:
        self.at += timedelta(**amount)


def asked_at(moment: datetime, **changes: Any) -> Origin:
    values: dict[str, Any] = {
        "guild_id": GUILD_ID, "channel_id": CHANNEL_ID, "message_id": None, "token": "tok", "token_at": moment,
        "locale": "en-GB", "private": False, "ephemeral": True, "bot_is_member": True,
    }  # fmt: skip
    return Origin(**values | changes)


def a_job(origin: Origin, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "id": "00112233445566ff", "owner_id": OWNER_ID, "origin": origin,
        "step": Step.DELIVER, "outcome": Outcome.SUCCEEDED, "next_attempt_at": None,
        "request": CharacterRequest(
            source=Link(url="https://example.org/clip.mp4"), range=TimeRange(Decimal(1), Decimal(3)), model="sora-2"
        ),
        "created_at": origin.token_at, "updated_at": origin.token_at,
    }  # fmt: skip
    return Job(**values | changes)


def a_failed_job(origin: Origin, **changes: Any) -> Job:
    return a_job(origin, outcome=Outcome.FAILED, failure=text("It was silent. Nothing was charged."), **changes)


def a_character(**changes: Any) -> Character:
    values: dict[str, Any] = {
        "id": 3, "owner_id": OWNER_ID, "name": "Ada", "display_name": "Ada the Tall", "username": "ada.tall",
        "provider_id": "char_1", "task_id": "task_01ABC", "model": "sora-2",
        "range": TimeRange(Decimal(1), Decimal(3)),
        "picture": None,
        "created_at": datetime(2026, 3, 1, 12, tzinfo=UTC), "last_used_at": None,
    }  # fmt: skip
    return Character(**values | changes)
