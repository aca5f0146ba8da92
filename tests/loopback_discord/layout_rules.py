"""What Discord checks in a message of Components V2 (Components reference; Message resource, the flag of that name)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from tests.loopback_discord.api_errors import FormErrors
from tests.loopback_discord.component_rules import BUTTON, ROW, TEXT_DISPLAY, CustomIds, check_button, check_row

SECTION, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 11, 12, 13, 14, 17
COMPONENTS = 40
TEXT = 4000
IN_CONTAINER = frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR})


def check_layout(errors: FormErrors, listed: Any, names: Collection[str]) -> None:
    """The components of such a message; `names` are the file names that `attachment://` may refer to."""
    components = errors.items(listed, COMPONENTS, fewest=1)
    everything = list(nested(components))
    if len(everything) > COMPONENTS:
        errors.add("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"The total number of components exceeds {COMPONENTS}")
    said = sum(len(each.get("content") or "") for each in everything if each.get("type") == TEXT_DISPLAY)
    if said > TEXT:
        errors.add("COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"Displayable text size exceeds maximum size of {TEXT}")
    custom_ids = CustomIds(errors)
    for index, component in enumerate(components):
        with errors.at(index):
            _check(errors, component, IN_CONTAINER | {CONTAINER}, custom_ids, names)


def nested(components: Any) -> Iterator[dict[str, Any]]:
    """Every component, from top to bottom."""
    for component in components or ():
        if isinstance(component, dict):
            yield component
            yield from nested(component.get("components"))
            yield from nested([component["accessory"]] if component.get("accessory") else ())


def media_of(component: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The media that one component shows itself."""
    if component.get("type") == THUMBNAIL:
        yield component.get("media") or {}
    elif component.get("type") == FILE:
        yield component.get("file") or {}
    elif component.get("type") == GALLERY:
        yield from (item.get("media") or {} for item in component.get("items") or ())


def _check(
    errors: FormErrors, component: Any, allowed: frozenset[int], custom_ids: CustomIds, names: Collection[str]
) -> None:
    kind = component.get("type") if isinstance(component, dict) else None
    if kind not in allowed:
        listed = ", ".join(str(each) for each in sorted(allowed))
        errors.add("UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({listed}).')
    elif kind == ROW:
        check_row(errors, component, custom_ids)
    elif kind == TEXT_DISPLAY:
        with errors.at("content"):
            errors.text(component.get("content"), TEXT, shortest=1)
    elif kind == SECTION:
        _check_section(errors, component, custom_ids, names)
    elif kind == CONTAINER:
        with errors.at("accent_color"):
            errors.number(component.get("accent_color"), 0, 0xFFFFFF)
        with errors.at("components"):
            for index, child in enumerate(errors.items(component.get("components"), COMPONENTS, fewest=1)):
                with errors.at(index):
                    _check(errors, child, IN_CONTAINER, custom_ids, names)
    else:
        _check_media(errors, component, names)


def _check_section(errors: FormErrors, section: dict[str, Any], custom_ids: CustomIds, names: Collection[str]) -> None:
    with errors.at("components"):
        for index, child in enumerate(errors.items(section.get("components"), 3, fewest=1)):
            with errors.at(index):
                _check(errors, child, frozenset({TEXT_DISPLAY}), custom_ids, names)
    beside = section.get("accessory") or {}
    with errors.at("accessory"):
        if beside.get("type") == BUTTON:
            check_button(errors, beside, custom_ids)
        elif beside.get("type") == THUMBNAIL:
            _check_media(errors, beside, names)
        else:
            errors.add("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (2, 11).')


def _check_media(errors: FormErrors, component: dict[str, Any], names: Collection[str]) -> None:
    described = [component]
    if component.get("type") == GALLERY:
        with errors.at("items"):
            described = errors.items(component.get("items"), 10, fewest=1)
    for each in described:
        with errors.at("description"):
            errors.text(each.get("description"), 1024)
    for media in media_of(component):
        with errors.at("media", "url"):
            address = media.get("url")
            if not errors.text(address, 2048, shortest=1):
                continue
            scheme, _, rest = str(address).partition("://")
            if scheme not in {"http", "https", "attachment"}:
                errors.add("URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'attachment').")
            elif scheme == "attachment" and rest not in names:
                errors.add(
                    "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", f"The attachment {rest} was not found"
                )
