"""The buttons of loans, and of the question to a person who is shown in a character.

Presses are handled in cogs/character/lending.py and consent.py.
"""

from __future__ import annotations

from discord import ButtonStyle

from bot.chat.buttons import CharacterButton, PageButton
from bot.chat.durable_items import DurableButton


class ShowLoans(CharacterButton, custom_id="cb:loans:show:{character_id}:{owner_id}"):
    """Shows who a character is lent to."""


class TakeBack(DurableButton, custom_id="cb:loans:take:{loan_id}:{owner_id}"):
    """Takes a character back from one borrower."""

    def __init__(
        self, loan_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, loan_id=loan_id)
        self.loan_id = loan_id


class GiveBack(DurableButton, custom_id="cb:loans:give:{loan_id}:{owner_id}"):
    """Ends a loan to the person who presses it."""

    def __init__(
        self, loan_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, loan_id=loan_id)
        self.loan_id = loan_id


class TurnBorrowed(PageButton, custom_id="cb:loans:borrowed:{offset}:{owner_id}"):
    """Shows another page of /character borrowed."""


class TurnUses(PageButton, custom_id="cb:loans:uses:{character_id}:{offset}:{owner_id}"):
    """Shows a page of the videos that others have made with a character."""

    def __init__(
        self, offset: int, owner_id: int, label: str = "", *, character_id: int, disabled: bool = False
    ) -> None:
        super().__init__(offset, owner_id, label, disabled=disabled, character_id=character_id)
        self.character_id = character_id


class WatchUse(DurableButton, custom_id="cb:loans:watch:{job_id}:{owner_id}"):
    """Shows the owner of a lent character a video that was made with it."""

    def __init__(self, job_id: str, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary) -> None:
        super().__init__(label, style, owner_id=owner_id, job_id=job_id)
        self.job_id = job_id


# -- the person whom a character shows: ``owner_id`` is theirs ---------------------------------------------------------


class ConsentButton(DurableButton):
    """A button of the question whether a character may be used. People blocked from the bot may press it too."""

    always_open = True

    def __init__(
        self, consent_id: int, owner_id: int, label: str = "", style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(label, style, owner_id=owner_id, consent_id=consent_id)
        self.consent_id = consent_id


class SeeQuestion(ConsentButton, custom_id="cb:person:see:{consent_id}:{owner_id}"):
    """Shows the question to that person only, because it could not be sent to them."""


class SayYes(ConsentButton, custom_id="cb:person:yes:{consent_id}:{owner_id}"):
    """They agree."""


class SayNo(ConsentButton, custom_id="cb:person:no:{consent_id}:{owner_id}"):
    """They do not agree: the character is deleted."""
