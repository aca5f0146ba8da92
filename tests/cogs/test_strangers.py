"""Another person's things are out of reach, whatever a stranger, a borrower or a moderator sends.

The test tries every registered command, autocomplete, button and form. It fails where one is registered that it does
not know how to try.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import discord
import pytest
import simcord
from discord import app_commands
from discord.ext import commands
from sqlalchemy import delete, update

from bot.chat.durable_items import DurableButton
from bot.chat.interaction_handlers import DurableForm, on_press, text_line
from bot.config import LimitSettings, Settings
from bot.store.loan_tables import loans
from bot.store.tables import drafts, jobs
from bot.values.loan import Loan
from cogs.video.choices import CHARACTERS
from tests.cogs.belongings import GROUP, NOTE, Belongings, KeptBelongings, OnDisk, Snapshot, lend
from tests.cogs.bot_harness import BotHarness, settings_in, words

CLIP = ("posted.mp4", b"clip")
UNLIMITED = LimitSettings(
    running_per_user=0, running_in_all=0, per_user_per_day=0, per_server_per_day=0, files_mb_per_user=500
)
ALICE = 1456074443980800015  # whom the fixture makes first: simcord's clock and ids begin alike in each test
VIEWS_LAST = 15 * 60  # seconds for which discord.py keeps the view of a hidden answer

Options: TypeAlias = Mapping[str, Any]
Make: TypeAlias = Callable[[Belongings, BotHarness], list[Any]]


def _nothing(mine: Belongings, bot: BotHarness) -> list[Options]:
    return [{}]


def _by_name(**more: str) -> Make:
    return lambda mine, bot: [{"name": name} | more for name in (mine.character.name, str(mine.character.id))]


# By the command's whole name: the options with which it is tried.
COMMANDS: dict[str, Make] = {
    "character create": lambda mine, bot: [{"task": task, "range": "1-3"} for task in (*mine.tasks, mine.film.job_id)],
    "character new": _nothing,
    "character preview": lambda mine, bot: [{"link": "https://example.org/clip.mp4"}],
    "character list": lambda mine, bot: [
        {},
        {"search": mine.character.name, "sort": "name"},
        {"search": NOTE.upper()},
        {"group": str(mine.group.id)},
    ],
    "character show": _by_name(),
    "character rename": _by_name(new_name="Stolen"),
    "character edit": _by_name(),
    "character default": lambda mine, bot: [{"name": mine.character.name}, {}],
    "group create": lambda mine, bot: [{"name": "Mine", "character": mine.character.name}],
    "group add": lambda mine, bot: [{"group": GROUP.upper(), "character": mine.character.name}],
    "group remove": lambda mine, bot: [{"group": GROUP.upper(), "character": mine.character.name}],
    "group show": lambda mine, bot: [{}, {"group": str(mine.group.id)}, {"group": GROUP.upper()}],
    "group rename": lambda mine, bot: [{"group": str(mine.group.id), "new_name": "Stolen"}],
    "group delete": lambda mine, bot: [{"group": str(mine.group.id)}],
    "character delete": _by_name(),
    "character lend": lambda mine, bot: [
        {"name": mine.character.name},
        {"name": mine.character.name, "to": bot.bob},
        {"name": mine.character.task_id, "server": True},
    ],
    "character take-back": lambda mine, bot: [
        {"name": mine.character.name},
        {"name": mine.character.name, "from": bot.bob},
    ],
    "character borrowed": _nothing,
    "character ask-consent": lambda mine, bot: [{"name": mine.character.name, "person": bot.alice}],
    "character export": lambda mine, bot: [{}, {"name": mine.character.name}, {"group": "Owners' group"}],
    "character import": lambda mine, bot: [{"link": f"https://example.org/{mine.offered.id}.zip"}],
    "video create": lambda mine, bot: [
        {"prompt": "a dance", "character": mine.character.name},
        {"prompt": f"@{mine.character.name} dances", "character": str(mine.character.id), "model": "sora-2"},
        {"prompt": "a dance", "character": mine.character.task_id},
        {"prompt": "a dance"} | dict.fromkeys(CHARACTERS[1:], mine.character.name),
        {"prompt": "a dance"},
    ],
    "video new": _nothing,
    "video list": _nothing,
    "tasks": _nothing,
    "help": _nothing,
    "about": _nothing,
    "privacy export": _nothing,
    "privacy delete": _nothing,
    "server settings": lambda mine, bot: [{}, {"day_limit": 50}, {"block": bot.alice}, {"unblock": bot.alice}],
    "operator block": lambda mine, bot: [{"user": bot.alice}],
    "operator unblock": lambda mine, bot: [{"user": bot.alice}],
    "operator resume": _nothing,
    "operator health": _nothing,
    "Make a character": _nothing,
}

# By the beginning of the id: the arguments that would do something in the owner's own hands, and others.
PRESSES: dict[str, Make] = {
    "cb:job:consent": lambda mine, bot: [mine.consenting.id],
    "cb:job:again": lambda mine, bot: [mine.doubled.id],
    "cb:job:name": lambda mine, bot: [mine.misnamed.id],
    "cb:tasks:name": lambda mine, bot: [mine.misnamed.id],
    "cb:job:othername": lambda mine, bot: [mine.misnamed.id],
    "cb:tasks:othername": lambda mine, bot: [mine.misnamed.id],
    "cb:job:anyway": lambda mine, bot: [mine.doubting.id],
    "cb:job:louder": lambda mine, bot: [mine.doubting.id],
    "cb:tasks:louder": lambda mine, bot: [mine.doubting.id],
    "cb:help:apps": lambda mine, bot: ["all"],
    "cb:job:use": lambda mine, bot: [f"{mine.picking.id}:4,7"],
    "cb:job:begin": lambda mine, bot: [f"{mine.preview.id}:4,7"],
    "cb:job:beginother": lambda mine, bot: [mine.preview.id],
    "cb:tasks:beginother": lambda mine, bot: [mine.preview.id],
    "cb:job:retry": lambda mine, bot: [mine.failed.id],
    "cb:tasks:retry": lambda mine, bot: [mine.failed.id],
    "cb:job:watch": lambda mine, bot: [
        f"suggested:{mine.picking.id}:4,7",
        f"previewed:{mine.preview.id}:4,7",
    ],
    "cb:job:other": lambda mine, bot: [mine.picking.id],
    "cb:job:pick": lambda mine, bot: [mine.doubting.id, mine.picking.id],
    "cb:job:cancel": lambda mine, bot: [mine.picking.id, mine.preview.id, mine.watched.id],
    "cb:job:resend": lambda mine, bot: [mine.unclear.id],
    "cb:job:recheck": lambda mine, bot: [mine.late.id],
    "cb:job:show": lambda mine, bot: [mine.undelivered.id, mine.late.id],
    "cb:tasks:consent": lambda mine, bot: [mine.consenting.id],
    "cb:tasks:again": lambda mine, bot: [mine.doubled.id],
    "cb:tasks:anyway": lambda mine, bot: [mine.doubting.id],
    "cb:tasks:other": lambda mine, bot: [mine.picking.id],
    "cb:tasks:pick": lambda mine, bot: [mine.doubting.id],
    "cb:tasks:cancel": lambda mine, bot: [mine.doubled.id],
    "cb:tasks:resend": lambda mine, bot: [mine.unclear.id],
    "cb:tasks:recheck": lambda mine, bot: [mine.late.id],
    "cb:tasks:show": lambda mine, bot: [mine.undelivered.id],
    "cb:list:page": lambda mine, bot: [
        "0.newest.",
        "-4.used.",
        f"0.name.{mine.character.name}",
        f"0.best.{NOTE.upper()}",
        f"0.recent-{mine.group.id}.",
    ],
    "cb:groups:page": lambda mine, bot: ["0", "-4"],
    "cb:groups:open": lambda mine, bot: [f"all={mine.group.id}"],
    "cb:cast:use": lambda mine, bot: [str(mine.character.id)],
    "cb:cast:model": lambda mine, bot: [str(mine.character.id)],
    "cb:cast:rename": lambda mine, bot: [str(mine.character.id)],
    "cb:cast:name": lambda mine, bot: [f"{mine.character.id}:Stolen"],
    "cb:cast:othername": lambda mine, bot: [f"{mine.character.id}:Stolen"],
    "cb:cast:delete": lambda mine, bot: [str(mine.character.id)],
    "cb:cast:deleteyes": lambda mine, bot: [str(mine.character.id)],
    "cb:cast:deleteno": lambda mine, bot: [str(mine.character.id)],
    "cb:loans:show": lambda mine, bot: [str(mine.character.id)],
    "cb:loans:uses": lambda mine, bot: [f"{mine.character.id}:0"],
    "cb:loans:watch": lambda mine, bot: [mine.used.job_id],
    "cb:loans:take": lambda mine, bot: [str(mine.loan.id), str(mine.borrowing.id)],
    "cb:loans:give": lambda mine, bot: [str(mine.borrowing.id), str(mine.loan.id)],
    "cb:loans:borrowed": lambda mine, bot: ["0", "4"],
    "cb:person:see": lambda mine, bot: [str(mine.asked.id)],
    "cb:person:yes": lambda mine, bot: [str(mine.asked.id)],
    "cb:person:no": lambda mine, bot: [str(mine.asked.id)],
    "cb:job:video": lambda mine, bot: [mine.film.job_id],
    "cb:tasks:video": lambda mine, bot: [mine.film.job_id],
    "cb:job:changevideo": lambda mine, bot: [mine.refused.id],
    "cb:tasks:changevideo": lambda mine, bot: [mine.refused.id],
    "cb:job:silent": lambda mine, bot: [mine.refused.id],
    "cb:tasks:silent": lambda mine, bot: [mine.refused.id],
    "cb:job:othermodel": lambda mine, bot: [mine.refused.id],
    "cb:tasks:othermodel": lambda mine, bot: [mine.refused.id],
    "cb:job:nobodyreal": lambda mine, bot: [mine.refused.id],
    "cb:tasks:nobodyreal": lambda mine, bot: [mine.refused.id],
    "cb:video:take": lambda mine, bot: [f"{mine.wish.id}:duration-10", f"{mine.wish.id}:model-wan2.6"],
    "cb:video:change": lambda mine, bot: [mine.wish.id],
    "cb:videos:new": lambda mine, bot: ["all"],
    "cb:videos:page": lambda mine, bot: ["0", "4"],
    "cb:videos:open": lambda mine, bot: [f"all={mine.film.id}"],
    "cb:video:show": lambda mine, bot: [str(mine.film.id)],
    "cb:video:another": lambda mine, bot: [str(mine.film.id)],
    "cb:video:character": lambda mine, bot: [str(mine.film.id)],
    "cb:video:delete": lambda mine, bot: [str(mine.film.id)],
    "cb:video:deleteyes": lambda mine, bot: [str(mine.film.id)],
    "cb:video:deleteno": lambda mine, bot: [str(mine.film.id)],
    # Menus: what is chosen in them stands behind the sign.
    "cb:tasks:open": lambda mine, bot: [f"all={mine.picking.id}", f"all={mine.watched.id}"],
    "cb:tasks:list": lambda mine, bot: ["all"],
    "cb:list:open": lambda mine, bot: [f"all={mine.character.id}"],
    "cb:cast:show": lambda mine, bot: [str(mine.character.id)],
    "cb:server:blocked": lambda mine, bot: [f"all={mine.owner_id}"],
    "cb:server:channels": lambda mine, bot: [f"all={bot.channel.id}"],
    "cb:server:roles": lambda mine, bot: ["all"],
    "cb:server:back": lambda mine, bot: ["all"],
    "cb:server:creators": lambda mine, bot: [f"all={bot.channel.id}"],
    "cb:server:filmers": lambda mine, bot: [f"all={bot.channel.id}"],
    "cb:server:limited": lambda mine, bot: [f"all={bot.channel.id}"],
    "cb:server:log": lambda mine, bot: [f"all={bot.channel.id}"],
    "cb:server:private": lambda mine, bot: ["0", "1"],
    "cb:server:limit": lambda mine, bot: ["all"],
    "cb:cast:part": lambda mine, bot: ["1:all", f"1:c{mine.character.id}", "1:g1"],
    "cb:import:yes": lambda mine, bot: [mine.offered.id],
    "cb:import:no": lambda mine, bot: [mine.offered.id],
    "cb:privacy:part": lambda mine, bot: ["1", "2"],
    "cb:privacy:deleteyes": lambda mine, bot: ["all", "messages", str(mine.owner_id)],
    "cb:privacy:deleteno": lambda mine, bot: ["all"],
}

# By the form's prefix: subjects, and what is typed into the fields.
FORMS: dict[str, Make] = {
    "cbf:rename": lambda mine, bot: [(str(mine.character.id), {"name": "Stolen"})],
    "cbf:edit": lambda mine, bot: [
        (str(mine.character.id), {"name": "Stolen", "note": "stolen", "tags": "stolen", "picture": "0" * 64})
    ],
    "cbf:seconds": lambda mine, bot: [(each.id, {"range": "4-6"}) for each in (mine.picking, mine.doubting)],
    "cbf:name": lambda mine, bot: [(mine.misnamed.id, {"name": "Stolen"})],
    "cbf:preview": lambda mine, bot: [(mine.preview.id, {"range": "4-6", "name": "Stolen"})],
    "cbf:new": lambda mine, bot: [("character", {"clip": "1", "range": "1-3", "consent": "yes"})],
    "cbf:task": lambda mine, bot: [("shown-sora-2", {"task": mine.tasks[1], "range": "soon", "name": "Stolen"})],
    "cbf:rolelimits": lambda mine, bot: [(str(bot.channel.id), {"characters": "5"})],
    "cbf:daylimit": lambda mine, bot: [("server", {"limit": "5"})],
    "cbf:video": lambda mine, bot: [
        ("new", {"prompt": "a dance", "names": mine.character.name, "model": "best"}),
        ("new", {"prompt": f"@{mine.character.name} dances", "cast": str(mine.character.id)}),
        (mine.wish.id, {"prompt": "a dance", "names": mine.character.name}),
        (f"failed-{mine.refused.id}", {"prompt": "a dance", "names": mine.character.name}),
        (mine.draft.id, {"prompt": "a dance", "cast": str(mine.character.id)}),
    ],
    "cbf:draft": lambda mine, bot: [(mine.draft.id, {"range": "1-3", "name": "Stolen"})],
}

# What, in the owner's own hands, changes nothing of theirs and shows nothing that others may not see.
HARMLESS = {
    "cb:job:watch",  # the owner's video is none here, so there is nothing to see in it
    "cb:job:other",
    "cb:tasks:other",
    "cb:job:othername",
    "cb:tasks:othername",
    "cb:cast:othername",
    "cb:job:beginother",
    "cb:tasks:beginother",
    "cb:help:apps",
    "cb:cast:deleteno",
    "cb:video:deleteno",
    "cb:videos:new",
    "cb:privacy:deleteno",
    "cb:cast:delete",
    "cb:cast:rename",
    "cb:cast:use",
    "cb:server:blocked",  # the owner of the belongings manages no server
    "cb:server:channels",
    "cb:server:limit",
    "cb:server:private",
    *(f"cb:server:{name}" for name in ("roles", "back", "creators", "filmers", "limited", "log")),
    "cbf:daylimit",
    "cbf:rolelimits",
    "cbf:new",  # what is uploaded in it is nobody's yet
    "cbf:task",  # its task is a character's, of which nothing is made
}


# Options that offer nobody's own: what their typing means, and the models that there are.
ECHOING = {"range", "model", "duration", "ratio", "resolution", "until"}


class ForgedForm(DurableForm, prefix="forged"):
    """A form under any id, with any fields."""

    def __init__(self, custom_id: str, names: Iterable[str]) -> None:
        super().__init__("", "Form", *[text_line(name, name) for name in names])
        self.custom_id = custom_id


class OpenForged(DurableButton, custom_id="cb:forged:open:x:{owner_id}"):
    """A button of the test's own."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> OpenForged:
        return cls("Open", discord.ButtonStyle.primary, owner_id=int(match["owner_id"]))


