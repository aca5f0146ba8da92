"""The simulated account: what is left of its balance, in US dollars."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from playground.provider.answers import ErrorResponse

_CREDITS_PER_USD: Final = 200


@dataclass(slots=True)
class Account:
    """Every task costs `price` when it is taken; a failed one is refunded."""

    remaining: Decimal = Decimal("10.50")
    used: Decimal = Decimal("0.00")
    price: Decimal = Decimal("0.10")
    unlimited: bool = False

    @property
    def short(self) -> bool:
        """Whether not even one more task can be paid."""
        return not self.unlimited and self.remaining < self.price

    def charge(self) -> None:
        """Pays for one task. Raises `ErrorResponse` (402) where the balance is not enough."""
        if self.short:
            raise ErrorResponse(402, "The balance is not enough. (simulated)")
        self.remaining -= self.price
        self.used += self.price

    def refund(self) -> None:
        """Gives back what a failed task cost."""
        self.remaining += self.price
        self.used -= self.price

    def answer(self) -> dict[str, Any]:
        """The JSON of the balance call; an unlimited balance is -1 there."""
        remaining = Decimal(-1) if self.unlimited else self.remaining
        return {
            "success": True,
            "remain_balance": float(remaining),
            "used_balance": float(self.used),
            "remain_credits": -1 if self.unlimited else int(remaining * _CREDITS_PER_USD),
            "used_credits": int(self.used * _CREDITS_PER_USD),
            "credits_per_usd": _CREDITS_PER_USD,
            "unlimited_quota": self.unlimited,
        }
