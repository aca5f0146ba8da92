"""Whatever others call things, every card and sentence keeps its shape, mentions nobody and hides nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.chat.durable_items import DurableButton
from bot.chat.markdown import escape, plain, say
from bot.chat.message import MessageContent
from bot.chat.render_cast import CastPage, render_page
from bot.chat.render_character import render_character, render_result
from bot.chat.render_job import render_failure, render_gone, render_progress
from bot.chat.render_picker import render_picker
from bot.chat.render_question import render_question
from bot.chat.render_task import render_task
from bot.chat.render_tasks import render_tasks
from bot.errors import UnknownCharacter
from bot.store.cast_search import Sort
from bot.texts import Text, text
from bot.values.character import ProviderCharacter
from bot.values.job import CharacterRequest, CharacterResult, Job, Outcome, Question, Step
from bot.values.source import Attachment, EarlierTask, Link, Source
from bot.values.time_range import TimeRange
from tests.cards import drawn
from tests.chat.samples import Now, a_character, a_job, asked_at
from tests.chat.test_render_job import assert_discord_takes
from tests.chat.test_render_picker import GOOD, found, picking
from tests.chat.test_render_tasks import NOTHING, NOW, done, running

COMMANDS = {"tasks": "</tasks:1>", "character show": "</character show:2>", "character create": "</character create:2>"}
RANGE = TimeRange.parse("1-3")

# Each between two words of its own, by which it is found again; an even one, beside which the others are laid.
EVEN = "Qqbegin name Qqend"
HOSTILE = [
    f"Qqbegin {hostile} Qqend"
    for hostile in (
        "@everyone @here <@1> <@!1> <@&2> <#3> </tasks:1> <:smile:4> <t:0:R> <id:guide>",
        "**bold** __under__ ~~gone~~ *it* _it_ ||hidden|| `code` ```block```",
        "[a link](https://evil.example) <https://evil.example> https://evil.example http://127.1/",
        "\n# a heading\n-# small\n> quoted\n- a list\n1. a list\n```\nblock",
        "\u202eereht\u202c \u2066isolated\u2069 \u200fmarked\u061c \u200emarked",
        "\0\x1b[31mred\x07\ud800\ufffe\U000e0041",
        "```\n@everyone\n```",
        "\\@everyone \\\\**bold\\",
        "/tasks /character show /character create",
        "discord.gg/abc",
        "\u2028\u2029\u0085line\vline\fline",
    )
]


def cards(value: str) -> Iterator[tuple[str, MessageContent]]:
    """Every card that shows something of others', with ``value`` in each place that they can fill."""
    character = a_character(name=value, display_name=value + " too", model=value, username=value, task_id=value)
    character = replace(character, last_used_at=NOW)
    job = a_job(asked_at(Now()()))
    reason = text("It said: {reason} ({again}).", reason=value, again=text("{deeper}", deeper=value))
    yield "result", render_result(job, character, None, "en", COMMANDS)
    for owner_sees in (True, False):
        yield "character", render_character(character, None, "en", COMMANDS, owner_sees=owner_sees)
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN):
        yield "failure", render_failure(replace(job, outcome=outcome, failure=reason), "en", COMMANDS)
    yield "progress", render_progress(job, reason, 40, "en")
    yield "gone", render_gone(job, "en", COMMANDS)
    for question in Question:
        if question is Question.SECONDS:  # that has the picker
            continue
        yield "question", render_question(replace(job, request=_requests(value)[0]), question, "en", COMMANDS)
    yield (
        "picker",
        render_picker(replace(picking(Now(), found(GOOD)), request=_requests(value)[0]), b"", "en", COMMANDS),
    )
    yield "page", render_page(42, CastPage(0, Sort.NEWEST, value[:32]), [character], 1, {}, "en", COMMANDS)
    yield "empty page", render_page(42, CastPage(0, Sort.NEWEST, value), [], 0, {}, "en", COMMANDS)
    for each in _jobs(value, reason):
        begun = each.step is not Step.DONE
        overview = replace(NOTHING, unfinished=(each,) * begun, finished=(each,) * (not begun))
        yield "tasks", render_tasks(42, overview, NOW, "en", COMMANDS)
        yield "task", render_task(each, overview, NOW, "en", COMMANDS)


def _requests(value: str) -> list[CharacterRequest]:
    attached = Attachment(url=f"https://cdn.example/{value}", filename=value, size=1)
    plainly = Link(url="https://example.org/clip.mp4")
    sources: tuple[Source, ...] = (attached, EarlierTask(task_id=value), plainly)
    return [
        CharacterRequest(source=source, range=RANGE, model=value, name=value if source is plainly else None)
        for source in sources
    ]


