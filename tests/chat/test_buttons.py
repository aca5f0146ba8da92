"""Buttons and forms: found by their id alone, after a restart too, their owner's alone, and always answered."""

import inspect
import re

import pytest
import simcord
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import buttons, job_buttons, lending_buttons, server_menus, video_buttons
from bot.chat.buttons import TurnPage
from bot.chat.durable_items import DurableButton, view
from bot.chat.job_buttons import MakeAnother, UseSeconds
from tests.chat.bot_harness import JOB, BotHarness, Form, words

# The ids that stand on messages of earlier versions, and what a press of each must find.
ON_OLD_MESSAGES: dict[str, tuple[str, dict[str, object]]] = {
    f"cb:job:consent:{JOB}:42": ("GiveConsent", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:consent:{JOB}:42": ("GiveConsent", {"job_id": JOB, "in_list": True}),
    f"cb:job:again:{JOB}:42": ("MakeAnother", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:again:{JOB}:42": ("MakeAnother", {"job_id": JOB, "in_list": True}),
    f"cb:job:name:{JOB}:42": ("UseOfferedName", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:othername:{JOB}:42": ("TypeJobName", {"job_id": JOB, "in_list": True}),
    f"cb:job:anyway:{JOB}:42": ("UseAnyway", {"job_id": JOB, "in_list": False}),
    f"cb:job:louder:{JOB}:42": ("MakeLouder", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:anyway:{JOB}:42": ("UseAnyway", {"job_id": JOB, "in_list": True}),
    f"cb:job:pick:{JOB}:42": ("PickSeconds", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:pick:{JOB}:42": ("PickSeconds", {"job_id": JOB, "in_list": True}),
    f"cb:job:cancel:{JOB}:42": ("CancelJob", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:cancel:{JOB}:42": ("CancelJob", {"job_id": JOB, "in_list": True}),
    f"cb:job:resend:{JOB}:42": ("SendAgain", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:resend:{JOB}:42": ("SendAgain", {"job_id": JOB, "in_list": True}),
    f"cb:job:recheck:{JOB}:42": ("CheckAgain", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:recheck:{JOB}:42": ("CheckAgain", {"job_id": JOB, "in_list": True}),
    f"cb:job:show:{JOB}:42": ("ShowResult", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:show:{JOB}:42": ("ShowResult", {"job_id": JOB, "in_list": True}),
    f"cb:job:other:{JOB}:42": ("OtherSeconds", {"job_id": JOB, "in_list": False}),
    f"cb:job:use:{JOB}:0.5,2:42": ("UseSeconds", {"job_id": JOB, "seconds": "0.5,2"}),
    f"cb:job:begin:{JOB}:0.5,2:42": ("UsePreview", {"job_id": JOB, "seconds": "0.5,2"}),
    f"cb:job:beginother:{JOB}:42": ("OtherPreviewSeconds", {"job_id": JOB, "in_list": False}),
    f"cb:job:retry:{JOB}:42": ("RetryJob", {"job_id": JOB, "in_list": False}),
    f"cb:tasks:retry:{JOB}:42": ("RetryJob", {"job_id": JOB, "in_list": True}),
    f"cb:job:video:{JOB}:42": ("MakeVideoAgain", {"job_id": JOB, "in_list": False}),
    f"cb:job:changevideo:{JOB}:42": ("ChangeFailedVideo", {"job_id": JOB, "in_list": False}),
    f"cb:job:silent:{JOB}:42": ("MakeSilentVideo", {"job_id": JOB, "in_list": False}),
    f"cb:job:othermodel:{JOB}:42": ("MakeVideoByOtherModel", {"job_id": JOB, "in_list": False}),
    f"cb:job:nobodyreal:{JOB}:42": ("MakeVideoOfNobodyReal", {"job_id": JOB, "in_list": False}),
    f"cb:video:take:{JOB}:ratio-16:9:42": ("TakeInstead", {"draft_id": JOB, "change": "ratio-16:9"}),
    f"cb:video:take:{JOB}:duration-:42": ("TakeInstead", {"draft_id": JOB, "change": "duration-"}),
    f"cb:video:change:{JOB}:42": ("ChangeVideo", {"draft_id": JOB}),
    "cb:videos:new:all:42": ("NewVideo", {}),
    "cb:videos:page:4:42": ("TurnVideos", {"offset": 4}),
    "cb:video:show:3:42": ("ShowVideo", {"video_id": 3}),
    "cb:video:another:3:42": ("AnotherTake", {"video_id": 3}),
    "cb:video:character:3:42": ("CharacterOfVideo", {"video_id": 3}),
    "cb:video:delete:3:42": ("DeleteVideo", {"video_id": 3}),
    "cb:video:deleteyes:3:42": ("ConfirmDeleteVideo", {"video_id": 3}),
    "cb:video:deleteno:3:42": ("KeepVideo", {"video_id": 3}),
    f"cb:job:watch:earlier:{JOB}:0.5,2:42": ("WatchSeconds", {"job_id": JOB, "seconds": "0.5,2"}),
    "cb:cast:use:3:42": ("UseCharacter", {"character_id": 3}),
    "cb:cast:model:3:42": ("MakeWithModel", {"character_id": 3}),
    "cb:server:private:1:42": ("ShowResultsTo", {"private": True}),
    "cb:server:private:0:42": ("ShowResultsTo", {"private": False}),
    "cb:server:limit:all:42": ("SetDayLimit", {}),
    "cb:tasks:list:all:42": ("BackToTasks", {}),
    "cb:cast:show:3:42": ("ShowCharacter", {"character_id": 3}),
    "cb:cast:rename:3:42": ("RenameCharacter", {"character_id": 3}),
    "cb:cast:name:3:Ann: 2:42": ("TakeName", {"character_id": 3, "name": "Ann: 2"}),
    "cb:cast:othername:3:Ann:42": ("TypeAnotherName", {"character_id": 3, "name": "Ann"}),
    "cb:cast:delete:3:42": ("DeleteCharacter", {"character_id": 3}),
    "cb:cast:deleteyes:3:42": ("ConfirmDelete", {"character_id": 3}),
    "cb:cast:deleteno:3:42": ("KeepCharacter", {"character_id": 3}),
    "cb:list:page:4.used.a:b.c:42": ("TurnPage", {"page": "4.used.a:b.c"}),
    "cb:cast:part:2:g7:42": ("NextCastPart", {"part": 2, "selection": "g7"}),
    f"cb:import:yes:{JOB}:42": ("BringIn", {"draft_id": JOB}),
    f"cb:import:no:{JOB}:42": ("DropImport", {"draft_id": JOB}),
    "cb:privacy:part:2:42": ("NextPart", {"part": 2}),
    "cb:privacy:deleteyes:all:42": ("DeleteEverything", {}),
    "cb:privacy:deleteyes:messages:42": ("DeleteWithMessages", {}),
    "cb:privacy:deleteno:all:42": ("KeepEverything", {}),
    "cb:help:apps:all:42": ("ShowAppsMenu", {}),
    "cb:loans:show:3:42": ("ShowLoans", {"character_id": 3}),
    "cb:loans:take:7:42": ("TakeBack", {"loan_id": 7}),
    "cb:loans:give:7:42": ("GiveBack", {"loan_id": 7}),
    "cb:loans:borrowed:4:42": ("TurnBorrowed", {"offset": 4}),
    "cb:groups:page:25:42": ("TurnGroups", {"offset": 25}),
    "cb:loans:uses:3:5:42": ("TurnUses", {"character_id": 3, "offset": 5}),
    f"cb:loans:watch:{JOB}:42": ("WatchUse", {"job_id": JOB}),
    "cb:person:see:9:42": ("SeeQuestion", {"consent_id": 9}),
    "cb:person:yes:9:42": ("SayYes", {"consent_id": 9}),
    "cb:person:no:9:42": ("SayNo", {"consent_id": 9}),
    "cb:server:roles:all:42": ("ShowRoles", {}),
    "cb:server:back:all:42": ("BackToSettings", {}),
}
CLASSES = {
    each
    for module in (buttons, job_buttons, lending_buttons, server_menus, video_buttons)
    for _, each in inspect.getmembers(module, inspect.isclass)
    if issubclass(each, DurableButton) and each._id_format
}


@pytest.mark.parametrize("custom_id", ON_OLD_MESSAGES)
async def test_buttons_of_earlier_versions_still_work(custom_id: str) -> None:
    (found,) = [each for each in CLASSES if each.matches(custom_id)]
    match = re.fullmatch(found.__discord_ui_compiled_template__, custom_id)
    assert match is not None
    pressed = await found.from_custom_id(None, None, match)  # type: ignore[arg-type]  # the id says everything
    name, fields = ON_OLD_MESSAGES[custom_id]
    assert type(pressed).__name__ == name
    assert pressed.owner_id == 42
    assert {field: getattr(pressed, field) for field in fields} == fields
    assert pressed.custom_id == custom_id


def test_every_button_is_among_those() -> None:
    assert {each.__name__ for each in CLASSES} == {name for name, _ in ON_OLD_MESSAGES.values()}


@given(search=st.text(max_size=32), owner=st.integers(0, 2**64 - 1))
async def test_ids_come_back_as_they_were(search: str, owner: int) -> None:
    made = TurnPage(f"0.newest.{search}", owner, "Next")
    match = made.template.fullmatch(made.custom_id)
    assert match is not None
    pressed = await TurnPage.from_custom_id(None, None, match)  # type: ignore[arg-type]  # the id says everything
    assert (pressed.page, pressed.owner_id) == (made.page, owner)


def test_an_id_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="not an id of TurnPage"):
        TurnPage("0.newest." + "x" * 80, 1, "Next")
    with pytest.raises(ValueError, match="not an id of UseSeconds"):
        UseSeconds("no job", "1,3", 1, "Use 1")


def test_a_label_is_cut() -> None:
    assert len(MakeAnother(JOB, 1, "x" * 100).item.label or "") == 80


async def test_a_view_is_of_durable_buttons_and_never_times_out() -> None:
    made = view(TurnPage("0.newest.", 1, "Next", disabled=True))
    assert made.timeout is None
    assert made.is_persistent()
    assert made.to_components()[0]["components"][0]["disabled"]


@pytest.fixture
async def shown(bot: BotHarness) -> simcord.ResponseMessage:
    result = await bot.alice.slash(bot.channel, "trial buttons")
    assert result.response is not None
    return result.response


async def answer(bot: BotHarness, who: simcord.MemberActor, shown: simcord.ResponseMessage, label: str) -> str:
    """The words of the private answer to a press."""
    result = await who.click(shown, label=label)
    (said,) = result.followups or (result.response,)
    assert said is not None
    assert said.ephemeral
    return words(said)


@pytest.mark.parametrize("restarted", [False, True])
async def test_press_finds_its_way(bot: BotHarness, shown: simcord.ResponseMessage, restarted: bool) -> None:
    if restarted:
        await bot.restart()
    assert await answer(bot, bot.alice, shown, "again") == f"pressed {JOB}"


async def test_stranger_is_refused_in_private(bot: BotHarness, shown: simcord.ResponseMessage) -> None:
    assert "These buttons are for the person who started this" in await answer(bot, bot.bob, shown, "again")


async def test_refusal_shows_its_sentence(bot: BotHarness, shown: simcord.ResponseMessage) -> None:
    assert await answer(bot, bot.alice, shown, "refuse") == "### That didn't work\nNot this one."
    assert shown.content == "press"  # a deferred press leaves the message alone


async def test_defect_shows_an_id(
    bot: BotHarness, shown: simcord.ResponseMessage, capsys: pytest.CaptureFixture[str]
) -> None:
    said = await answer(bot, bot.alice, shown, "fail")
    assert "inner secret" not in said
    error_id = said.split("ID ")[1].split(")")[0]
    logged = capsys.readouterr().out
    assert error_id in logged
    assert "ValueError" in logged


async def test_action_nobody_knows_any_more_is_answered(bot: BotHarness, shown: simcord.ResponseMessage) -> None:
    assert "older version" in await answer(bot, bot.alice, shown, "forgotten")


@pytest.mark.parametrize("custom_id", ["something-else", "cb:job:again"])
async def test_component_of_another_age_is_answered(bot: BotHarness, custom_id: str) -> None:
    result = await bot.alice.slash(bot.channel, "trial foreign", custom_id=custom_id)
    assert result.response is not None
    assert "older version" in await answer(bot, bot.alice, result.response, "old")


async def test_while_stopping_no_press_and_no_form_is_taken(bot: BotHarness, shown: simcord.ResponseMessage) -> None:
    opened = await bot.alice.slash(bot.channel, "trial form", kind="rename")
    await bot.client.drain(1)
    assert "restarting" in await answer(bot, bot.alice, shown, "again")
    result = await bot.alice.submit_modal(opened, {"name": "Bea"})
    assert result.response is not None
    assert "restarting" in words(result.response)


# -- forms ------------------------------------------------------------------------------------------------------------


async def test_form_holds_discords_limits(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "trial form", kind="rename")
    assert result.modal is not None
    assert result.modal["custom_id"] == "cbf:rename:3"
    assert len(result.modal["title"]) == 45
    name, note = result.modal["components"]
    assert (name["label"], name["component"]["value"], name["component"]["required"]) == ("Name", "Ada", True)
    assert len(note["label"]) == 45
    assert note["component"]["required"] is False


@pytest.mark.parametrize("restarted", [False, True])
async def test_submission_finds_its_way_once(bot: BotHarness, restarted: bool) -> None:
    shown = await bot.alice.slash(bot.channel, "trial form", kind="rename")
    assert bot.client._connection._view_store._modals == {}
    if restarted:
        await bot.restart()
    result = await bot.alice.submit_modal(shown, {"name": "Bea", "note": ""})
    assert result.response is not None
    assert result.response.content == "3: {'name': 'Bea', 'note': ''}"
    assert result.followups == []


async def test_defect_of_a_form_shows_an_id(bot: BotHarness) -> None:
    shown = await bot.alice.slash(bot.channel, "trial form", kind="rename")
    result = await bot.alice.submit_modal(shown, {"name": "break"})
    assert result.response is not None
    assert result.response.ephemeral
    assert "ID " in words(result.response)
    assert "secret" not in words(result.response)


async def test_form_nobody_knows_any_more_is_answered(bot: BotHarness) -> None:
    shown = await bot.alice.slash(bot.channel, "trial form", kind="forgotten")
    result = await bot.alice.submit_modal(shown, {"name": "Bea"})
    assert result.response is not None
    assert result.response.ephemeral
    assert "older version" in words(result.response)


async def test_form_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="too long an id"):
        Form("x" * 100)