class Forger(commands.Cog):
    """Opens ``form``."""

    form: ForgedForm

    @on_press(OpenForged)
    async def open(self, interaction: discord.Interaction[Any], button: OpenForged) -> None:
        await interaction.response.send_modal(self.form)


@dataclass
class Count:
    """The figure of the table in docs/faults.md."""

    attempts: int = 0
    successes: list[str] = field(default_factory=list)


@pytest.fixture
def limit_settings() -> LimitSettings:
    return UNLIMITED


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> KeptBelongings:
    """Made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("belongings")
    shutil.copy(migrated, folder)
    return KeptBelongings(folder, settings_in(folder, UNLIMITED), ALICE)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, kept: KeptBelongings) -> Settings:
    kept.copy_to(tmp_path)
    return settings


@pytest.fixture
def mine(bot: BotHarness, kept: KeptBelongings) -> Belongings:
    """What Alice has, at the instant when she had got it all."""
    assert bot.alice.id == kept.mine.owner_id
    bot.harness.now = kept.now
    return kept.mine


@pytest.fixture
async def there(bot: BotHarness) -> BotHarness:
    """The bot, whose server is the operator's now; the operator is somebody else."""
    bot.harness.change(discord={"dev_guild": bot.alice.guild.id, "owners": (10**17,)})
    await bot.restart()
    return bot


