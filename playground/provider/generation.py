"""Reading a request for a video as strictly as its model's page allows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from playground.provider.answers import ErrorResponse
from playground.provider.pages import PAGES, Page

_MENTION: Final = re.compile(r"(?<![\w@])@([a-z0-9_]+(?:\.[a-z0-9_]+)*)", re.IGNORECASE)
_ELEMENT: Final = re.compile(r"<<<element_(\d+)>>>")
_PLACE: Final = re.compile(r"(image|video) (\d+)")
_TOLD: Final = re.compile(r"\(((?:image|video) \d+(?:, (?:image|video) \d+)*)\)")
_ROLES: Final = {"first_frame", "last_frame"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture or a clip of somebody, by its URL or as `asset://…`."""

    kind: Literal["image", "video"]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A request that keeps every rule of its page. `groups` has the places of those `references` that show one person.

    `usernames` and `task_id` name characters that were made here.
    """

    body: Mapping[str, Any]
    page: Page
    model: str
    prompt: str
    seconds: int
    ratio: str
    sound: bool
    references: tuple[Reference, ...]
    groups: tuple[tuple[int, ...], ...]
    usernames: tuple[str, ...]
    task_id: str | None
    business_id: str | None


@dataclass(frozen=True, slots=True)
class VideoSubmission:
    """A request for a video that was accepted. `replayed`: it was answered with an earlier task of the same id."""

    task_id: str
    generation: Generation
    replayed: bool

    @property
    def business_id(self) -> str | None:
        """The caller's own id, where one was given."""
        return self.generation.business_id


def asks_for_video(body: object) -> bool:
    """Whether this is for a video, and not for a character."""
    return isinstance(body, dict) and "prompt" in body and "timestamps" not in body


def read_generation(body: Mapping[str, Any], like: str) -> Generation:
    """Raises `ErrorResponse` (400) naming what is wrong. The page is that of the model `like`."""
    model = str(body["model"])
    if like not in PAGES:
        raise ErrorResponse(400, f"The model {model!r} makes no videos.")
    page, fields = PAGES[like], dict(_flat(body))
    for path, value in fields.items():
        if path not in page.fields:
            raise ErrorResponse(400, f"Unknown field: {path!r}.")
        if (wrong := page.fields[path](value)) is not None:
            raise ErrorResponse(400, f"{path!r} {wrong}.")
    if "prompt" not in fields:
        raise ErrorResponse(400, "'prompt' is required.")
    _check_together(page, fields)
    references = tuple(_references(fields))
    if len(references) > page.items:
        raise ErrorResponse(400, f"At most {page.items} references are allowed.")
    _check_marks(page, fields)
    seconds = int(fields.get("duration", 5))
    return Generation(
        body=body,
        page=page,
        model=model,
        prompt=fields["prompt"],
        seconds=seconds if seconds > 0 else 5,  # what is not above zero leaves it to the model
        ratio=str(fields.get("aspect_ratio") or fields.get("ratio") or fields.get("size") or "16:9"),
        sound=bool(fields.get(page.sound_field, page.sound)),
        references=references,
        groups=tuple(_groups(fields, references)),
        usernames=tuple(dict.fromkeys(_MENTION.findall(fields["prompt"]))) if page.marks == "username" else (),
        task_id=fields.get("character_url"),
        business_id=fields.get("client_business_id"),
    )


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name == "metadata":
            if not isinstance(value, dict):
                raise ErrorResponse(400, "'metadata' must be an object.")
            yield from ((f"metadata.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _check_together(page: Page, fields: Mapping[str, Any]) -> None:
    for group in page.apart:
        there = [path for path in group if path in fields]
        if len(there) > 1:
            raise ErrorResponse(400, f"{' and '.join(map(repr, there))} must not be used together.")
    if not any(path in fields for path in page.known_by):
        raise ErrorResponse(400, f"InvalidParameter: Missing required field {page.known_by[0]!r}.")
    roles = [each.get("role", "first_frame") for each in fields.get("image_with_roles", ())]
    framed = any(role in _ROLES for role in roles)
    referring = (
        any(role not in _ROLES for role in roles) or "video_with_roles" in fields or "audio_with_roles" in fields
    )
    if framed and referring and "reference_images" not in page.fields:
        raise ErrorResponse(400, "first/last frame content cannot be mixed with reference media content.")
    if "audio_with_roles" in fields and not ({"image_with_roles", "video_with_roles"} & fields.keys()):
        raise ErrorResponse(400, "audio must not be the only reference.")
    if (
        fields.get("resolution") == "1080p"
        and fields.get("aspect_ratio") == "9:16"
        and fields["model"].startswith("gem")
    ):
        raise ErrorResponse(400, "1080p is available in landscape only.")


def _check_marks(page: Page, fields: Mapping[str, Any]) -> None:
    """A prompt must not call somebody who is not in the request."""
    if page.marks == "subject":
        known = {each["name"] for each in fields.get("metadata.subjects", ())}
        strange = [name for name in _MENTION.findall(fields["prompt"]) if name not in known]
        if strange:
            raise ErrorResponse(400, f"The subject {strange[0]!r} is not defined.")
    if page.marks == "element":
        most = len(fields.get("metadata.element_list", ()))
        if any(not 1 <= int(number) <= most for number in _ELEMENT.findall(fields["prompt"])):
            raise ErrorResponse(400, "The prompt names an element that is not in element_list.")


def _references(fields: Mapping[str, Any]) -> Iterator[Reference]:
    """Those of one kind in their order. What image_urls repeats of the subjects is nobody new."""
    pictures = [url for each in fields.get("metadata.subjects", ()) for url in each["images"]]
    for path in ("image", "image_urls", "reference_images", "metadata.referenceImages"):
        value = fields.get(path, [])
        pictures += [url for url in ([value] if isinstance(value, str) else value) if url not in pictures]
    pictures += [each["url"] for each in fields.get("image_with_roles", ())]
    pictures += [each["image_url"] for each in fields.get("metadata.image_list", ())]
    elements = fields.get("metadata.element_list", ())
    pictures += [each["url"] for each in elements if each["type"] == "image"]
    clips = [*fields.get("metadata.reference_urls", ())]
    clips += [each["video_url"] for each in fields.get("video_list", ())]
    clips += [each["url"] for each in fields.get("video_with_roles", ())]
    clips += [each["url"] for each in elements if each["type"] == "video"]
    yield from (Reference("image", url) for url in pictures)
    yield from (Reference("video", url) for url in clips)


def _groups(fields: Mapping[str, Any], references: tuple[Reference, ...]) -> Iterator[tuple[int, ...]]:
    """Who is who: by the subjects, or as the prompt says ("image 1, video 1"), or else everything is somebody."""
    if subjects := fields.get("metadata.subjects", ()):
        begin = 0
        for subject in subjects:
            yield tuple(range(begin, begin + len(subject["images"])))
            begin += len(subject["images"])
        return
    places: dict[tuple[str, int], int] = {}
    for at, reference in enumerate(references):
        number = sum(each.kind == reference.kind for each in references[: at + 1])
        places[reference.kind, number] = at
    left = set(places.values())
    for told in _TOLD.findall(fields["prompt"]):
        meant = [places.get((kind, int(number))) for kind, number in _PLACE.findall(told)]
        its = tuple(at for at in meant if at is not None and at in left)
        left -= set(its)
        if its:
            yield its
    yield from ((at,) for at in sorted(left))
