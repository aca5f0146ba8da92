"""Somebody who uses the playground's page as people do: types commands, chooses files, presses buttons, fills forms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from tests.playground.chromium import PATIENCE, Tab

_MESSAGES = "[...document.querySelectorAll('#channel-message-list .channel-message')]"
_READY = "window.simcordPreview?.ready === true"


class Visitor:
    """On an open ``tab``; pictures go into ``folder``, numbered in the order of the walk."""

    def __init__(self, tab: Tab, folder: Path) -> None:
        self._tab = tab
        self._folder = folder
        self._pictures = 0
        self._known: list[str] = []
        self._away = ""

    async def arrive(self, url: str) -> None:
        """Open the page, and wait until it is there."""
        await self._tab.go(url)
        await self._tab.until(_READY, "the page")

    async def leave_page(self, url: str) -> None:
        """Go away until somebody is chosen in "Viewing as": drawing a page that nobody looks at costs as much."""
        await self._tab.go("about:blank")
        self._away = url

    async def view_as(self, name: str) -> None:
        """Choose somebody in "Viewing as", by the beginning of their name."""
        if self._away:
            await self.arrive(self._away)
            self._away = ""
        chosen = f"[...document.querySelector('#viewer-picker').options].find(o => o.text.startsWith({_js(name)}))"
        await self._tab.until(f"!!{chosen}", f"{name} in Viewing as")
        await self._tab.ask(
            f"(() => {{ const p = document.querySelector('#viewer-picker'); p.value = {chosen}.value;"
            " p.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )
        await self._tab.until(f"{_READY} && window.simcordPreview.viewerId === {chosen}.value", f"the page of {name}")

    async def type(self, command: str, options: Mapping[str, str | Path] | None = None) -> None:
        """Type a command and its options, files by their paths, and leave it there."""
        composer = "document.querySelector('#channel-composer-input')"
        await self._tab.until(f"!!{composer} && {_READY}", "the line to type into")
        await self._tab.click(composer, "the line to type into")
        await self._tab.ask(
            f"(c => {{ c.value = ''; c.dispatchEvent(new Event('input', {{bubbles: true}})); }})({composer})"
        )
        await self._tab.type(f"/{command}")
        await self._tab.click(_entry(f"o.innerText.trim().startsWith({_js('/' + command)})"), f"/{command} in the list")
        chip = "document.querySelector('[data-command-chip]')"
        await self._tab.until(f"{chip}?.innerText === {_js('/' + command)}", f"/{command} in the line")
        for name, value in (options or {}).items():
            await self.option(name, value)

    async def option(self, name: str, value: str | Path) -> None:
        """Type the value of one more option of the command that stands in the line."""
        pill = f"document.querySelector('.command-pill[data-option={name}]')"
        if not await self._tab.ask(f"!!{pill}"):
            await self._tab.click("document.querySelector('[data-command-chip]')", "the command")
            await self._tab.click(
                f"document.querySelector('.command-suggestion[data-value={name}]')", f"the option {name}"
            )
            await self._tab.until(f"!!{pill}", f"the option {name} in the line")
        if isinstance(value, Path):
            await self._tab.put_file(f"{pill}.querySelector('input[type=file]')", value)
            await self._tab.until(f"{pill}.innerText.includes({_js(value.name)})", f"{value.name} in the line")
        else:
            await self._tab.click(f"{pill}.querySelector('input')", f"the field {name}")
            await self._tab.type(value)

    async def choose(self, label: str) -> None:
        """Choose an entry of the list that hangs above the command line, by a part of it."""
        await self._tab.click(_entry(f"o.innerText.includes({_js(label)})"), f"“{label}” in the list")

    async def type_own(self, command: str, typed: str, character: str) -> None:
        """Type a command about one of their characters, whose name is chosen from what its beginning brings up."""
        await self.type(command, {"name": typed})
        await self.choose(character)

    async def send(self) -> None:
        """Send the command that stands in the line."""
        self._known = await self._tab.ask(f"{_MESSAGES}.map(m => m.dataset.messageId)")
        await self._act("document.querySelector('#send-message')", "Send")
        await self._tab.until("!document.querySelector('[data-command-chip]')", "the end of the command")

    async def command(self, command: str, options: Mapping[str, str | Path] | None = None) -> None:
        """Type a command, and send it."""
        await self.type(command, options)
        await self.send()

    async def press(self, label: str, *, begins: bool = False) -> None:
        """Press the newest button with this label (or whose label ``begins`` so), once it can be pressed."""
        fits = f"startsWith({_js(label)})" if begins else f"valueOf() === {_js(label)}"
        button = (
            "[...document.querySelectorAll('#channel-message-list .component-button')]"
            f".filter(b => b.innerText.trim().{fits} && !b.disabled).at(-1)"
        )
        await self._act(button, f"the button {label}")

    async def buttons(self) -> list[str]:
        """The labels of the buttons of the newest message that has any, in their order."""
        labels = await self._tab.ask(
            f"[...({_MESSAGES}.filter(m => m.querySelector('.component-button')).at(-1)"
            "?.querySelectorAll('.component-button') ?? [])].map(b => b.innerText.trim())"
        )
        return [str(each) for each in labels]

    async def address(self, label: str) -> str:
        """Where the newest button that is a link and has this label leads."""
        link = (
            "[...document.querySelectorAll('#channel-message-list a.component-button')]"
            f".filter(a => a.innerText.trim() === {_js(label)}).at(-1)?.href"
        )
        return str(await self._tab.until(link, f"the link {label}"))

    async def pick(self, placeholder: str, entry: str) -> None:
        """Open the newest menu with this placeholder, and choose an entry of it, by a part of its words.

        A choice in a menu that the page has closed meanwhile is never sent, so both happen in one look at it.
        """
        menu = (
            "[...document.querySelectorAll('#channel-message-list .select-trigger')]"
            f".filter(m => m.innerText.includes({_js(placeholder)})).at(-1)"
        )
        option = (
            "[...m.closest('.preview-select').querySelectorAll('[role=option]')]"
            f".find(o => o.innerText.includes({_js(entry)}))"
        )
        await self._tab.until(
            f"(m => {{ if (!m || !({_READY})) return false;"
            " if (m.getAttribute('aria-expanded') !== 'true') { m.focus(); m.click(); return false; }"
            f" const o = {option}; o?.click(); return !!o && !!window.simcordPreview.pendingAction; }})({menu})",
            f"“{entry}” in the menu “{placeholder}”",
        )

    async def pick_all(self, placeholder: str, *entries: str) -> None:
        """Open the newest menu with this placeholder, choose these entries, and press beside it, which sends them."""
        menu = (
            "[...document.querySelectorAll('#channel-message-list .select-trigger')]"
            f".filter(m => m.getAttribute('aria-label') === {_js(placeholder)}).at(-1)"
        )
        opened = f"(m => {{ if (m?.getAttribute('aria-expanded') === 'true') return true; m?.click(); }})({menu})"
        await self._tab.until(opened, f"the menu “{placeholder}”")
        for entry in entries:
            option = (
                f"[...{menu}.closest('.preview-select').querySelectorAll('[role=option]')]"
                f".find(o => o.innerText.includes({_js(entry)}))"
            )
            await self._tab.until(f"(o => {{ o?.click(); return !!o; }})({option})", f"“{entry}” in the menu")
        beside = "document.body.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}))"
        await self._tab.until(f"{_READY} && ({beside}, !!window.simcordPreview.pendingAction)", "the choice being sent")

    async def fill(self, label: str, value: str | Path) -> None:
        """Fill the field of the open form whose label begins so."""
        field = (
            "[...document.querySelectorAll('.modal-dialog .modal-field')]"
            f".find(f => f.innerText.trim().startsWith({_js(label)}))"
        )
        await self._tab.until(f"!!{field}", f"the field “{label}”")
        entry = f"{field}.querySelector('input, textarea')"
        if isinstance(value, Path):
            await self._tab.put_file(f"{field}.querySelector('input[type=file]')", value)
            return
        await self._tab.click(entry, label)
        await self._tab.ask(f"{entry}.select?.()")
        await self._tab.type(value)

    async def tick(self, words: str) -> None:
        """Tick the box of the open form that says so."""
        choices = "[...document.querySelectorAll('.modal-dialog .modal-choice input')]"
        choice = f"{choices}.find(c => c.closest('.modal-field, .modal-choice').innerText.includes({_js(words)}))"
        await self._tab.click(choice, f"the box “{words}”")

    async def submit(self) -> None:
        """Send the open form."""
        await self._act("document.querySelector('.modal-dialog [type=submit]')", "the form's button")
        await self._tab.until("!document.querySelector('.modal-dialog')", "the end of the form")

    async def leave_form(self) -> None:
        """Close the open form, unsent."""
        await self._tab.click("document.querySelector('.modal-close')", "the way out of the form")
        await self._tab.until("!document.querySelector('.modal-dialog')", "the end of the form")

    async def see(self, *words: str, patience: float = PATIENCE) -> None:
        """Wait until the words are read in what came since the last command, or in an open form."""
        for each in words:
            await self._tab.until(f"({self._new()}).includes({_js(each)})", f"“{each}”", patience)

    async def see_no_more(self, words: str) -> None:
        """Wait until the words are no longer read in what came since the last command."""
        await self._tab.until(f"!({self._new()}).includes({_js(words)})", f"the end of “{words}”")

    async def see_in_all(self, words: str) -> None:
        """Wait until the words are read anywhere in the channel."""
        await self._tab.until(f"{_MESSAGES}.some(m => m.innerText.includes({_js(words)}))", f"“{words}”")

    async def _act(self, find: str, what: str) -> None:
        """Press what makes the page speak to the bot. It drops a press while it speaks of something else."""
        await self._tab.until(
            f"(e => {{ if (!e || !({_READY})) return false; e.scrollIntoView({{block: 'nearest'}}); e.focus();"
            f" if (!({_READY})) return false; e.click(); return !!window.simcordPreview.pendingAction; }})({find})",
            what,
        )

    def _new(self) -> str:
        new = f"{_MESSAGES}.filter(m => !{json.dumps(self._known)}.includes(m.dataset.messageId)).map(m => m.innerText)"
        return f"{new}.join(' ') + (document.querySelector('.modal-dialog')?.innerText ?? '')"

    async def popup_says(self, words: str) -> None:
        """Wait until the list above the command line has these words."""
        await self._tab.until(
            f"document.querySelector('.command-popup')?.innerText.includes({_js(words)})", f"“{words}” above the line"
        )

    async def leave(self) -> None:
        """Leave the command that stands in the line, unsent."""
        await self._tab.click("document.querySelector('.command-context-close')", "the end of the command")

    async def start_anew(self, name: str) -> None:
        """After something went wrong: a picture of it, then the page as it is when it is opened."""
        self._pictures += 1
        await self._tab.picture(self._folder / f"{self._pictures:02} {name}.png")
        await self._tab.ask("location.reload()")
        await self._tab.until(_READY, "the page")

    async def messages(self) -> list[tuple[bool, str]]:
        """Each message of the channel as this viewer reads it: whether they alone see it, and its words."""
        found = await self._tab.ask(
            f"{_MESSAGES}.map(m => [!!m.querySelector('.message-ephemeral-note'), m.innerText])"
        )
        return [(bool(alone), str(words)) for alone, words in found]

    async def rest(self, seconds: float) -> None:
        """Look at it for so long: pictures may still be on their way."""
        await asyncio.sleep(seconds)

    async def show(self, words: str) -> None:
        """Scroll to the newest message with these words."""
        await self._tab.ask(
            f"{_MESSAGES}.filter(m => m.innerText.includes({_js(words)})).at(-1)?.scrollIntoView({{block: 'center'}})"
        )

    async def picture(self, name: str, *, at_the_end: bool = True) -> Path:
        """Write what is seen now, once its pictures are there; mostly the end of the channel."""
        await self._tab.until(_READY, "the page at rest")
        if at_the_end:
            await self._tab.ask("document.querySelector('#new-messages:not([hidden])')?.click()")
            await self._tab.ask("document.querySelector('#channel-timeline').scrollTop = 1e9")
        self._pictures += 1
        path = self._folder / f"{self._pictures:02} {name}.png"
        await self._tab.picture(path)
        return path


def _entry(which: str) -> str:
    return f"[...document.querySelectorAll('.command-popup [role=option]')].find(o => {which})"


def _js(words: str) -> str:
    return json.dumps(words)