class Attacker:
    """One person who sends what they like, and what comes of it."""

    def __init__(
        self, bot: BotHarness, actor: simcord.MemberActor, mine: Belongings, count: Count, on_disk: OnDisk
    ) -> None:
        self.bot, self.actor, self.mine, self.count, self._on_disk = bot, actor, mine, count, on_disk
        self._last: Snapshot | None = None

    @property
    def borrows(self) -> bool:
        """Whether the character is lent to them: they may use it in videos, and nothing else."""
        return self.actor.name == "borrower"

    async def every_command(self) -> None:
        for command in registered(self.bot):
            for options in COMMANDS[command.qualified_name](self.mine, self.bot):
                await self.attempt(f"/{command.qualified_name} {options}", self._call(command, options))
            if isinstance(command, app_commands.Command):
                for parameter in command.parameters:
                    if parameter.autocomplete:
                        await self._types(command.qualified_name, parameter.display_name)

    async def _call(
        self, command: app_commands.Command[Any, Any, Any] | app_commands.ContextMenu, options: Options
    ) -> list[simcord.InteractionResult]:
        channel = self.bot.channel
        if isinstance(command, app_commands.Command):
            return [await self.actor.slash(channel, command.qualified_name, **options)]
        posted = await self.bot.alice.send(channel, "look", attachments=[CLIP])
        form = await self.actor.context_menu(channel, command.qualified_name, posted)
        return [form, await self.actor.submit_modal(form, {"range": "1-3"})]

    async def _types(self, command: str, option: str) -> None:
        for typed in ("", self.mine.character.name[:3], self.mine.tasks[0][:6]):
            label = f"/{command} {option}={typed}…"
            choices = await self.actor.autocomplete(self.bot.channel, command, option, typed)
            theirs = option in ECHOING or (self.borrows and option in CHARACTERS)
            self._judge(label, json.dumps(choices), changed=choices != [] and not theirs)

    async def every_press(self) -> None:
        for press in presses(self.bot):
            for argument in PRESSES[press](self.mine, self.bot):
                for claimed in (self.mine.owner_id, self.actor.id):
                    await self.attempt(f"{press}:{argument}:{claimed}", self.press(press, argument, claimed))

    async def press(self, press: str, argument: str, claimed: int) -> list[simcord.InteractionResult]:
        argument, menu, chosen = argument.partition("=")
        custom_id = f"{press}:{argument}:{claimed}"
        made = discord.ui.View(timeout=None)
        if menu:
            options = [discord.SelectOption(label="Choose", value=chosen)]
            made.add_item(discord.ui.Select(custom_id=custom_id, options=options))
        else:
            made.add_item(discord.ui.Button(label="Press", custom_id=custom_id))
        message = await self.bot.client.get_partial_messageable(self.bot.channel.id).send("press", view=made)
        made.stop()
        if menu:
            return [await self.actor.select(message, [chosen], custom_id=custom_id)]
        return [await self.actor.click(message, custom_id=custom_id)]

    async def every_form(self) -> None:
        for prefix in forms(self.bot):
            for subject, values in FORMS[prefix](self.mine, self.bot):
                await self.attempt(f"{prefix}:{subject}", self.submit(f"{prefix}:{subject}", values))

    async def submit(self, custom_id: str, values: Mapping[str, str]) -> list[simcord.InteractionResult]:
        """Through a button of the test's own."""
        forger = self.bot.client.get_cog("Forger")
        if forger is None:
            forger = Forger()
            await self.bot.client.add_parts([forger])
        assert isinstance(forger, Forger)
        forger.form = ForgedForm(custom_id, values)
        [opened] = await self.press("cb:forged:open", "x", self.actor.id)
        return [await self.actor.submit_modal(opened, dict(values))]

    async def attempt(self, label: str, go: Coroutine[Any, Any, list[simcord.InteractionResult]]) -> None:
        """A success is a row or file of others that changed, or a secret of the owner's in anything that was said."""
        async with self.bot.harness.database.write() as connection:  # or they are told what they had typed themselves
            for typed in (jobs, drafts):
                await connection.execute(delete(typed).where(typed.c.owner_id == self.actor.id))
        before, said_before = self._last or self._seen(), len(self.bot.env.http_requests)
        results = await go
        said = "".join(str(each.json) for each in self.bot.env.http_requests[said_before:])
        for result in results:
            said += await everything(result)
        self._last = self._seen()
        self._judge(label, said, changed=self._last != before)
        if self.count.attempts % 10 == 0:  # else there are hundreds of views, and simcord looks at each in every turn
            await self.bot.env.advance_time(VIEWS_LAST)

    def _seen(self) -> Snapshot:
        manager = self.actor.guild.id if self.actor.name == "moderator" else 0
        used = {"loan_uses"} if self.borrows else ()
        return self._on_disk.snapshot(but_of=(self.actor.id,), with_servers=not manager, without=used)

    def _judge(self, label: str, said: str, *, changed: bool = False) -> None:
        self.count.attempts += 1
        told = [secret for secret in self.mine.secrets if secret in said]
        if changed or told:
            self.count.successes.append(f"{self.actor.name}: {label}: changed={changed}, told={told}")


