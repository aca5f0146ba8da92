"""What Discord checks in the buttons and selects of a message, in a form, and in the choices of an autocompletion."""

from __future__ import annotations

from typing import Any

from tests.loopback_discord.api_errors import FormErrors

ROW, BUTTON, SELECT, TEXT_INPUT, TEXT_DISPLAY, LABEL, FILE_UPLOAD, CHECKBOXES = 1, 2, 3, 4, 10, 18, 19, 22
SELECTS = frozenset({3, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6


class CustomIds:
    """Refuses a custom id that the message or form has already."""

    def __init__(self, errors: FormErrors) -> None:
        self._errors = errors
        self._seen: set[str] = set()

    def check(self, component: dict[str, Any]) -> None:
        value = component.get("custom_id")
        with self._errors.at("custom_id"):
            if not self._errors.text(value, 100, shortest=1) or value is None:
                return
            if value in self._seen:
                self._errors.add("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
            self._seen.add(value)


def check_rows(errors: FormErrors, listed: Any) -> None:
    """The action rows of a message: at most 5, of at most 5 buttons or one select each."""
    custom_ids = CustomIds(errors)
    for index, row in enumerate(errors.items(listed, 5)):
        with errors.at(index):
            if row.get("type") != ROW:
                errors.add("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
                continue
            check_row(errors, row, custom_ids)


def check_row(errors: FormErrors, row: dict[str, Any], custom_ids: CustomIds) -> None:
    """One row: at most 5 buttons, or one select."""
    with errors.at("components"):
        inside = errors.items(row.get("components"), 5, fewest=1)
        if len(inside) > 1 and any(each.get("type") in SELECTS for each in inside):
            errors.add("COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
        for place, component in enumerate(inside):
            with errors.at(place):
                _check_inside(errors, component, custom_ids)


def _check_inside(errors: FormErrors, component: dict[str, Any], custom_ids: CustomIds) -> None:
    kind = component.get("type")
    if kind == BUTTON:
        check_button(errors, component, custom_ids)
    elif kind in SELECTS:
        check_select(errors, component, custom_ids)
    else:
        errors.add("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (2, 3, 5, 6, 7, 8).')


def check_button(errors: FormErrors, button: dict[str, Any], custom_ids: CustomIds) -> None:
    """A button, in a row or beside a section."""
    with errors.at("label"):
        errors.text(button.get("label"), 80)
    with errors.at("style"):
        errors.choice(button.get("style"), frozenset(range(1, 7)))
    if not button.get("label") and not button.get("emoji") and button.get("style") != PREMIUM:
        errors.add("BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji")
    if button.get("style") != LINK:
        custom_ids.check(button)
        return
    with errors.at("url"):
        if errors.text(button.get("url"), 512, shortest=1) and not str(button["url"]).startswith(
            ("http://", "https://", "discord://")
        ):
            errors.add("URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'discord').")
    if button.get("custom_id"):
        errors.add("BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be specified")


def check_select(errors: FormErrors, select: dict[str, Any], custom_ids: CustomIds) -> None:
    """A select, in a message or in a form."""
    custom_ids.check(select)
    with errors.at("placeholder"):
        errors.text(select.get("placeholder"), 150)
    with errors.at("min_values"):
        errors.number(select.get("min_values"), 0, 25)
    with errors.at("max_values"):
        errors.number(select.get("max_values"), 1, 25)
    if select.get("type") != SELECT:
        return
    values: set[str] = set()
    with errors.at("options"):
        options = errors.items(select.get("options"), 25, fewest=1)
        if (select.get("max_values") or 1) > len(options):
            errors.add("SELECT_COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS", "Max values exceeds the number of options")
        for index, option in enumerate(options):
            for key, shortest in (("label", 1), ("value", 1), ("description", 0)):
                with errors.at(index, key):
                    errors.text(option.get(key), 100, shortest=shortest)
            if option.get("value") in values:
                with errors.at(index, "value"):
                    errors.add("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
            values.add(option.get("value"))


def check_modal(payload: dict[str, Any]) -> None:
    """A form: title of 45 characters, 1 to 5 components."""
    errors = FormErrors()
    with errors.at("data"):
        with errors.at("title"):
            errors.text(payload.get("title"), 45, shortest=1)
        custom_ids = CustomIds(errors)
        with errors.at("custom_id"):
            errors.text(payload.get("custom_id"), 100, shortest=1)
        with errors.at("components"):
            for index, component in enumerate(errors.items(payload.get("components"), 5, fewest=1)):
                with errors.at(index):
                    _check_form_part(errors, component, custom_ids)
    errors.check()


def _check_form_part(errors: FormErrors, part: dict[str, Any], custom_ids: CustomIds) -> None:
    kind = part.get("type")
    if kind == ROW:
        with errors.at("components"):
            for index, field in enumerate(errors.items(part.get("components"), 1, fewest=1)):
                with errors.at(index):
                    if field.get("type") != TEXT_INPUT:
                        errors.add("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (4,).')
                        continue
                    with errors.at("label"):
                        errors.text(field.get("label"), 45, shortest=1)
                    _check_text_input(errors, field, custom_ids)
    elif kind == LABEL:
        with errors.at("label"):
            errors.text(part.get("label"), 45, shortest=1)
        with errors.at("description"):
            errors.text(part.get("description"), 100)
        with errors.at("component"):
            _check_labelled(errors, part.get("component") or {}, custom_ids)
    elif kind != TEXT_DISPLAY:
        errors.add("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1, 10, 18).')


def _check_labelled(errors: FormErrors, field: dict[str, Any], custom_ids: CustomIds) -> None:
    kind = field.get("type")
    if kind == TEXT_INPUT:
        _check_text_input(errors, field, custom_ids)
    elif kind in SELECTS:
        check_select(errors, field, custom_ids)
    elif kind == FILE_UPLOAD:
        custom_ids.check(field)
    elif kind == CHECKBOXES:
        custom_ids.check(field)
        with errors.at("options"):
            for index, option in enumerate(errors.items(field.get("options"), 10, fewest=1)):
                for key, shortest in (("label", 1), ("value", 1), ("description", 0)):
                    with errors.at(index, key):
                        errors.text(option.get(key), 100, shortest=shortest)
    else:
        errors.add("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (3, 4, 5, 6, 7, 8, 19, 22).')


def _check_text_input(errors: FormErrors, field: dict[str, Any], custom_ids: CustomIds) -> None:
    custom_ids.check(field)
    with errors.at("style"):
        errors.choice(field.get("style"), frozenset({1, 2}))
    with errors.at("placeholder"):
        errors.text(field.get("placeholder"), 100)
    with errors.at("min_length"):
        errors.number(field.get("min_length"), 0, 4000)
    with errors.at("max_length"):
        errors.number(field.get("max_length"), 1, 4000)
    with errors.at("value"):
        errors.text(field.get("value"), field.get("max_length") or 4000)


def check_choices(payload: dict[str, Any], option_type: int) -> None:
    """The choices of an autocompletion: at most 25, names of 1 to 100, values of the option's type."""
    errors = FormErrors()
    with errors.at("data", "choices"):
        for index, choice in enumerate(errors.items(payload.get("choices"), 25)):
            with errors.at(index, "name"):
                errors.text(choice.get("name"), 100, shortest=1)
            with errors.at(index, "value"):
                check_choice_value(errors, choice.get("value"), option_type)
    errors.check()


def check_choice_value(errors: FormErrors, value: Any, option_type: int | None) -> None:
    """A string option's values are texts of 1 to 100, a number's are numbers."""
    if option_type == 3:
        errors.text(value, 100, shortest=1)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        errors.add("NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
