"""Encodes the request for a video, following its model's page in the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from bot.provider.models.body import body_problems, put
from bot.provider.models.card import Form, ModelCard, Sound
from bot.provider.models.check import problems
from bot.provider.models.plan import media_plan
from bot.provider.models.prompt import told
from bot.provider.models.video_spec import Needed, VideoSpec
from bot.values.character import FileKind

_ROLES: Final = MappingProxyType({FileKind.STILL: "reference_image", FileKind.REFERENCE: "reference_video"})


def encode(
    card: ModelCard,
    spec: VideoSpec,
    media: Mapping[Needed, str],
    *,
    business_id: str,
    callback_url: str = "",
) -> dict[str, Any]:
    """The JSON body that asks ``card``'s model for ``spec``.

    ``media`` has the provider's URL (or ``asset://…``, if the card accepts those) of everything in
    :func:`~bot.provider.models.plan.media_plan`. ``business_id`` and ``callback_url`` are sent only to models for which
    they are documented. Raises ValueError if the spec has problems, something in the plan is missing, or the body does
    not fit the card: then nothing may be sent.
    """
    if found := problems(card, spec):
        raise ValueError(f"{card.model} cannot do this: {[problem.part.value for problem in found]}")
    plan = media_plan(card, spec.cast)
    if missing := [needed for needed in plan if needed not in media]:
        raise ValueError(f"not uploaded: {missing}")
    body: dict[str, Any] = {"model": card.model, "prompt": told(card, spec.prompt, spec.cast, plan)}
    body["duration"] = spec.duration or card.default_duration
    if ratio := card.ratio(spec.ratio):
        put(body, card.ratio_field, ratio)
    if resolution := card.resolution(spec.resolution):
        put(body, card.resolution_field, card.resolution_words.get(resolution, resolution))
    if card.sound is Sound.SWITCH:
        put(body, card.sound_field, card.sound_default if spec.sound is None else spec.sound)
    _put_references(body, card, spec, [(needed, media[needed]) for needed in plan])
    for path, value in card.fixed.items():
        put(body, path, value)
    if card.business_id_field:
        put(body, card.business_id_field, business_id)
    if card.callback_field and callback_url:
        put(body, card.callback_field, callback_url)
    if wrong := body_problems(card, body):
        raise ValueError(f"a body for {card.model} does not fit its card: {wrong}")
    return body


_Reference = tuple[Needed, str]


def _put_references(body: dict[str, Any], card: ModelCard, spec: VideoSpec, media: Sequence[_Reference]) -> None:
    for rules, kind in ((card.images, FileKind.STILL), (card.clips, FileKind.REFERENCE)):
        its = [each for each in media if each[0].kind is kind]
        if rules is not None and its:
            put(body, rules.field, _FORMS[rules.form](its))
    if card.images is not None and card.images.repeated_in:
        put(body, card.images.repeated_in, [media[0][1]])
    if card.provider_character and not spec.cast[0].username:
        body["character_url"] = spec.cast[0].task_id  # its page calls it a URL, but wants the task's id


def _plain(media: Sequence[_Reference]) -> list[str]:
    return [url for _, url in media]


def _with_roles(media: Sequence[_Reference]) -> list[dict[str, str]]:
    return [{"url": url, "role": _ROLES[needed.kind]} for needed, url in media]


def _video_list(media: Sequence[_Reference]) -> list[dict[str, str]]:
    return [{"video_url": url} for _, url in media]


def _elements(media: Sequence[_Reference]) -> list[dict[str, str]]:
    return [{"url": url, "type": "image", "role": "subject"} for _, url in media]


def _subjects(media: Sequence[_Reference]) -> list[dict[str, Any]]:
    """Named by number, as in the marker: people's own names may contain spaces, or begin alike."""
    members = dict.fromkeys(needed.member for needed, _ in media)
    return [
        {"name": f"character{at + 1}", "images": [url for needed, url in media if needed.member == at]}
        for at in members
    ]


_FORMS: Final[Mapping[Form, Callable[[Sequence[_Reference]], list[Any]]]] = MappingProxyType(
    {
        Form.URL: _plain,
        Form.ROLE: _with_roles,
        Form.VIDEO_URL: _video_list,
        Form.ELEMENT: _elements,
        Form.SUBJECT: _subjects,
    }
)