async def everything(result: simcord.InteractionResult) -> str:
    """All that an answer holds: words, buttons, forms, and the files in it."""
    said = json.dumps([result.modal, result.autocomplete_choices])
    for message in (result.response, *result.followups):
        if message is None:
            continue
        said += words(message) + json.dumps(message.components)
        for attachment in message.attachments:
            said += attachment.filename + _inside(await attachment.read())
    return said


def _inside(data: bytes) -> str:
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data.decode("latin-1")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "".join(name + archive.read(name).decode("latin-1") for name in archive.namelist())


def registered(bot: BotHarness) -> list[app_commands.Command[Any, Any, Any] | app_commands.ContextMenu]:
    tree = bot.client.tree
    found: list[app_commands.Command[Any, Any, Any] | app_commands.ContextMenu] = []
    for place in (None, discord.Object(bot.harness.settings.discord.dev_guild)):
        for kind in discord.AppCommandType:
            if kind.value <= 3:  # slash commands, user menus, message menus
                each_of_them = tree.walk_commands(guild=place, type=kind)
                found += [each for each in each_of_them if not isinstance(each, app_commands.Group)]
    return found


def presses(bot: BotHarness) -> list[str]:
    """``cb:family:action`` of every button that somebody answers."""
    formats = [button._id_format for button in bot.client.handlers.buttons if button is not OpenForged]
    places = [each.replace("{in_list}", place) for each in formats for place in ("job", "tasks")]
    return sorted({":".join(each.split(":")[:3]) for each in places})


