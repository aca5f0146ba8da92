"""Cards hold Discord's limits whatever they are about, and say what their readers need."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits
from bot.chat.card import AttachedFile
from bot.chat.message import MessageContent
from bot.chat.render_character import render_character, render_emptied, render_result
from bot.chat.render_job import render_announcement, render_failure, render_gone, render_progress
from bot.chat.render_question import render_question
from bot.texts import text
from bot.values.character import CharacterFile, FileKind
from bot.values.files import StoredFile
from bot.values.job import Job, Outcome, Question, Seen, Step, VideoRejection, VideoRequest
from bot.values.requests import CharacterOffer
from bot.values.source import Attachment
from bot.values.video import Concern, Findings, VideoFacts
from tests.cards import GALLERY, card_of, drawn, fields, lines, media
from tests.chat.samples import PICTURE, Now, a_character, a_job, asked_at
from tests.loopback_discord.api_errors import FormErrors
from tests.loopback_discord.layout_rules import check_layout

EMBEDS, FILES, FIELD_VALUE, WHOLE_EMBED = 10, 10, 1024, 6000  # of one message (Discord: Message resource)
HOSTILE = st.text(max_size=600) | st.sampled_from(["", " ", "```", "@everyone", "*" * 600, "\n" * 50, "[a](https://b)"])


def words(card: MessageContent) -> str:
    return "\n".join([*lines(card), *(str(embed.to_dict()) for embed in card.embeds)])


LINKED = {name: f"</{name}:{'9' * 19}>" for name in ("character create", "character show", "tasks")}


def labels(card: MessageContent) -> list[str | None]:
    return [getattr(item.item, "label", None) for item in card.items]


def assert_discord_takes(card: MessageContent) -> None:
    assert card.card is not None or 0 < len(card.embeds) <= EMBEDS
    assert len(card.files) <= FILES
    names = [file.name for file in card.files]
    shown = card.view()
    if card.card is not None and shown is not None:
        errors = FormErrors()
        check_layout(errors, shown.to_components(), names)
        errors.check()
        assert sorted(media(shown.to_components())) == sorted(file.url for file in card.files)
    assert sum(len(embed) for embed in card.embeds) <= WHOLE_EMBED
    for embed in card.embeds:
        assert len(embed.title or "") <= limits.EMBED_TITLE
        assert len(embed.description or "") <= limits.EMBED_DESCRIPTION
        for field in embed.fields:
            assert 0 < len(field.name or "") <= limits.EMBED_TITLE
            assert 0 < len(field.value or "") <= FIELD_VALUE
    for button in card.buttons:
        assert 0 < len(button.item.label or "") <= limits.BUTTON_LABEL
        assert len(button.custom_id) <= limits.CUSTOM_ID
    words(card).encode()


@given(name=HOSTILE, display_name=HOSTILE, username=HOSTILE, task_id=HOSTILE, with_picture=st.booleans())
def test_characters_with_hostile_names_fit(with_picture: bool, **names: str) -> None:
    job, character = a_job(asked_at(Now()())), a_character(**names)
    picture = PICTURE if with_picture else None
    for card in (
        render_result(job, character, picture, "en", LINKED),
        render_character(character, picture, "en", LINKED, owner_sees=True),
    ):
        assert_discord_takes(card)


@given(reason=HOSTILE, percent=st.none() | st.integers(-5, 200))
def test_ends_and_states_fit(reason: str, percent: int | None) -> None:
    job = a_job(asked_at(Now()()), outcome=Outcome.FAILED, failure=text("{problem}.", problem=reason))
    for card in (
        render_failure(job, "en"),
        render_progress(job, text("{x}", x=reason), percent, "en"),
        render_gone(job, "en"),
    ):
        assert_discord_takes(card)


def test_result_says_what_it_is_and_whose_it_is(job: Job) -> None:
    character = a_character(picture=StoredFile(key="k", sha256="s", size=1, mime="image/webp"))
    card = render_result(job, character, PICTURE, "en")
    shown = card_of(card)
    assert shown.title == "Ada"
    assert shown.description == "Saved to <@42>'s cast. ToAPIs named this character Ada the Tall."
    assert fields(card) == {
        "Reusable task ID": "```\ntask_01ABC\n```\nThis ID puts the character into new videos.",
        "Model": "sora-2",
        "Seconds used": "0:01–0:03",
    }
    assert lines(card)[-1] == f"-# Job {job.id}"
    (gallery,) = [part for part in drawn(card) if part["type"] == GALLERY]
    (item,) = gallery["items"]
    assert (item["media"]["url"], item["description"]) == ("attachment://character-3.webp", "The character Ada")
    assert card.files == (AttachedFile("character-3.webp", PICTURE, "The character Ada"),)
    assert labels(card) == ["Use in a video", "Edit…", "Delete"]
    assert [button.custom_id for button in card.buttons] == [
        "cb:cast:use:3:42",
        "cb:cast:rename:3:42",
        "cb:cast:delete:3:42",
    ]
    assert {button.item.style for button in card.buttons} == {discord.ButtonStyle.secondary}


@pytest.mark.parametrize(
    ("place", "whose"),
    [
        ({}, "Saved to <@42>'s cast"),
        ({"private": True}, "Saved to your cast"),
        ({"ephemeral": True}, "Saved to <@42>'s cast"),  # the private reply is, and the result is not
        ({"guild_id": None}, "Saved to your cast"),  # in the direct messages with the bot
        ({"guild_id": None, "bot_is_member": False}, "Saved to <@42>'s cast"),  # in a group of people
    ],
)
def test_only_what_nobody_else_reads_says_your(place: dict[str, Any], whose: str) -> None:
    job = a_job(asked_at(Now()(), **place))
    assert whose in words(render_result(job, a_character(), None, "en"))


@pytest.mark.parametrize("theirs", ["Ada", " Ada ", "\u202e "])
def test_what_toapis_calls_it_is_said_only_where_it_is_something_else(job: Job, theirs: str) -> None:
    shown = card_of(render_result(job, a_character(display_name=theirs), PICTURE, "en"))
    assert shown.description == "Saved to <@42>'s cast."


def test_commands_can_be_clicked_in_texts_and_not_in_footers(job: Job) -> None:
    kept = a_character(picture=StoredFile(key="k", sha256="s", size=1, mime="image/png"))
    assert LINKED["character show"] in words(render_result(job, kept, None, "en", LINKED))
    assert LINKED["tasks"] in words(render_failure(job, "en", LINKED))
    assert LINKED["character create"] in words(render_gone(job, "en", LINKED))
    assert LINKED["tasks"] in words(render_question(job, Question.SAME_AGAIN, "en", LINKED))


def test_an_emptied_card_says_nothing_of_whose_it_was() -> None:
    card = render_emptied("en")
    assert card_of(card).description == "This character was deleted by its owner."
    assert "42" not in words(card)
    assert (card.buttons, card.files) == ((), ())


def test_a_character_without_a_name_of_its_owners_asks_for_one_first(job: Job) -> None:
    """A pick is one press, and asks for none: the card leads with it, as long as it is called as ToAPIs called it."""
    theirs = a_character(name="Ada the Tall")
    card = render_result(job, theirs, None, "en")
    assert [each.item.label for each in card.buttons] == ["Name it…", "Use in a video", "Delete"]
    named = replace(job, request=replace(job.character, name="Ada the Tall"))
    for each in (render_result(job, a_character(), None, "en"), render_result(named, theirs, None, "en")):
        assert [button.item.label for button in each.buttons] == ["Use in a video", "Edit…", "Delete"]


def test_a_number_behind_a_name_is_explained(job: Job) -> None:
    named = replace(job, request=replace(job.character, name="Ada"))
    assert "“Ada” was already taken, so I called this one “Ada 2”." in words(
        render_result(named, a_character(name="Ada 2"), None, "en")
    )
    assert "taken" not in words(render_result(named, a_character(name="Ada"), None, "en"))


def test_a_small_video_is_told_of_before_it_is_sent_where_nothing_is_picked(job: Job) -> None:
    small = VideoFacts(
        container="mp4", seconds=6.0, width=640, height=360, frame_rate=25.0, video_codec="h264", audio_codec="aac"
    )
    fine = Findings(concerns=(Concern.LOW_RESOLUTION,), faces=True)
    unsent = replace(job, step=Step.SUBMIT, outcome=None, seen=Seen(facts=small, findings=fine))
    assert "smaller than 720p" in words(render_progress(unsent, text("Cutting the clip out"), None, "en"))
    sent = replace(unsent, submit_started_at=job.created_at)
    assert "720p" not in words(render_progress(sent, text("Cutting the clip out"), None, "en"))


def test_how_small_a_video_is_is_not_said_beside_the_doubts_that_say_it(job: Job) -> None:
    small = VideoFacts(
        container="mp4", seconds=6.0, width=640, height=360, frame_rate=25.0, video_codec="h264", audio_codec="aac"
    )
    doubted = Findings(concerns=(Concern.NO_SUBJECT, Concern.LOW_RESOLUTION), faces=True)
    unsent = replace(job, step=Step.SUBMIT, outcome=None, seen=Seen(facts=small, findings=doubted))
    assert "720p" in words(render_question(unsent, Question.CONCERNS, "en"))
    unseen = replace(unsent, seen=Seen(facts=small))  # what is found in it may yet be asked about
    accepted = replace(unsent, request=replace(unsent.character, anyway=True))
    for each in (unseen, accepted):
        assert "720p" not in words(render_progress(each, text("Cutting the clip out"), None, "en"))


def test_a_character_says_its_name_and_what_it_will_cost_while_it_may_be_cancelled(job: Job) -> None:
    asked = replace(job.character, name="Ada *x*", price=Decimal(60))
    unsent = replace(job, step=Step.SUBMIT, outcome=None, request=asked)
    card = render_progress(unsent, text("Cutting the clip out"), None, "en")
    assert labels(card) == ["Cancel"]
    assert card_of(card).title == r"Making your character “Ada \*x\*”"
    assert "The expected cost is 60 credits." in words(card)
    free = render_progress(replace(unsent, request=replace(asked, model=None)), text("Cutting"), None, "en")
    assert "This is free." in words(free)
    sent = render_progress(replace(unsent, submit_started_at=job.created_at), text("Making it"), 5, "en")
    assert "credits" not in words(sent)
    assert card_of(render_announcement(unsent, text("Making it"), 5, "en", "f")).title == (
        r"Making the character “Ada \*x\*”"
    )


def a_refused_video(job: Job, **changes: Any) -> Job:
    request = VideoRequest(prompt="x", cast=(), model="seedance-2", refused=VideoRejection.REAL_FACE, **changes)
    return replace(job, request=request, outcome=Outcome.FAILED, failure=text("It may be real."))


def test_what_is_offered_for_a_real_face_is_only_what_would_help(job: Job) -> None:
    none = render_failure(a_refused_video(job, made_up_helps=True), "en")
    assert labels(none) == ["They're all made up", "Change it…"]
    assert "No other model that could show this cast works right now." in words(none)
    other = {"instead": "wan2.6", "instead_price": Decimal(12)}
    some = render_failure(a_refused_video(job, made_up_helps=True, **other), "en")
    assert labels(some) == ["Use wan2.6 (12 credits)", "They're all made up", "Change it…"]
    assert labels(render_failure(a_refused_video(job, **other), "en")) == ["Use wan2.6 (12 credits)", "Change it…"]
    assert labels(render_failure(a_refused_video(job), "en")) == ["Change it…"]
    assert "No other model" not in words(some)


@pytest.mark.parametrize(("private", "said"), [(False, True), (True, False)])
def test_where_a_server_hides_results_the_card_says_why(job: Job, private: bool, said: bool) -> None:
    hidden = replace(job, origin=replace(job.origin, hidden_by_server=True, private=private))
    card = render_result(hidden, a_character(), None, "en")
    assert ("Only you can see this, because this server doesn't let apps" in words(card)) is said
    assert "Saved to your cast." in words(card)


def test_missing_pictures_are_spoken_of(job: Job) -> None:
    none = render_result(job, a_character(), None, "en")
    assert "no picture" in words(none)
    kept = a_character(picture=StoredFile(key="k", sha256="s", size=1, mime="image/png"))
    assert "/character show" in words(render_result(job, kept, None, "en"))
    assert none.attachments() == []


def test_username_is_for_its_owner_only(job: Job) -> None:
    character = a_character()
    assert "@ada.tall" in words(render_character(character, None, "en", owner_sees=True))
    assert "ada.tall" not in words(render_character(character, None, "en", owner_sees=False))
    assert "ada.tall" not in words(render_result(job, character, PICTURE, "en"))


def test_card_of_ones_own_says_when_it_was_made() -> None:
    shown = card_of(render_character(a_character(), None, "en", owner_sees=True))
    assert shown.footer == f"Made <t:{int(a_character().created_at.timestamp())}:f>"
    assert shown.description == (
        "Saved to your cast. ToAPIs named this character Ada the Tall.\n"
        "ToAPIs sent no picture. The character works without one."
    )
    assert shown.fields[-1].name == "Username (keep it to yourself)"


@pytest.mark.parametrize(("percent", "bar"), [(0, "`░░░░░░░░░░░░░░░░` 0%"), (50, "`████████░░░░░░░░` 50%"),
                                              (130, "`████████████████` 100%")])  # fmt: skip
def test_progress_has_a_bar_and_a_beginning(job: Job, percent: int, bar: str) -> None:
    sent = replace(job, submit_started_at=job.created_at + timedelta(seconds=5))
    shown = card_of(render_progress(sent, text("Making it"), percent, "en")).description
    began = f"Started <t:{int(job.created_at.timestamp()) + 5}:R>. No need to wait: I'll tell you when it's done."
    assert shown.split("\n") == ["Making it", bar, began]


def test_what_waits_has_not_started(job: Job) -> None:
    shown = card_of(render_progress(replace(job, submit_started_at=None), text("Waiting"), None, "en")).description
    assert shown.startswith(f"Waiting\nYou asked for this <t:{int(job.created_at.timestamp())}:R>.")


def test_what_everybody_sees_of_it_names_its_owner_and_has_no_buttons(job: Job) -> None:
    card = render_announcement(job, text("Making it"), 50, "en", "00ff-run")
    assert "by <@42>" in words(card)
    assert lines(card)[-1] == "-# Progress 00ff-run"
    assert card.buttons == ()


def test_progress_without_a_known_percent_has_no_bar_and_no_job_id(job: Job) -> None:
    card = render_progress(job, text("Waiting"), None, "en")
    assert "█" not in words(card)
    assert job.id not in words(card)  # the courier would take it for the result


@pytest.mark.parametrize(
    ("changes", "title", "buttons"),
    [
        ({"outcome": Outcome.FAILED}, "Nothing was made", []),
        ({"outcome": Outcome.UNKNOWN}, "This may have been charged", ["Send again"]),
        ({"outcome": Outcome.UNKNOWN, "task_id": "task_1"}, "This may have been charged", ["Check again"]),
    ],
)
def test_failures_offer_what_applies(changes: dict[str, Any], title: str, buttons: list[str]) -> None:
    card = render_failure(a_job(asked_at(Now()()), failure=text("It was {how}.", how="*silent*"), **changes), "en")
    assert card_of(card).title == title
    assert card_of(card).description == r"It was \*silent\*."
    assert labels(card) == buttons
    assert "Job 00112233445566ff" in words(card)


def test_failure_without_a_reason_still_says_something(job: Job) -> None:
    assert card_of(render_failure(job, "en")).description


@pytest.mark.parametrize(
    ("question", "yes", "action"),
    [(Question.CONSENT, "Yes, I have permission", "consent"), (Question.SAME_AGAIN, "Make another", "again")],
)
def test_questions_have_a_yes_and_a_cancel(job: Job, question: Question, yes: str, action: str) -> None:
    card = render_question(job, question, "en")
    assert_discord_takes(card)
    assert labels(card) == [yes, "Cancel"]
    assert [button.custom_id.split(":")[2] for button in card.buttons] == [action, "cancel"]
    assert job.id not in words(card)


def test_for_a_video_of_somebody_elses_consent_is_asked_in_other_words(job: Job) -> None:
    source = Attachment(url=None, filename="clip.mp4", size=1, of_others=True)
    card = render_question(replace(job, request=replace(job.character, source=source)), Question.CONSENT, "en")
    assert_discord_takes(card)
    assert labels(card) == ["Yes, I have permission", "Cancel"]
    assert "for every video that someone else posted" in words(card)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (
            [FileKind.CLIP, FileKind.STILL, FileKind.REFERENCE, FileKind.VOICE],
            "Kept: a longer clip, stills, the voice.",
        ),
        (
            [FileKind.CLIP, FileKind.STILL, FileKind.REFERENCE],
            "Kept: a longer clip, stills.\nMissing: the voice.",
        ),
        (
            [FileKind.CLIP, FileKind.STILL],
            "Kept: the seconds you chose, stills.\nMissing: a longer clip, the voice.",
        ),
        ([FileKind.STILL], "Kept: stills.\nMissing: a longer clip, the voice."),
        ([], "I kept nothing of the video"),
    ],
)
def test_a_character_says_what_is_kept_for_other_models(kinds: list[FileKind], said: str) -> None:
    kept = [CharacterFile(kind, StoredFile(key="7/a", sha256="a", size=1, mime="image/jpeg")) for kind in kinds]
    assert "nobody speaks" not in said
    assert said in words(render_character(a_character(), None, "en", owner_sees=True, reference_set=kept))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FileKind.REFERENCE, "its last picture is held for 1.2 s"),
        (FileKind.VOICE, "the voice ends with 1.2 s of silence"),
    ],
)
def test_a_character_says_what_was_filled(kind: FileKind, said: str) -> None:
    def shown(filled: float | None) -> str:
        file = StoredFile(key="7/a", sha256="a", size=1, mime="video/mp4")
        kept = [CharacterFile(kind, file, seconds=3.0, filled=filled)]
        card = render_character(a_character(), None, "en", owner_sees=True, reference_set=kept)
        return words(card).replace("\\", "")  # of “1.”, which would begin a list

    assert said in shown(1.2)
    assert "is held for" not in shown(0.0) + shown(None)
    assert "silence" not in shown(0.0) + shown(None)


A_PORTABLE = {"model": "", "task_id": "cast_00112233445566ff", "username": "", "provider_id": "", "display_name": ""}


def test_a_portable_character_says_what_it_is_and_what_is_missing(job: Job) -> None:
    free = replace(job, request=replace(job.character, model=None))
    free = replace(free, seen=Seen(findings=Findings(concerns=(Concern.SILENT, Concern.CUT), faces=True)))
    kept = [CharacterFile(kind, StoredFile(key="7/a", sha256="a", size=1, mime="image/jpeg")) for kind in FileKind]
    card = render_result(free, a_character(**A_PORTABLE), None, "en", reference_set=kept[:3])
    assert_discord_takes(card)
    said = words(card)
    for expected in ("Portable character", "free", "cast_00112233445566ff", "Missing: the voice.", "Nothing"):
        assert expected in said
    for wrong in ("ToAPIs", "sora", "hardly any sound", "may have been"):
        assert wrong not in said
    assert labels(card) == ["Use in a video", "Edit…", "Delete"]


@pytest.mark.parametrize("name", ["Character", "Character 2"])
def test_a_portable_character_that_nobody_named_asks_for_a_name_first(job: Job, name: str) -> None:
    free = replace(job, request=replace(job.character, model=None))
    card = render_result(free, a_character(name=name, **A_PORTABLE), None, "en")
    assert labels(card) == ["Name it…", "Use in a video", "Delete"]
    named = replace(free, request=replace(free.character, name=name))
    assert "Name it…" not in labels(render_result(named, a_character(name=name, **A_PORTABLE), None, "en"))


@pytest.mark.parametrize(
    ("offer", "label"),
    [
        (CharacterOffer("sora-2", Decimal(60)), ["Make with Sora (60 credits)"]),
        (CharacterOffer("sora-2", None), ["Make with Sora"]),
        (None, []),
    ],
)
def test_a_model_can_make_it_while_one_lives_for_what_the_button_says(
    offer: CharacterOffer | None, label: list[str]
) -> None:
    card = render_character(a_character(**A_PORTABLE), None, "en", owner_sees=True, reference_set=[], offer=offer)
    assert labels(card) == [*label, "Use in a video", "Edit…", "Lend…", "Delete"]


def test_what_is_asked_about_a_free_character_speaks_of_no_charge(job: Job) -> None:
    free = replace(job, request=replace(job.character, model=None))
    for question in (Question.SAME_AGAIN, Question.CONCERNS, Question.CONSENT):
        assert "charge" not in words(render_question(free, question, "en"))
        assert "This is free" in words(render_question(free, question, "en"))
