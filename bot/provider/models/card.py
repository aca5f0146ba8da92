"""The card of a video model: its inputs and outputs, and the names of the fields in its request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from bot.limits import PROVIDER_IMAGE_BYTES, PROVIDER_VIDEO_BYTES

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Form(StrEnum):
    """The form of one reference in a request."""

    URL = "url"  # "https://…"
    ROLE = "role"  # {"url": …, "role": "reference_image" | "reference_video"}
    VIDEO_URL = "video_url"  # {"video_url": …}
    ELEMENT = "element"  # {"url": …, "type": "image", "role": "subject"}
    SUBJECT = "subject"  # {"name": …, "images": [url, …]}, one for each character


class Sound(StrEnum):
    """Whether a video has sound."""

    ALWAYS = "always"
    SWITCH = "switch"  # the request says so
    UNSAID = "unsaid"  # the documentation does not say, and there is no switch


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRules:
    """Which pictures of characters a model accepts, how many, and where (a dotted path) they go in its request.

    Sides are in pixels; ``ratios`` are the lowest and the highest width / height. ``repeated_in``: a list that has to
    contain the first picture once more.
    """

    field: str
    form: Form = Form.URL
    at_most: int
    per_character: int = 3
    sides: tuple[int, int] = (1, 100_000)
    ratios: tuple[float, float] = (0.01, 100.0)
    max_bytes: int = PROVIDER_IMAGE_BYTES  # that of an upload, even if the model accepts more
    repeated_in: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRules:
    """Which clips of characters a model accepts.

    ``seconds`` is the shortest and the longest, ``sum`` of all together; ``lines`` are the fewest and the most pixels
    of the shorter side.
    """

    field: str
    form: Form = Form.URL
    at_most: int
    seconds: tuple[float, float]
    sum: float = 1_000.0
    lines: tuple[int, int] = (1, 100_000)
    max_bytes: int = PROVIDER_VIDEO_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One video model. A request for it is checked against this before it is sent (design, rule 19).

    ``like`` is the model in the table that owns this card: the model itself, or the one that an operator's model is
    like. ``characters``: how many fit into one video; ``provider_character``: they are those made by the provider
    itself (Sora), and no file is sent. ``in_all``: pictures and clips together.

    An empty ``ratios`` or ``resolutions`` means that there is nothing to choose. ``ratios_at`` names, for a resolution,
    the only ratios that it allows. ``default_*`` is used if the request names none.

    ``marker`` replaces ``@name`` in the prompt: ``{n}`` is the character's number, ``{username}`` is the provider's,
    ``{name}`` the owner's, ``{media}`` names the references ("image 1, image 2, video 1").

    ``*_field`` are dotted paths in the request; empty: not documented, and never sent. ``resolution_words`` maps
    resolutions to the words used there; ``fixed`` is in every request.
    """

    model: str
    like: str = ""
    enabled: bool = True

    images: ImageRules | None = None
    clips: ClipRules | None = None
    in_all: int = 100
    characters: int
    provider_character: bool = False
    hears_voice: bool = False
    refuses_real_faces: bool = False
    takes_assets: bool = False  # "asset://…" of the provider's private avatars, instead of a URL

    durations: tuple[int, ...]
    default_duration: int
    ratios: tuple[str, ...]
    default_ratio: str = ""
    resolutions: tuple[str, ...] = ()
    default_resolution: str = ""
    ratios_at: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    sound: Sound
    sound_default: bool = True
    prompt_length: int = 2_000
    marker: str

    ratio_field: str = "aspect_ratio"
    resolution_field: str = "resolution"
    resolution_words: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    sound_field: str = ""
    business_id_field: str = ""
    callback_field: str = ""
    fixed: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    @property
    def knows_by_files(self) -> bool:
        """Whether it is shown characters by pictures or clips, so that any character with a reference set can play."""
        return self.images is not None or self.clips is not None

    def with_assets(self) -> ModelCard:
        """The same with only one picture per character, because the provider has few places for assets."""
        return self if self.images is None else replace(self, images=replace(self.images, per_character=1))

    def resolution(self, typed: str | None) -> str | None:
        """The card's spelling of a resolution in any case; the default if none was named, ``None`` if unknown."""
        return _spelling(self.resolutions, typed, self.default_resolution)

    def ratio(self, typed: str | None) -> str | None:
        """The card's spelling of a ratio; the default if none was named, ``None`` if it is not on the card."""
        return _spelling(self.ratios, typed, self.default_ratio)

    def ratios_for(self, resolution: str | None) -> tuple[str, ...]:
        """The ratios allowed with ``resolution`` (the default if it is ``None``)."""
        allowed = self.ratios_at.get(self.resolution(resolution) or "", self.ratios)
        return tuple(ratio for ratio in self.ratios if ratio in allowed)

    def resolutions_for(self, ratio: str | None) -> tuple[str, ...]:
        """The resolutions allowed with ``ratio`` (the default if it is ``None``)."""
        wanted = self.ratio(ratio)
        return tuple(each for each in self.resolutions if wanted in self.ratios_at.get(each, self.ratios))


def _spelling(known: tuple[str, ...], typed: str | None, default: str) -> str | None:
    if typed is None:
        return default
    return next((each for each in known if each.casefold() == typed.strip().casefold()), None)