def forms(bot: BotHarness) -> list[str]:
    return list(bot.client.handlers.forms)


async def test_the_walk_knows_everything_that_is_registered(there: BotHarness) -> None:
    """Whoever adds a command, a button or a form says here how a stranger would try it."""
    assert {each.qualified_name for each in registered(there)} == set(COMMANDS)
    assert set(presses(there)) == set(PRESSES)
    assert set(forms(there)) == set(FORMS)


async def test_each_press_of_the_walk_is_one_that_somebody_answers(there: BotHarness, mine: Belongings) -> None:
    """The first of each; among the others are some that no message of ours has."""
    ids = [f"{press}:{make(mine, there)[0].partition('=')[0]}:{mine.owner_id}" for press, make in PRESSES.items()]
    assert [each for each in ids if not any(kind.matches(each) for kind in there.client.handlers.buttons)] == []


async def test_each_option_that_names_somebodys_own_is_tried(there: BotHarness, mine: Belongings) -> None:
    """Such an option has an autocomplete, which offers nobody else's."""
    naming = {
        (command.qualified_name, each.display_name)
        for command in registered(there)
        if isinstance(command, app_commands.Command)
        for each in command.parameters
        if each.autocomplete and each.display_name not in ECHOING
    }
    tried = {(name, option) for name, make in COMMANDS.items() for options in make(mine, there) for option in options}
    assert naming - tried == set()