def _jobs(value: str, reason: Text) -> Iterator[Job]:
    for request in _requests(value):
        yield running(step=Step.WATCH, request=request)
        yield running(step=Step.CHOOSE, question=Question.CONSENT, request=request)
        yield done(outcome=Outcome.FAILED, failure=reason, request=request)
    made = CharacterResult(characters=(ProviderCharacter(id=value, display_name=value, username=value),))
    yield done(result=made)


def leaves(card: MessageContent) -> Iterator[tuple[str, str]]:
    """Every text of a card, and where it stands."""
    yield from _of_its_card(card)
    for embed in card.embeds:
        yield "title", embed.title or ""
        yield "description", embed.description or ""
        yield "footer", embed.footer.text or ""
        for field in embed.fields:
            yield "field name", field.name or ""
            yield "field", field.value or ""
    for item in card.items:
        if isinstance(item, DurableButton):
            yield "label", item.item.label or ""
    for menu in card.menus:
        for option in menu.item.options:
            yield "label", option.label
            yield "label", option.description or ""


def _of_its_card(content: MessageContent) -> Iterator[tuple[str, str]]:
    card = content.card
    if card is None:
        return
    yield from (("title", card.title), ("description", card.description), ("footer", card.footer))
    for entry in card.entries:
        yield "description", entry.words
    for each in card.fields:
        yield "field name", each.name
        yield "field", each.value
    for file in card.files:
        yield "label", file.description or ""


@pytest.mark.parametrize("value", HOSTILE)
def test_every_card_looks_as_with_an_ordinary_name(value: str) -> None:
    shown = 0
    for (kind, card), (_, even) in zip(cards(value), cards(EVEN), strict=True):
        assert_discord_takes(card)
        for (where, words), (_, expected) in zip(leaves(card), leaves(even), strict=True):
            allowed = {escape(value), *_in_code(value)} if where not in {"footer", "label"} else {plain(value, 200)}
            for each in allowed:
                shown += words.count(each)
                words = words.replace(each, EVEN)
            assert _without_cut(words) == _without_cut(expected), (kind, where)
    assert shown > 15


def _in_code(value: str) -> set[str]:
    return {plain(value, 200).replace("`", "ˋ")}


def _without_cut(words: str) -> str:
    """Where only a part of it fits (a search travels in a button), what is left of it does not count."""
    return re.sub(r"Qqbegin.*", "", words)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_sentence_is_bent_by_what_is_quoted_in_it(value: str) -> None:
    said = say(UnknownCharacter(value).text, "en", COMMANDS)
    assert said.replace(escape(value), EVEN) == say(UnknownCharacter(EVEN).text, "en", COMMANDS)


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_in_a_card_mentions_anybody_but_its_owner(value: str) -> None:
    for kind, card in cards(value):
        for where, words in leaves(card):
            if where in {"footer", "label"}:  # no place where Discord reads mentions or formatting
                continue
            outside_code = re.sub(r"```\n.*?\n```", "", words)
            bare = re.sub(r"\\[^0-9A-Za-z\s]", "", outside_code)
            assert set(re.findall(r"<[@#:/a-z][^>]*>", bare)) <= {"<@42>", *COMMANDS.values()} | _instants(bare), kind
            assert "@everyone" not in bare, kind
            assert "@here" not in bare, kind
            assert "https://" not in bare, kind
            assert "||" not in bare, kind


def _instants(words: str) -> set[str]:
    return set(re.findall(r"<t:[1-9]\d{8,}:R>", words))


def test_a_host_that_looks_like_another_is_shown_as_it_is_written() -> None:
    for link, shown in (
        ("https://cdn.dіscordapp.com/clip.mp4", "xn--"),  # with a Cyrillic letter
        ("https://xn--a.example.org/clip.mp4", "xn--a.example.org"),  # no host at all, from an older row
        ("https://files.example.org/clip.mp4", "files.example.org"),
    ):
        job = running(request=CharacterRequest(source=Link(url=link), range=RANGE, model="sora-2"))
        [embed] = render_tasks(42, replace(NOTHING, unfinished=(job,)), NOW, "en").embeds
        assert shown in (embed.description or "")


def test_nothing_that_is_sent_may_ping_and_files_have_names_of_ours() -> None:
    for value in HOSTILE:
        for _, card in cards(value):
            assert all(re.fullmatch(r"[a-z0-9-]+\.[a-z0-9]+", each.filename) for each in card.attachments())
            json.dumps([embed.to_dict() for embed in card.embeds]).encode()
            json.dumps(drawn(card)).encode()
