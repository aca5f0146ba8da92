"""Renders the card of a character: as a job's result, and from its owner's cast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import discord

from bot import limits
from bot.chat.buttons import DeleteCharacter, MakeWithModel, RenameCharacter, UseCharacter
from bot.chat.card import AMBER, GREEN, AttachedFile, Card, Field
from bot.chat.durable_items import DurableButton
from bot.chat.lending_buttons import ShowLoans
from bot.chat.markdown import PLAIN, Commands, code_block, escape, paragraph, plain, say
from bot.chat.message import MessageContent, picture_file
from bot.chat.render_cast import described
from bot.chat.render_findings import concerns, used_sound
from bot.chat.render_job import job_footer, why_hidden
from bot.chat.render_price import price_of
from bot.chat.render_reference_set import PORTABLE, kept_for_models
from bot.texts import Text, listed, ntext, render, text
from bot.values.character import NAMELESS, Character, CharacterFile, CharacterGroup, clean_name, is_numbered
from bot.values.job import Job
from bot.values.requests import CharacterOffer
from bot.values.video import Concern


def render_result(
    job: Job,
    character: Character,
    picture: bytes | None,
    locale: str,
    commands: Commands = PLAIN,
    *,
    reference_set: Sequence[CharacterFile] = (),
) -> MessageContent:
    """The character that ``job`` made, with its owner's buttons. Everybody may see it: it has no @username.

    ``reference_set``: for a portable character the card says what exists of it. If there is no ``picture`` (its bytes),
    the card says so.
    """
    lines = list(_about(character, locale, commands, to_owner=not job.origin.public, pictured=picture is not None))
    wanted = clean_name(job.character.name or "") or plain(character.display_name, limits.NAME_LENGTH)
    if is_numbered(character.name, wanted):
        taken = text("“{wanted}” was already taken, so I called this one “{name}”.", wanted=wanted, name=character.name)
        lines.append(say(taken, locale))
    if (hidden := why_hidden(job)) is not None:
        lines.append(say(hidden, locale))
    buttons = _owner_buttons(character, locale)
    if job.character.name is None and _still_nameless(character):
        # A pick submits with one press without asking for a name, so the card asks for one first.
        name_it = RenameCharacter(
            character.id, character.owner_id, say(text("Name it…"), locale), discord.ButtonStyle.primary
        )
        buttons = (name_it, *(each for each in buttons if not isinstance(each, RenameCharacter)))
    fields = [*_facts(character, locale), *_worth_knowing(job, character, locale)]
    if character.portable:
        fields.append(_reference_set(character, reference_set, locale))
    if (cost := price_of(job)) is not None:
        name, value = cost
        fields.append(Field(name, say(value, locale), locale))
    return MessageContent(
        card=_card(character, picture, lines, fields, job_footer(job, locale), locale), buttons=buttons
    )


def _still_nameless(character: Character) -> bool:
    """Whether it still has the provider's or a generated name."""
    given = plain(character.display_name, limits.NAME_LENGTH) or NAMELESS
    return character.name == given or is_numbered(character.name, given)


def _worth_knowing(job: Job, character: Character, locale: str) -> Iterator[Field]:
    found = job.seen.findings.concerns if job.seen.findings is not None else ()
    # A small video was mentioned before it was paid for.
    said_elsewhere = {Concern.LOW_RESOLUTION, *((Concern.SILENT,) if character.portable else ())}
    if job.character.louder:
        said_elsewhere.add(Concern.QUIET)
    noticed = [concern for concern in found if concern not in said_elsewhere]
    told = [*concerns(noticed), *filter(None, [used_sound(job.seen.facts)])]
    if job.character.louder:
        told.append(text("I made the sound as loud as voices usually are."))
    if told:
        words = paragraph(told, locale)
        yield Field(text("Worth knowing"), words, locale, inline=False)


def render_character(
    character: Character,
    picture: bytes | None,
    locale: str,
    commands: Commands = PLAIN,
    *,
    owner_sees: bool,
    reference_set: Sequence[CharacterFile] | None = None,
    offer: CharacterOffer | None = None,
    groups: Sequence[CharacterGroup] = (),
    stills: bytes | None = None,
) -> MessageContent:
    """One character of a cast. ``owner_sees``: nobody else sees the message, so it may contain the @username.

    ``reference_set``: then the card says what other models could make of it; ``None``: unknown. ``offer``: it is
    portable, and that model can make it as well. ``groups`` are those that it is in, and ``stills`` a WebP of those
    that may be its picture; its note, tags and groups are shown if ``owner_sees``.
    """
    fields = list(_facts(character, locale))
    if owner_sees and character.username:
        label = text("Username (keep it to yourself)")
        username = "@" + character.username.removeprefix("@")
        fields.append(Field(label, code_block(username), locale, inline=False))
    if reference_set is not None:
        fields.append(_reference_set(character, reference_set, locale))
    made = say(text("Made <t:{at}:f>", at=int(character.created_at.timestamp())), locale)
    lines = list(_about(character, locale, commands, to_owner=owner_sees, pictured=picture is not None))
    if owner_sees:
        lines += described(character, whole=True)
        fields += _sorted_into(character, groups, locale)
    buttons = _owner_buttons(character, locale)
    if offer is not None:
        make = MakeWithModel(character.id, character.owner_id, say(_made_with(offer.price), locale))
        buttons = (make, *buttons)
    if owner_sees:
        lend = ShowLoans(character.id, character.owner_id, say(text("Lend…"), locale))
        buttons = (*buttons[:-1], lend, buttons[-1])
    card = _card(character, picture, lines, fields, made, locale)
    if stills is not None:
        card = replace(card, below=(_stills(character, stills, locale),))
    return MessageContent(card=card, buttons=buttons)


