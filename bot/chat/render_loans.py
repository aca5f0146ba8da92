"""Renders who a character is lent to, what others made with it, and what the people in it said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from discord import ButtonStyle

from bot import limits
from bot.chat.buttons import ShowCharacter, turning
from bot.chat.card import BLUE, AttachedFile, Card, Entry, Field
from bot.chat.lending_buttons import ShowLoans, TakeBack, TurnUses, WatchUse
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import MessageContent
from bot.chat.render_borrowed import part_of
from bot.chat.render_video import video_file
from bot.store.loans import TakenBack
from bot.texts import Text, ntext, render, text
from bot.values.character import Character
from bot.values.files import ending
from bot.values.job import Outcome
from bot.values.loan import Answer, Loan, LoanUse, PersonConsent
from bot.values.made_video import MadeVideo


def render_loans(
    character: Character,
    loans: Sequence[Loan],
    consents: Sequence[PersonConsent],
    now: datetime,
    servers: Mapping[int, str],
    locale: str,
    commands: Commands = PLAIN,
    *,
    done: Text | None = None,
) -> MessageContent:
    """For its owner only. ``servers``: the names, by id, of those that the bot is in. ``done``: what was just done."""
    lines = [say(done, locale, commands)] if done is not None else []
    if loans:
        rules = text(
            "They use it in /video create, and never see its username, its task ID or its clips. You see what they "
            "make: the prompt, where, and the video. When you take it back, they still get what ToAPIs is already "
            "making; everything else is cancelled for free."
        )
    else:
        rules = text(
            "Nobody is borrowing it. Use /character lend to lend it to a person (option **to**) or to everyone in "
            "this server (option **server**). They can use it in videos, and you see what they make."
        )
    lines.append(say(rules, locale, commands))
    people = [say(_said(each), locale) for each in consents[: limits.PEOPLE_SHOWN]]
    if more := len(consents) - len(people):
        people.append(say(ntext("and {count} more", "and {count} more", count=more), locale))
    fields = [Field(text("People in it"), "\n".join(people), locale, inline=False)]
    card = Card(
        colour=BLUE,
        title=say(text("Lending “{name}”", name=character.name), locale),
        description="\n".join(lines),
        entries=tuple(_loan(character.owner_id, each, now, servers, locale) for each in loans),
        fields=tuple(fields) if consents else (),
    )
    uses = TurnUses(0, character.owner_id, say(text("What others made"), locale), character_id=character.id)
    show = ShowCharacter(character.id, character.owner_id, say(text("Open character"), locale))
    return MessageContent(card=card, buttons=(uses, show))


def _loan(owner_id: int, loan: Loan, now: datetime, servers: Mapping[int, str], locale: str) -> Entry:
    to = text("**Everybody in a server that I'm not in**")
    if loan.to.server is not None and loan.to.server in servers:
        to = text("**Everybody in {server}**", server=servers[loan.to.server])
    if loan.to.person is not None:
        to = text("**<@{person}>**", person=loan.to.person)
    terms = text("any number of videos, {used} so far", used=loan.used)
    if loan.uses is not None:
        terms = ntext("{used} of {count} video", "{used} of {count} videos", used=loan.used, count=loan.uses)
    parts = [terms]
    if loan.until is not None:
        parts.append(text("until <t:{at}:f>", at=int(loan.until.timestamp())))
    if loan.over(now):
        parts.append(text("**over**"))
    words = f"{say(to, locale)}\n{' · '.join(say(each, locale) for each in parts)}"
    return Entry(words=words, button=TakeBack(loan.id, owner_id, say(text("Take back"), locale), ButtonStyle.danger))


def _said(consent: PersonConsent) -> Text:
    person = consent.person_id
    match consent.answer:
        case Answer.YES:
            at = int((consent.answered_at or consent.asked_at).timestamp())
            return text("<@{person}> said yes on <t:{at}:D>.", person=person, at=at)
        case Answer.NO:
            return text("<@{person}> said no.", person=person)
        case None:
            return text("<@{person}> was asked <t:{at}:R>.", person=person, at=int(consent.asked_at.timestamp()))


def lent(loan: Loan) -> Text:
    """Tells the owner that it was lent."""
    if loan.to.person is None:
        return text(
            "“{name}” is lent to everybody in this server. They find it in /character borrowed.", name=loan.name
        )
    return text(
        "“{name}” is lent to <@{person}>. Tell them: they find it in /character borrowed.",
        name=loan.name,
        person=loan.to.person,
    )


def taken_back(name: str, taken: TakenBack) -> Text:
    """Tells the owner that it was taken back."""
    if not taken.loans:
        return text("“{name}” wasn't lent to anyone there.", name=name)
    if taken.stopped or taken.going_on:
        return text(
            "I took “{name}” back. Cancelled for free: {stopped}. Already being made, so the borrower still gets "
            "them: {going_on}.",
            name=name,
            stopped=len(taken.stopped),
            going_on=taken.going_on,
        )
    return text("I took “{name}” back.", name=name)


def render_uses(
    character: Character,
    offset: int,
    uses: Sequence[LoanUse],
    total: int,
    servers: Mapping[int, str],
    locale: str,
    commands: Commands = PLAIN,
) -> MessageContent:
    """What others made with it, for its owner only. ``servers``: the names, by id, of those that the bot is in."""
    owner, most = character.owner_id, limits.LOAN_USES_PER_PAGE
    back = ShowLoans(character.id, owner, say(text("Back to lending"), locale))
    title = say(text("What others made with “{name}”", name=character.name), locale)
    if not uses:
        nothing = text("Nobody else has made a video with it that I still know of.")
        return MessageContent(card=Card(colour=BLUE, title=title, description=say(nothing, locale)), buttons=(back,))
    pages = turning(TurnUses, owner, offset, total, most, locale, character_id=character.id)
    card = Card(
        colour=BLUE,
        title=title,
        entries=tuple(_use(owner, each, servers, locale) for each in uses),
        footer=say(part_of(offset, len(uses), total), locale) if total > len(uses) else "",
    )
    return MessageContent(card=card, buttons=(*pages, back))


def _use(owner_id: int, use: LoanUse, servers: Mapping[int, str], locale: str) -> Entry:
    at = int(use.at.timestamp())
    if use.guild_id is None:
        who = text("<@{person}> in a direct message, <t:{at}:R>", person=use.borrower_id, at=at)
    elif use.guild_id in servers:
        server = servers[use.guild_id]
        who = text("<@{person}> in {server}, <t:{at}:R>", person=use.borrower_id, server=server, at=at)
    else:
        who = text("<@{person}> in a server that I'm not in, <t:{at}:R>", person=use.borrower_id, at=at)
    prompt = escape(plain(use.prompt, limits.PARAM_LENGTH))
    watch = None
    if use.video_id is not None:
        watch = WatchUse(use.job_id, owner_id, say(text("Watch"), locale))
    words = "\n".join([f"**{prompt}**", say(who, locale), say(_result(use), locale)])
    return Entry(words=words, button=watch)


def _result(use: LoanUse) -> Text:
    match use.outcome:
        case None:
            return text("Under way")
        case Outcome.SUCCEEDED:
            return text("Made") if use.video_id is not None else text("Made, and deleted since")
        case Outcome.UNKNOWN:
            return text("Nobody knows yet whether it was made")
        case Outcome.FAILED | Outcome.CANCELLED:
            return text("Not made")


def render_lent_video(video: MadeVideo, data: bytes | None, poster: bytes | None, locale: str) -> MessageContent:
    """A video that somebody else made with a lent character, for its owner. ``data`` if it is small enough."""
    made = int(video.created_at.timestamp())
    lines = [
        escape(plain(video.prompt, limits.PARAM_LENGTH)),
        say(
            text("Made by <@{person}>, <t:{at}:R>.", person=video.owner_id, at=made),
            locale,
        ),
    ]
    media: tuple[AttachedFile, ...] = ()
    if data is not None:
        media = (video_file(video, data, video.file.mime, locale),)
    else:
        lines.append(say(text("The file is too large for Discord here."), locale))
    if data is None and poster is not None and video.poster is not None:
        alt = render(text("A picture of the video: {prompt}", prompt=video.prompt), locale)
        media = (AttachedFile(f"poster-{video.id}.{ending(video.poster.mime, unknown='webp')}", poster, alt),)
    return MessageContent(card=Card(colour=BLUE, description="\n".join(lines), media=media))
