"""The cards of all models that take a character, best first, and those that an operator adds to them.

From the provider's documentation of August 2026 (its own repository, a page for each model) and, where that says
nothing, from the rules of whoever makes the model; the stricter of two is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.errors import BadConfiguration
from bot.provider.models.card import ClipRules, Form, ImageRules, ModelCard, Sound

_WIDE_AND_TALL: Final = ("16:9", "9:16")
_THREE: Final = ("16:9", "9:16", "1:1")
_FIVE: Final = ("16:9", "9:16", "1:1", "4:3", "3:4")
_SEVEN: Final = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive")
_STD_PRO: Final = MappingProxyType({"720p": "std", "1080p": "pro"})
_BY_MEDIA: Final = "{name} ({media})"


def _seconds(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


# -- Sora: the provider's own characters -----------------------------------------------------------------------------
# Which ids and lengths are served differs from page to page: 4, 8, 12 on the generation page (only -vvip), 10 and 15
# (pro: 15 and 25) on the remix page.

_VVIP = ModelCard(
    model="sora-2-vvip",
    provider_character=True,
    characters=4,
    hears_voice=True,  # its characters are made with their voice
    durations=(4, 8, 12),
    default_duration=8,
    ratios=_WIDE_AND_TALL,
    default_ratio="16:9",
    sound=Sound.ALWAYS,
    marker="@{username}",
    business_id_field="client_business_id",
    callback_field="callback_url",
)
_SORA = replace(_VVIP, model="sora-2", durations=(10, 15), default_duration=10)

# -- Wan: clips of the characters ------------------------------------------------------------------------------------
# 5, 10 and 15 s are documented, 2 to 10 is what its maker takes with references: so 5 or 10.

_WAN = ModelCard(
    model="wan2.6",
    clips=ClipRules(field="metadata.reference_urls", at_most=3, seconds=(2, 30)),
    characters=3,
    hears_voice=True,
    durations=(5, 10),
    default_duration=5,
    ratios=_FIVE,
    default_ratio="16:9",
    resolutions=("720p", "1080p"),
    default_resolution="1080p",
    sound=Sound.ALWAYS,
    prompt_length=1_500,
    marker="character{n}",
)
_WAN_FLASH = replace(
    _WAN,
    model="wan2.6-flash",
    ratios=(),  # none are listed
    default_ratio="",
    sound=Sound.SWITCH,
    sound_field="audio",
)
_WAN_3 = ModelCard(
    model="wan3.0-video",
    enabled=False,  # its page came after the others, and how a prompt names its references is not known for certain
    images=ImageRules(field="reference_images", at_most=10),
    clips=ClipRules(field="video_list", form=Form.VIDEO_URL, at_most=5, seconds=(2, 15), sum=15),
    characters=10,
    hears_voice=True,
    durations=_seconds(2, 30),
    default_duration=5,
    ratios=(*_FIVE, "adaptive"),
    default_ratio="adaptive",
    resolutions=("480p", "720p", "1080p"),
    default_resolution="1080p",
    sound=Sound.SWITCH,
    marker=_BY_MEDIA,
    ratio_field="ratio",
    sound_field="audio",
)

# -- Vidu: subjects ----------------------------------------------------------------------------------------------------
# Seven pictures in all, of which one is image_urls, which the page calls required.

_VIDU = ModelCard(
    model="viduq3",
    images=ImageRules(
        field="metadata.subjects",
        form=Form.SUBJECT,
        at_most=6,
        sides=(128, 100_000),
        ratios=(0.25, 4.0),
        repeated_in="image_urls",
    ),
    characters=6,
    durations=_seconds(3, 16),
    default_duration=5,
    ratios=_THREE,
    default_ratio="16:9",
    resolutions=("540p", "720p", "1080p"),
    default_resolution="720p",
    sound=Sound.SWITCH,
    sound_field="audio",
    prompt_length=5_000,
    marker="@character{n}",
    callback_field="metadata.callback_url",
)

# -- Seedance and MiniMax: references with roles -----------------------------------------------------------------------

_SEEDANCE = ModelCard(
    model="seedance-2",
    images=ImageRules(field="image_with_roles", form=Form.ROLE, at_most=9, sides=(300, 6_000), ratios=(0.4, 2.5)),
    clips=ClipRules(field="video_with_roles", form=Form.ROLE, at_most=3, seconds=(2, 15), sum=15, lines=(480, 720)),
    characters=9,
    hears_voice=True,
    refuses_real_faces=True,
    takes_assets=True,
    durations=_seconds(4, 15),
    default_duration=5,
    ratios=_SEVEN,
    default_ratio="16:9",
    resolutions=("480p", "720p", "1080p", "4k"),
    default_resolution="720p",
    sound=Sound.SWITCH,
    sound_field="generate_audio",
    marker=_BY_MEDIA,
    business_id_field="client_business_id",
    callback_field="callback_url",
)
_SEEDANCE_FAST = replace(_SEEDANCE, model="seedance-2-fast", resolutions=("480p", "720p"))
_SEEDANCE_25 = replace(
    _SEEDANCE,
    model="seedance-2-5",
    images=ImageRules(field="image_with_roles", form=Form.ROLE, at_most=30, sides=(300, 6_000), ratios=(0.4, 2.5)),
    clips=ClipRules(field="video_with_roles", form=Form.ROLE, at_most=10, seconds=(2, 30), sum=30, lines=(480, 720)),
    in_all=50,
    characters=10,
    durations=_seconds(4, 30),
    resolutions=("480p", "720p"),
)
_MINIMAX = ModelCard(
    model="MiniMax-H3",
    images=ImageRules(field="image_with_roles", form=Form.ROLE, at_most=9, sides=(256, 5_760), ratios=(0.4, 2.5)),
    clips=ClipRules(field="video_with_roles", form=Form.ROLE, at_most=3, seconds=(2, 15), sum=15),
    in_all=12,
    characters=9,
    hears_voice=True,
    durations=_seconds(4, 15),
    default_duration=5,
    ratios=_SEVEN,
    default_ratio="16:9",
    resolutions=("768p", "2K"),
    default_resolution="2K",
    sound=Sound.ALWAYS,
    prompt_length=7_000,
    marker=_BY_MEDIA,
    business_id_field="client_business_id",
    callback_field="callback_url",
)

# -- Kling: elements, or plain pictures --------------------------------------------------------------------------------

_KLING_OMNI = ModelCard(
    model="kling-v3-omni",
    images=ImageRules(
        field="metadata.element_list",
        form=Form.ELEMENT,
        at_most=7,
        per_character=1,
        sides=(300, 100_000),
        ratios=(0.4, 2.5),
    ),
    characters=7,
    durations=_seconds(3, 15),
    default_duration=5,
    ratios=_THREE,
    default_ratio="16:9",
    resolutions=("720p", "1080p"),
    default_resolution="720p",
    sound=Sound.SWITCH,
    sound_default=False,
    marker="<<<element_{n}>>>",
    resolution_field="mode",
    resolution_words=_STD_PRO,
    sound_field="audio",
)
_KLING_O1 = replace(_KLING_OMNI, model="kling-video-o1", durations=_seconds(3, 10))
_KLING_3 = replace(
    _KLING_OMNI,
    model="kling-v3",
    images=ImageRules(field="reference_images", at_most=4, sides=(300, 100_000), ratios=(0.4, 2.5)),  # its maker's four
    characters=4,
    marker=_BY_MEDIA,
)

# -- Pictures alone ----------------------------------------------------------------------------------------------------

_HAPPYHORSE = ModelCard(
    model="happyhorse-1.1",
    images=ImageRules(field="reference_images", at_most=9, sides=(300, 100_000), ratios=(0.4, 2.5)),
    characters=9,
    durations=_seconds(3, 15),
    default_duration=5,
    ratios=_FIVE,
    default_ratio="16:9",
    resolutions=("720P", "1080P"),
    default_resolution="1080P",
    sound=Sound.UNSAID,
    marker=_BY_MEDIA,
    fixed=MappingProxyType({"action": "reference-to-video", "watermark": False}),
)
_VEO = ModelCard(
    model="veo3.1-fast",
    images=ImageRules(field="image_urls", at_most=3),
    characters=3,
    durations=(8,),
    default_duration=8,
    ratios=_WIDE_AND_TALL,
    default_ratio="16:9",
    resolutions=("720p", "1080p", "4k"),
    default_resolution="720p",
    sound=Sound.ALWAYS,
    marker=_BY_MEDIA,
    resolution_field="metadata.resolution",
    fixed=MappingProxyType({"metadata.generation_type": "reference"}),
)
_VEO_OFFICIAL = ModelCard(
    model="Veo3.1-quality-official",
    images=ImageRules(field="metadata.referenceImages", at_most=3),
    characters=3,
    durations=(4, 6, 8),
    default_duration=8,
    ratios=_WIDE_AND_TALL,
    default_ratio="16:9",
    resolutions=("720p", "1080p"),
    default_resolution="720p",
    sound=Sound.SWITCH,
    sound_default=False,
    marker=_BY_MEDIA,
    ratio_field="size",
    sound_field="metadata.generateAudio",
)
_GROK = ModelCard(
    model="grok-video-1.0",
    images=ImageRules(field="reference_images", at_most=8),
    characters=8,
    durations=_seconds(1, 15),
    default_duration=8,
    ratios=("16:9", "9:16", "3:2", "2:3", "1:1"),
    default_ratio="16:9",
    resolutions=("480p", "720p"),
    default_resolution="720p",
    sound=Sound.UNSAID,
    marker=_BY_MEDIA,
)
_GEMINI = ModelCard(
    model="gemini-omni-flash",
    images=ImageRules(field="image_urls", at_most=3),
    characters=3,
    durations=(4, 6, 10),
    default_duration=6,
    ratios=_WIDE_AND_TALL,
    default_ratio="16:9",
    resolutions=("720p", "1080p"),
    default_resolution="720p",
    ratios_at=MappingProxyType({"1080p": ("16:9",)}),
    sound=Sound.UNSAID,
    marker=_BY_MEDIA,
)


def _table(cards: Iterable[ModelCard]) -> Mapping[str, ModelCard]:
    return MappingProxyType({card.model: replace(card, like=card.model) for card in cards})


CARDS: Final = _table(
    (
        # The provider's own character first; then who sees the character move and hears it; then by pictures alone.
        _SORA,
        replace(_SORA, model="sora-2-pro", durations=(15, 25), default_duration=15),
        replace(_SORA, model="sora-2-vip"),
        _VVIP,
        _WAN,
        _MINIMAX,
        _WAN_FLASH,
        _WAN_3,
        _VIDU,
        _KLING_OMNI,
        _KLING_O1,
        _KLING_3,
        # Good at it, but they refuse whoever might be real, and most clips are of somebody real.
        _SEEDANCE,
        _SEEDANCE_25,
        _SEEDANCE_FAST,
        replace(_SEEDANCE_FAST, model="seedance-2-mini"),
        _HAPPYHORSE,
        _VEO,
        replace(_VEO, model="veo3.1-lite"),
        _VEO_OFFICIAL,
        replace(_VEO_OFFICIAL, model="Veo3.1-fast-official"),
        replace(_VEO_OFFICIAL, model="Veo3.1-lite-official"),
        _GEMINI,
        _GROK,
    )
)
"""Every model that we know, by its id; in the order in which they are preferred."""


def card_of(model: str, extra: Mapping[str, str]) -> ModelCard | None:
    """The card of ``model``; ``None`` where nobody knows what it takes.

    ``extra`` is the operator's (``toapis.video_models``): what is named there is enabled, and has the card of the model
    that it is like.
    """
    return cards(extra).get(model)


def cards(extra: Mapping[str, str]) -> Mapping[str, ModelCard]:
    """All models with ``extra`` among them, in the order of preference: each of those before the one that it is like.

    Raises :class:`~bot.errors.BadConfiguration` where one is like a model that has no card.
    """
    unknown = sorted(set(extra.values()) - CARDS.keys())
    if unknown:
        known = ", ".join(CARDS)
        raise BadConfiguration(f"toapis.video_models must say of each model which of these it is like: {known}.")
    found: dict[str, ModelCard] = {}
    for name, card in CARDS.items():
        likenesses = [model for model, like in extra.items() if like == name and model != name]
        found |= {model: replace(card, model=model, enabled=True) for model in likenesses}
        if name not in extra:
            found[name] = card
        elif extra[name] == name:
            found[name] = replace(card, enabled=True)
    return MappingProxyType(found)
