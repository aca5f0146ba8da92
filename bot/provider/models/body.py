"""The final check of a request before it costs money: every field of it must be on the model's card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.limits import PROVIDER_ID_LENGTH, PROVIDER_URL_LENGTH
from bot.provider.models.card import ClipRules, Form, ImageRules, ModelCard, Sound
from bot.values.web_address import is_web_address

_ASSET: Final = "asset://"
_ALWAYS: Final = ("model", "prompt", "duration")


def body_problems(card: ModelCard, body: Mapping[str, Any]) -> tuple[str, ...]:
    """What in ``body`` does not fit ``card``, for the log; empty: it may be sent.

    Checks the finished JSON alone, which catches mistakes in the encoding.
    """
    fields = dict(_flat(body))
    return (*_unknown(card, fields), *_plain(card, fields), *_references(card, fields))


def put(body: dict[str, Any], path: str, value: object) -> None:
    """Set the field at a dotted path, such as ``metadata.resolution``."""
    outer, _, inner = path.rpartition(".")
    (body.setdefault(outer, {}) if outer else body)[inner] = value


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every field by its dotted path; ``metadata`` is the only nested object."""
    for name, value in body.items():
        if name == "metadata" and isinstance(value, Mapping):
            yield from ((f"metadata.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _unknown(card: ModelCard, fields: Mapping[str, Any]) -> Iterator[str]:
    known = {*_ALWAYS, card.ratio_field, card.resolution_field, card.sound_field, *card.fixed}
    known |= {card.business_id_field, card.callback_field}
    known |= {rules.field for rules in (card.images, card.clips) if rules is not None}
    known |= {card.images.repeated_in} if card.images is not None else set()
    known |= {"character_url"} if card.provider_character else set()
    yield from (f"{name} is not on the card" for name in fields if name not in known)


def _plain(card: ModelCard, fields: Mapping[str, Any]) -> Iterator[str]:
    words = [card.resolution_words.get(each, each) for each in card.resolutions]
    prompt, resolution = fields.get("prompt"), fields.get(card.resolution_field)
    right = {
        "model": fields.get("model") == card.model,
        "prompt": isinstance(prompt, str) and len(prompt.strip()) > 0 and len(prompt) <= card.prompt_length,
        "duration": type(fields.get("duration")) is int and fields["duration"] in card.durations,
        card.ratio_field: fields.get(card.ratio_field) in (card.ratios or (None,)),
        card.resolution_field: resolution in (words or (None,)),
        card.sound_field: card.sound is not Sound.SWITCH or isinstance(fields.get(card.sound_field), bool),
    }
    right |= {
        path: type(fields.get(path)) is type(value) and fields[path] == value for path, value in card.fixed.items()
    }
    if card.business_id_field:
        business_id = fields.get(card.business_id_field)
        right[card.business_id_field] = isinstance(business_id, str) and 0 < len(business_id) <= PROVIDER_ID_LENGTH
    if card.callback_field in fields:
        right[card.callback_field] = _is_web_address(fields[card.callback_field])
    yield from (f"{name} is wrong" for name, fits in right.items() if not fits)
    if right[card.resolution_field] and right[card.ratio_field] and resolution is not None:
        named = card.resolutions[words.index(resolution)]
        if card.ratios and fields[card.ratio_field] not in card.ratios_for(named):
            yield f"{card.ratio_field} and {card.resolution_field} do not go together"


def _references(card: ModelCard, fields: Mapping[str, Any]) -> Iterator[str]:
    count = 0
    for rules in (card.images, card.clips):
        if rules is not None and rules.field in fields:
            entries = fields[rules.field]
            urls = list(_urls(rules, entries)) if isinstance(entries, list) else []
            count += len(urls)
            if not 0 < len(urls) <= rules.at_most:
                yield f"{rules.field} has a wrong number of references"
            if not all(_is_reference(card, url) for url in urls):
                yield f"{rules.field} has something else than references"
    if card.images is not None and card.images.repeated_in:
        repeated = fields.get(card.images.repeated_in)
        if not (isinstance(repeated, list) and len(repeated) == 1 and _is_web_address(repeated[0])):
            yield f"{card.images.repeated_in} must have one picture"
    if count > card.in_all or (card.knows_by_files and not count):
        yield "the references are too many, or none"
    character = fields.get("character_url")
    if character is not None and not (isinstance(character, str) and 0 < len(character) <= PROVIDER_ID_LENGTH):
        yield "character_url must be the id of a task"
    if card.provider_character and character is None and "@" not in str(fields.get("prompt")):
        yield "nobody is named"


def _urls(rules: ImageRules | ClipRules, entries: list[Any]) -> Iterator[object]:
    """The reference in each entry, ``None`` if the entry has the wrong form."""
    role = "reference_image" if isinstance(rules, ImageRules) else "reference_video"
    for entry in entries:
        match rules.form, entry:
            case Form.URL, str():
                yield entry
            case Form.ROLE, {"url": url, "role": its, **rest} if its == role and not rest:
                yield url
            case Form.VIDEO_URL, {"video_url": url, **rest} if not rest:
                yield url
            case Form.ELEMENT, {"url": url, "type": "image", "role": "subject", **rest} if not rest:
                yield url
            case Form.SUBJECT, {"name": str(name), "images": [*urls], **rest} if name and urls and not rest:
                yield from urls if len(urls) <= _per_character(rules) else [None]
            case _:
                yield None


def _per_character(rules: ImageRules | ClipRules) -> int:
    return rules.per_character if isinstance(rules, ImageRules) else 1


def _is_reference(card: ModelCard, value: object) -> bool:
    asset = card.takes_assets and isinstance(value, str) and value.startswith(_ASSET) and len(value) > len(_ASSET)
    return asset or _is_web_address(value)


def _is_web_address(value: object) -> bool:
    return is_web_address(value, most=PROVIDER_URL_LENGTH)
