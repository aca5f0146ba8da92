"""The card of one model of each family, and those of its variants.

From the provider's documentation of August 2026 (its own repository, a page for each model) and, where that is silent,
from the rules of the model's maker; the stricter of two rules is used.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.provider.models.card import ClipRules, Form, ImageRules, ModelCard, Sound

_WIDE_AND_TALL: Final = ("16:9", "9:16")
_THREE: Final = ("16:9", "9:16", "1:1")
_FIVE: Final = ("16:9", "9:16", "1:1", "4:3", "3:4")
_SEVEN: Final = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive")
_STD_PRO: Final = MappingProxyType({"720p": "std", "1080p": "pro"})
_BY_MEDIA: Final = "{name} ({media})"


def _seconds(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


# The pages disagree on ids and lengths: 4, 8, 12 on the generation page (only -vvip), 10 and 15 (pro: 15 and 25) on the
# remix page.

VVIP = ModelCard(
    model="sora-2-vvip",
    provider_character=True,
    characters=4,
    hears_voice=True,  # its characters are made with their voices
    durations=(4, 8, 12),
    default_duration=8,
    ratios=_WIDE_AND_TALL,
    default_ratio="16:9",
    sound=Sound.ALWAYS,
    marker="@{username}",
    business_id_field="client_business_id",
    callback_field="callback_url",
)
SORA = replace(VVIP, model="sora-2", durations=(10, 15), default_duration=10)

# 5, 10 and 15 s are documented; its maker accepts 2 to 10 with references: so 5 or 10.

WAN = ModelCard(
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
WAN_FLASH = replace(
    WAN,
    model="wan2.6-flash",
    ratios=(),  # none are listed
    default_ratio="",
    sound=Sound.SWITCH,
    sound_field="audio",
)
WAN_3 = ModelCard(
    model="wan3.0-video",
    enabled=False,  # its page is newer, and how a prompt names its references is not known for certain
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

# Seven pictures in all, one of which is image_urls, which the page calls required.

VIDU = ModelCard(
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

SEEDANCE = ModelCard(
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
SEEDANCE_FAST = replace(SEEDANCE, model="seedance-2-fast", resolutions=("480p", "720p"))
SEEDANCE_25 = replace(
    SEEDANCE,
    model="seedance-2-5",
    images=ImageRules(field="image_with_roles", form=Form.ROLE, at_most=30, sides=(300, 6_000), ratios=(0.4, 2.5)),
    clips=ClipRules(field="video_with_roles", form=Form.ROLE, at_most=10, seconds=(2, 30), sum=30, lines=(480, 720)),
    in_all=50,
    characters=10,
    durations=_seconds(4, 30),
    resolutions=("480p", "720p"),
)
MINIMAX = ModelCard(
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

KLING_OMNI = ModelCard(
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
KLING_O1 = replace(KLING_OMNI, model="kling-video-o1", durations=_seconds(3, 10))
KLING_3 = replace(
    KLING_OMNI,
    model="kling-v3",
    images=ImageRules(
        field="reference_images", at_most=4, sides=(300, 100_000), ratios=(0.4, 2.5)
    ),  # its maker's limit
    characters=4,
    marker=_BY_MEDIA,
)

# -- Pictures alone ----------------------------------------------------------------------------------------------------

HAPPYHORSE = ModelCard(
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
VEO = ModelCard(
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
VEO_OFFICIAL = ModelCard(
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
GROK = ModelCard(
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
GEMINI = ModelCard(
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
