"""What could not be done, as a card: a refusal, or a defect of ours with its id. Pure rendering."""

from __future__ import annotations

from bot.chat.card import RED, Card
from bot.chat.durable_items import DurableButton
from bot.chat.markdown import PLAIN, Commands, say
from bot.chat.message import MessageContent
from bot.texts import Text, text


def render_error(
    problem: Text, locale: str, commands: Commands = PLAIN, *, buttons: tuple[DurableButton, ...] = ()
) -> MessageContent:
    """``problem`` says what happened and what to do now; the title is that of a job that failed at once.

    ``buttons`` help with it.
    """
    title = say(text("That didn't work"), locale)
    return MessageContent(
        card=Card(colour=RED, title=title, description=say(problem, locale, commands)), buttons=buttons
    )
