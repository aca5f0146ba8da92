"""Describes a video model in one short line."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.provider.models.card import ModelCard
from bot.provider.models.check import spoken_durations
from bot.texts import Text, ntext, text


def about_model(card: ModelCard, price: Decimal | None = None) -> Text:
    """How many characters it can show and how long its videos are; ``price`` is in credits per second."""
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
    """A model and what it does, for autocomplete."""
    return text("{model}: {about}", model=card.model, about=about_model(card, price))


def duration_choice(seconds: int, price: Decimal | None) -> Text:
    """A length, with the expected price of a video."""
    if price is None:
        return text("{seconds} s", seconds=seconds)
    return ntext(
        "{seconds} s, expected to cost {count} credit",
        "{seconds} s, expected to cost {count} credits",
        seconds=seconds,
        count=float(price),
    )


def matching(offered: Sequence[str], typed: str) -> list[str]:
    """Those of ``offered`` that contain what was typed, ignoring case."""
    return [each for each in offered if typed.strip().casefold() in each.casefold()]


def other_model(model: str | None, price: Decimal | None) -> Text:
    """The label of a button for another model, with the expected price, if known."""
    if model is None:
        return text("Use another model")
    if price is None:
        return text("Use {offered}", offered=model)
    return ntext("Use {offered} ({count} credit)", "Use {offered} ({count} credits)", offered=model, count=float(price))