@pytest.fixture
def on_disk(bot: BotHarness) -> Iterator[OnDisk]:
    with contextlib.closing(OnDisk(bot.harness)) as on_disk:
        yield on_disk


@pytest.fixture(scope="module")
def count(record_testsuite_property: Callable[[str, object], None]) -> Iterator[Count]:
    """Of all walks together: a figure of ``make faults``."""
    count = Count()
    yield count
    record_testsuite_property("strangers' attempts / successes", f"{count.attempts} / {len(count.successes)}")


@pytest.mark.parametrize("way", ["every_command", "every_press", "every_form"])
@pytest.mark.parametrize("who", ["stranger", "borrower", "moderator"])
async def test_nobody_reaches_what_is_anothers(
    there: BotHarness, mine: Belongings, count: Count, on_disk: OnDisk, who: str, way: str
) -> None:
    guild, actor, before, successes = there.alice.guild, there.bob, count.attempts, len(count.successes)
    if who == "moderator":
        role = guild.create_role("Moderators", permissions=discord.Permissions(administrator=True))
        actor = guild.add_member(there.env.create_user("moderator"), roles=[role])
    elif who == "borrower":
        actor = guild.add_member(there.env.create_user("borrower"))
    if who != "moderator":  # even where a server shows them the managers' command
        guild.set_command_permissions(there.client.command_ids["server"], {actor: True})
    if who == "borrower":
        await lend(there.harness, there.alice.id, mine.character, actor.id)
    await getattr(Attacker(there, actor, mine, count, on_disk), way)()
    assert count.successes[successes:] == []
    assert count.attempts - before >= {"every_command": 20, "every_press": 50, "every_form": 4}[way]


