"""What a video model does, in one short line. Pure rendering."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.provider.models.card import ModelCard
from bot.provider.models.check import spoken_durations
from bot.texts import Text, ntext, text


def about_model(card: ModelCard, price: Decimal | None = None) -> Text:
    """How many characters it shows and how long its videos are; ``price`` is in credits for a second."""
    seconds, most = spoken_durations(card.durations), card.characters
    up_to = ntext(
        "{seconds} s, up to {count} character", "{seconds} s, up to {count} characters", seconds=seconds, count=most
    )
    if card.refuses_real_faces:
        up_to = ntext(
            "{seconds} s, up to {count} character, no real people",
            "{seconds} s, up to {count} characters, no real people",
            seconds=seconds,
            count=most,
        )
    if price is None:
        return up_to
    a_second = ntext("{count} credit a second", "{count} credits a second", count=float(price))
    return text("{about}, {price}", about=up_to, price=a_second)


def model_choice(card: ModelCard, price: Decimal | None) -> Text:
    """A model and what it does, for a list that opens as one types."""
    return text("{model}: {about}", model=card.model, about=about_model(card, price))


def duration_choice(seconds: int, price: Decimal | None) -> Text:
    """A length, with what a video of it is expected to cost."""
    if price is None:
        return text("{seconds} s", seconds=seconds)
    return ntext(
        "{seconds} s, expected to cost {count} credit",
        "{seconds} s, expected to cost {count} credits",
        seconds=seconds,
        count=float(price),
    )


def matching(offered: Sequence[str], typed: str) -> list[str]:
    """Those of ``offered`` in which what was typed is found, in any case."""
    return [each for each in offered if typed.strip().casefold() in each.casefold()]


def other_model(model: str | None, price: Decimal | None) -> Text:
    """What a button says that takes another model, with what that is expected to cost, where it is known."""
    if model is None:
        return text("Use another model")
    if price is None:
        return text("Use {offered}", offered=model)
    return ntext("Use {offered} ({count} credit)", "Use {offered} ({count} credits)", offered=model, count=float(price))