def _made_with(price: Decimal | None) -> Text:
    """One press starts it, so the button names the expected price."""
    if price is None:
        return text("Make with Sora")
    return ntext("Make with Sora ({count} credit)", "Make with Sora ({count} credits)", count=float(price))


def _sorted_into(character: Character, groups: Sequence[CharacterGroup], locale: str) -> Iterator[Field]:
    if groups:
        yield Field(text("Groups"), say(listed(each.name for each in groups), locale), locale)
    if character.uses:
        yield Field(text("Videos asked for with it"), str(character.uses), locale)


def _stills(character: Character, data: bytes, locale: str) -> AttachedFile:
    alt = render(text("Stills of {name}, from left to right: 1, 2, 3", name=character.name), locale)
    return AttachedFile(f"stills-{character.id}.webp", data, alt)


def render_emptied(locale: str) -> MessageContent:
    """Replaces a card whose owner has deleted the character: nothing of it, or of them, is left."""
    said = say(text("This character was deleted by its owner."), locale)
    return MessageContent(card=Card(colour=AMBER, description=said))


def render_pointer(character: Character, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """Shown in the private reply until it is deleted: where to find the result, which may or may not have arrived."""
    ready = text("“{name}” is ready. If you don't see it below, use /character show or /tasks.", name=character.name)
    return MessageContent(card=Card(colour=GREEN, description=say(ready, locale, commands)))


def _card(
    character: Character, picture: bytes | None, lines: Sequence[str], fields: Sequence[Field], footer: str, locale: str
) -> Card:
    return Card(
        colour=GREEN,
        title=escape(character.name),
        description="\n".join(lines),
        media=() if picture is None else (picture_file(character, picture, locale),),
        fields=tuple(fields),
        footer=footer,
    )


def _about(character: Character, locale: str, commands: Commands, *, to_owner: bool, pictured: bool) -> Iterator[str]:
    said = [text("Saved to your cast.") if to_owner else text("Saved to <@{owner}>'s cast.", owner=character.owner_id)]
    theirs = plain(character.display_name, limits.EMBED_TITLE)
    if theirs and theirs != plain(character.name, limits.EMBED_TITLE):
        said.append(text("ToAPIs named this character {name}.", name=theirs))
    yield paragraph(said, locale)
    if character.portable:
        yield say(PORTABLE, locale)
    if not pictured:
        yield say(_no_picture(character), locale, commands)
    elif character.portable:
        yield say(text("The picture is a still from the clip."), locale)
    elif character.picture_is_still:
        yield say(text("ToAPIs sent no usable picture, so this is a still from the clip."), locale)


def _no_picture(character: Character) -> Text:
    if character.picture is None and character.portable:
        return text(
            "There's no picture, because I found none in the clip that I could use. The character works without one."
        )
    if character.picture is None:
        return text("ToAPIs sent no picture. The character works without one.")
    return text("I couldn't show the picture here. Use /character show to see it.")


def _facts(character: Character, locale: str) -> Iterator[Field]:
    """The reusable ID is in a code block, which a phone copies completely."""
    task_id = f"{code_block(character.task_id)}\n{say(text('This ID puts the character into new videos.'), locale)}"
    label = text("Reusable ID") if character.portable else text("Reusable task ID")
    yield Field(label, task_id, locale, inline=False)
    if not character.portable:
        yield Field(text("Model"), escape(character.model), locale)
    yield Field(text("Seconds used"), character.range.people, locale)


def _reference_set(character: Character, reference_set: Sequence[CharacterFile], locale: str) -> Field:
    name = text("For video models") if character.portable else text("For other video models")
    kept = "\n".join(say(each, locale) for each in kept_for_models(reference_set))
    return Field(name, kept, locale, inline=False)


def _owner_buttons(character: Character, locale: str) -> tuple[DurableButton, ...]:
    use = UseCharacter(character.id, character.owner_id, say(text("Use in a video"), locale))
    return (
        use,
        RenameCharacter(character.id, character.owner_id, say(text("Edit…"), locale)),
        DeleteCharacter(character.id, character.owner_id, say(text("Delete"), locale)),
    )
