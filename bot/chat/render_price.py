"""Renders the expected price of a character or a video, and what it cost, as far as known."""

from __future__ import annotations

from decimal import Decimal

from bot.texts import Text, ntext, text
from bot.values.job import CharacterRequest, Job, Outcome, PreviewRequest

FREE = text(
    "This is free. No model that makes characters is available right now, so I'll make a portable character. It "
    "works with the video models that take pictures and clips."
)


def _is_portable(job: Job) -> bool:
    return isinstance(job.request, CharacterRequest) and job.request.model is None


def not_charged_yet(job: Job) -> Text:
    """What is true until the submission, with the expected price if there is one."""
    if _is_portable(job):
        return FREE
    price = _price(job)
    if price is None:
        return text("Nothing has been charged yet.")
    return ntext(
        "Nothing has been charged yet. The expected cost is {count} credit.",
        "Nothing has been charged yet. The expected cost is {count} credits.",
        count=float(price),
    )


def expected_cost(job: Job) -> Text | None:
    """The sentence alone; ``None`` if no price is known."""
    if _is_portable(job):
        return FREE
    price = _price(job)
    return (
        None
        if price is None
        else ntext("The expected cost is {count} credit.", "The expected cost is {count} credits.", count=float(price))
    )


def cost_of_previewed(preview: PreviewRequest) -> Text | None:
    """The expected price of a character from a previewed video; ``None`` if no price is known."""
    if not preview.needs_sound:
        return text(
            "The character is free as well. No model that makes characters is available right now, so it'll be a "
            "portable one."
        )
    if preview.character_price is None:
        return None
    return ntext(
        "The character is expected to cost {count} credit.",
        "The character is expected to cost {count} credits.",
        count=float(preview.character_price),
    )


def price_of(job: Job) -> tuple[Text, Text] | None:
    """Name and value of a field. The provider does not report what it charged, so this is the expected price.

    ``None`` if no price is known, or nothing was charged. A failed job that still counts may have been charged, because
    the provider completed its task.
    """
    if _is_portable(job):
        return text("Cost"), text("Nothing")
    price = _price(job)
    failed = job.outcome is Outcome.FAILED
    if price is None or job.outcome is Outcome.CANCELLED or (failed and not job.counted):
        return None
    number = float(price)
    if job.outcome is None:
        return text("Expected to cost"), ntext("{count} credit", "{count} credits", count=number)
    if failed or job.outcome is Outcome.UNKNOWN:
        return text("Cost"), ntext(
            "{count} credit, if ToAPIs charged for it", "{count} credits, if ToAPIs charged for it", count=number
        )
    return text("Cost"), ntext(
        "{count} credit expected (ToAPIs doesn't say what it charged)",
        "{count} credits expected (ToAPIs doesn't say what it charged)",
        count=number,
    )


def _price(job: Job) -> Decimal | None:
    return None if isinstance(job.request, PreviewRequest) else job.request.price
