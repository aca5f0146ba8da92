"""Finds where in Discord a sentence is shown, and how many characters fit there.

From each place with a limit (the label of a button, the title of a form …) the code is followed back to the
sentences that may be shown there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot import limits
from bot.chat.durable_items import DurableButton
from bot.chat.interaction_handlers import DurableForm
from bot.chat.selects import DurableSelect, EntitySelect
from messages.flow import Code, Scope, named


@dataclass(frozen=True, slots=True)
class Place:
    """What it is, and how many characters Discord accepts there."""

    what: str
    at_most: int


_BUTTON: Final = Place("a button", limits.BUTTON_LABEL)
_MENU: Final = Place("what a menu says until something is chosen", limits.SELECT_PLACEHOLDER)
_FORM_TITLE: Final = Place("the title of a form", limits.MODAL_TITLE)
_FIELD: Final = Place("the label of a field in a form", limits.FORM_LABEL)
_FIELD_ABOUT: Final = Place("what stands under the label of a field in a form", limits.OPTION_LABEL)
_HINT: Final = Place("what a field of a form shows while it is empty", limits.FORM_PLACEHOLDER)
_OPTION: Final = Place("an entry of a menu", limits.OPTION_LABEL)
_CHOICE: Final = Place("an entry of the list that opens as one types", limits.CHOICE_NAME)

# By the name of what is called: the argument at that position, or of that name.
_ARGUMENTS: Final[Mapping[str, Mapping[int | str, Place]]] = {
    "Label": {"text": _FIELD, "description": _FIELD_ABOUT},
    "text_line": {1: _FIELD, "label": _FIELD, "placeholder": _HINT},
    "TextInput": {"placeholder": _HINT},
    "SelectOption": {"label": _OPTION, "description": _OPTION},
    "CheckboxGroupOption": {"label": _OPTION, "description": _OPTION},
    "Choice": {"name": _CHOICE},
}


class Places:
    """``found``: each call that builds a sentence, with the places with a limit in which it is shown."""

    def __init__(self, modules: Iterable[ast.Module]) -> None:
        self._code = Code(modules)
        self._buttons, self._forms = _subclasses(DurableButton), _subclasses(DurableForm)
        self._menus = _subclasses(DurableSelect) | _subclasses(EntitySelect)
        self.found: dict[ast.Call, set[Place]] = {}
        for name in list(self._code.calls):
            for call, here in self._code.calls[name]:
                self._look(name, call, here)

    def _look(self, name: str, call: ast.Call, here: Scope) -> None:
        if name in self._buttons:
            self._told(_BUTTON, _worded([*call.args, *(each.value for each in call.keywords)]), here)
        elif name in self._menus:
            self._told(_MENU, call.args[1:2], here)
        elif name == "__init__" and here.class_name in self._forms:
            self._told(_FORM_TITLE, call.args[1:2], here)
        for at, place in _ARGUMENTS.get(name, {}).items():
            self._told(place, call.args[at : at + 1] if isinstance(at, int) else named(call, at), here)

    def _told(self, place: Place, expressions: Iterable[ast.expr], here: Scope) -> None:
        for expression in expressions:
            for sentence in self._code.sentences(expression, here):
                self.found.setdefault(sentence, set()).add(place)


def _worded(arguments: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """The expressions that may be words: ids and styles are attributes."""
    return (each for each in arguments if isinstance(each, ast.Call | ast.Name | ast.IfExp))


def _subclasses(of: type) -> set[str]:
    names, subclasses = {of.__name__}, list[type](of.__subclasses__())
    for each in subclasses:
        names |= _subclasses(each)
    return names