Ends: TypeAlias = Callable[[BotHarness, Belongings, Loan], Awaitable[None]]


async def taken_back(bot: BotHarness, mine: Belongings, loan: Loan) -> None:
    await bot.harness.app.cast.lending.take_back(mine.owner_id, loan_id=loan.id)


async def expired(bot: BotHarness, mine: Belongings, loan: Loan) -> None:
    await _change(bot, loan, until=bot.harness.now)


async def used_up(bot: BotHarness, mine: Belongings, loan: Loan) -> None:
    await _change(bot, loan, uses=1, used_before=1)


async def _change(bot: BotHarness, loan: Loan, **columns: object) -> None:
    async with bot.harness.database.write() as connection:
        await connection.execute(update(loans).where(loans.c.id == loan.id).values(columns))


@pytest.mark.parametrize("way", ["every_command", "every_form"])
@pytest.mark.parametrize("ends", [taken_back, expired, used_up])
async def test_a_loan_that_is_over_reaches_nothing(
    there: BotHarness, mine: Belongings, count: Count, on_disk: OnDisk, ends: Ends, way: str
) -> None:
    """It is none of what a borrower may do any more, not even to have it offered."""
    guild, successes = there.alice.guild, len(count.successes)
    former = guild.add_member(there.env.create_user("former"))
    guild.set_command_permissions(there.client.command_ids["server"], {former: True})
    await ends(there, mine, await lend(there.harness, there.alice.id, mine.character, former.id))
    await getattr(Attacker(there, former, mine, count, on_disk), way)()
    assert count.successes[successes:] == []


@pytest.mark.parametrize("form", sorted(set(FORMS) - HARMLESS))
async def test_in_the_owners_own_hands_each_form_does_something(
    bot: BotHarness, mine: Belongings, on_disk: OnDisk, form: str
) -> None:
    owner, (subject, values) = Attacker(bot, bot.alice, mine, Count(), on_disk), FORMS[form](mine, bot)[0]
    before = on_disk.snapshot()
    [result] = await owner.submit(f"{form}:{subject}", values)
    said = await everything(result)
    shown = [secret for secret in (mine.character.name, *mine.secrets) if secret in said]
    assert on_disk.snapshot() != before or shown, said


@pytest.mark.parametrize("press", sorted(set(PRESSES) - HARMLESS))
async def test_in_the_owners_own_hands_each_press_does_something(
    bot: BotHarness, mine: Belongings, on_disk: OnDisk, press: str
) -> None:
    """Otherwise the walk would prove nothing."""
    owner = Attacker(bot, bot.alice, mine, Count(), on_disk)
    argument = PRESSES[press](mine, bot)[0]
    before = on_disk.snapshot()
    [result] = await owner.press(press, argument, mine.owner_id)
    said = await everything(result)
    shown = [secret for secret in (mine.character.name, *mine.secrets) if secret in said]
    assert on_disk.snapshot() != before or shown
