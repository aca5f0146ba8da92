"""The provider's page of each video model as rules: fields, values, and what must not stand together.

Written from the documentation, and wider than what the bot sends: also what it never uses is read as the page has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from playground.provider.rules import Rule, address, address_or_asset, entry, flag, listed, one_of, whole, words

Fields = Mapping[str, Any]

_ANY: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page. Fields are dotted paths; of the fields of one group in `apart` only one may stand in a request.

    Of `known_by` at least one must. `sides` are the shortest and the longest in pixels, `ratios` of width to height,
    `clip` the shortest and the longest in seconds, `clips` the seconds of all, `lines` the pixels of its shorter side,
    `items` how many references in all.
    `marks`: what a prompt calls people by, who must then be in the request. `landscape_only` is a resolution that no
    upright video has.
    """

    fields: Mapping[str, Rule]
    apart: tuple[tuple[str, ...], ...] = ()
    known_by: tuple[str, ...]
    sides: tuple[int, int] = (1, _ANY)
    ratios: tuple[float, float] = (0.01, 100.0)
    clip: tuple[float, float] = (0.1, 60.0)
    clips: float = 300.0
    lines: tuple[int, int] = (1, _ANY)
    items: int = 100
    refuses_real_faces: bool = False
    sound_field: str = ""
    sound: bool = True
    marks: Literal["", "username", "subject", "element"] = ""
    landscape_only: str = ""


_BOTH: Final = ("16:9", "9:16")
_THREE: Final = (*_BOTH, "1:1")
_FIVE: Final = (*_THREE, "4:3", "3:4")
_ID: Final = words(128)
_PROMPT: Final = words(5_000)


def _fields(**more: Rule) -> dict[str, Rule]:
    return {"model": words(100), "prompt": _PROMPT, **more}


def _meta(**inner: Rule) -> dict[str, Rule]:
    return {f"metadata.{name}": rule for name, rule in inner.items()}


_VVIP = Page(
    fields={
        **_fields(duration=whole(4, 4, 8, 12), aspect_ratio=one_of(*_BOTH), image_urls=listed(address, 1)),
        **_fields(character_url=_ID, client_business_id=_ID, callback_url=address, thumbnail=flag),
        **_meta(n=whole(1, 4), watermark=flag, private=flag, style=words(40), storyboard=flag),
    },
    known_by=("prompt",),
    marks="username",
)
_SORA = replace(_VVIP, fields={**_VVIP.fields, "duration": whole(10, 10, 15)})

_WAN = Page(
    fields={
        **_fields(duration=whole(5, 5, 10, 15), aspect_ratio=one_of(*_FIVE), resolution=one_of("720p", "1080p")),
        **_fields(image_urls=listed(address, 1), negative_prompt=words(500), seed=whole(0, 2**31), prompt_extend=flag),
        **_fields(prompt=words(1_500), shot_type=one_of("single", "multi"), watermark=flag),
        **_meta(reference_urls=listed(address, 3)),
    },
    apart=(("image_urls", "metadata.reference_urls"),),
    known_by=("metadata.reference_urls", "image_urls"),
    clip=(2, 30),
)
_WAN_FLASH = replace(
    _WAN,
    fields={name: rule for name, rule in _WAN.fields.items() if name != "aspect_ratio"} | {"audio": flag},
    sound_field="audio",
)
_WAN_3 = Page(
    fields={
        **_fields(duration=whole(2, 30), ratio=one_of(*_FIVE, "adaptive"), audio=flag),
        **_fields(resolution=one_of("480p", "720p", "1080p"), reference_images=listed(address, 10)),
        **_fields(video_list=listed(entry({"video_url": address}), 5)),
        **_fields(image_with_roles=listed(entry({"url": address, "role": one_of("first_frame", "last_frame")}), 2)),
    },
    apart=(("image_with_roles", "reference_images"), ("image_with_roles", "video_list")),
    known_by=("reference_images", "video_list", "image_with_roles", "prompt"),
    clips=15,
    sound_field="audio",
)
_VIDU = Page(
    fields={
        **_fields(duration=whole(3, 16), aspect_ratio=one_of(*_FIVE), resolution=one_of("540p", "720p", "1080p")),
        **_fields(audio=flag, seed=whole(0, 2**31), image_urls=listed(address, 7)),
        **_meta(subjects=listed(entry({"name": words(60), "images": listed(address, 3)}), 7), auto_subjects=flag),
        **_meta(audio_type=one_of("all", "speech_only", "sound-effect_only"), voice_id=_ID, off_peak=flag),
        **_meta(payload=words(1_000), callback_url=address),
    },
    known_by=("image_urls",),
    sides=(128, _ANY),
    ratios=(0.25, 4),
    items=7,
    sound_field="audio",
    marks="subject",
)


def _roles(images: int, videos: int, url: Rule) -> dict[str, Rule]:
    return {
        "image_urls": listed(address, images),
        "image_with_roles": listed(
            entry({"url": url}, {"role": one_of("reference_image", "first_frame", "last_frame")}), images
        ),
        "video_with_roles": listed(entry({"url": url, "role": one_of("reference_video")}), videos),
        "audio_with_roles": listed(entry({"url": url, "role": one_of("reference_audio")}), videos),
    }


_SEEDANCE = Page(
    fields={
        **_fields(duration=whole(4, 15, 0, -1), resolution=one_of("480p", "720p", "1080p", "4k")),
        **_fields(aspect_ratio=one_of(*_FIVE, "21:9", "adaptive"), generate_audio=flag, return_last_frame=flag),
        **_fields(seed=whole(0, 2**31), client_business_id=_ID, callback_url=address, trace_id=_ID),
        **_roles(9, 3, address_or_asset),
    },
    apart=(("image_urls", "image_with_roles"),),
    known_by=("image_with_roles", "video_with_roles", "image_urls", "prompt"),
    sides=(300, 6_000),
    ratios=(0.4, 2.5),
    clip=(2, 15),
    clips=15,
    lines=(480, 720),
    refuses_real_faces=True,
    sound_field="generate_audio",
)
_SEEDANCE_FAST = replace(_SEEDANCE, fields={**_SEEDANCE.fields, "resolution": one_of("480p", "720p")})
_MINIMAX = replace(
    _SEEDANCE,
    fields={
        **_fields(duration=whole(4, 15), resolution=one_of("2K", "768p"), prompt=words(7_000), watermark=flag),
        **_fields(aspect_ratio=one_of(*_FIVE, "21:9", "adaptive"), client_business_id=_ID, callback_url=address),
        **_roles(9, 3, address),
    },
    sides=(256, 5_760),
    lines=(1, _ANY),
    items=12,
    refuses_real_faces=False,
    sound_field="",
)
_ELEMENT = entry({"url": address, "type": one_of("image", "video"), "role": one_of("subject")})
_KLING = Page(
    fields={
        **_fields(duration=whole(3, 15), aspect_ratio=one_of(*_THREE), mode=one_of("std", "pro"), audio=flag),
        **_fields(
            video_list=listed(
                entry(
                    {"video_url": address},
                    {"refer_type": one_of("base", "feature"), "keep_original_sound": one_of("yes", "no")},
                ),
                1,
            )
        ),
        **_meta(element_list=listed(_ELEMENT, 7), negative_prompt=words(500), watermark=flag),
        **_meta(image_list=listed(entry({"image_url": address}, {"type": one_of("first_frame", "end_frame")}), 7)),
    },
    apart=(("audio", "video_list"),),
    known_by=("metadata.element_list", "metadata.image_list", "video_list", "prompt"),
    sides=(300, _ANY),
    ratios=(0.4, 2.5),
    clip=(3, 60),
    items=7,
    sound_field="audio",
    sound=False,
    marks="element",
)
_KLING_3 = replace(
    _KLING,
    fields={
        **_fields(duration=whole(3, 15), aspect_ratio=one_of(*_THREE), mode=one_of("std", "pro"), audio=flag),
        **_fields(reference_images=listed(address, 4)),
        **_fields(
            image_with_roles=listed(
                entry({"url": address, "role": one_of("first_frame", "last_frame", "reference", "reference_image")}), 4
            )
        ),
        **_meta(negative_prompt=words(500), watermark=flag),
    },
    apart=(),
    known_by=("reference_images", "image_with_roles", "prompt"),
    marks="",
)
_HAPPYHORSE = Page(
    fields={
        **_fields(duration=whole(3, 15), aspect_ratio=one_of(*_FIVE), resolution=one_of("720P", "1080P")),
        **_fields(action=one_of("reference-to-video"), reference_images=listed(address, 9), watermark=flag),
        **_fields(seed=whole(0, 2**31)),
    },
    known_by=("reference_images",),
    sides=(300, _ANY),
    ratios=(0.4, 2.5),
)
_VEO = Page(
    fields={
        **_fields(duration=whole(8, 8), aspect_ratio=one_of(*_BOTH), image_urls=listed(address, 3)),
        **_meta(generation_type=one_of("reference"), resolution=one_of("720p", "1080p", "4k"), enable_gif=flag),
    },
    known_by=("image_urls",),
)
_VEO_OFFICIAL = Page(
    fields={
        **_fields(duration=whole(4, 4, 6, 8), size=one_of(*_BOTH), resolution=one_of("720p", "1080p", "4k")),
        **_fields(image_urls=listed(address, 2)),
        **_meta(referenceImages=listed(address, 3), generateAudio=flag, negativePrompt=words(500)),
        **_meta(personGeneration=one_of("allow_adult", "dont_allow")),
    },
    apart=(("image_urls", "metadata.referenceImages"),),  # the second would be ignored
    known_by=("metadata.referenceImages", "prompt"),
    sound_field="metadata.generateAudio",
    sound=False,
)
_GROK = Page(
    fields={
        **_fields(duration=whole(1, 15), aspect_ratio=one_of(*_THREE, "3:2", "2:3")),
        **_fields(resolution=one_of("480p", "720p"), image=address, reference_images=listed(address, 8)),
    },
    known_by=("reference_images", "image", "prompt"),
    items=8,
)
_GEMINI = Page(
    fields=_fields(
        duration=whole(4, 4, 6, 10),
        aspect_ratio=one_of(*_BOTH),
        resolution=one_of("720p", "1080p"),
        image_urls=listed(address, 3),
    ),
    known_by=("image_urls", "prompt"),
    landscape_only="1080p",
)

PAGES: Final[Mapping[str, Page]] = MappingProxyType(
    {
        "sora-2": _SORA,
        "sora-2-pro": replace(_SORA, fields={**_SORA.fields, "duration": whole(15, 15, 25)}),
        "sora-2-vip": _SORA,
        "sora-2-vvip": _VVIP,
        "wan2.6": _WAN,
        "wan2.6-flash": _WAN_FLASH,
        "wan3.0-video": _WAN_3,
        "viduq3": _VIDU,
        "seedance-2": _SEEDANCE,
        "seedance-2-fast": _SEEDANCE_FAST,
        "seedance-2-mini": replace(_SEEDANCE_FAST, fields={**_SEEDANCE_FAST.fields, "duration": whole(4, 15)}),
        "seedance-2-5": replace(
            _SEEDANCE,
            fields={
                **_SEEDANCE_FAST.fields,
                **_roles(30, 10, address_or_asset),
                "duration": whole(4, 30, -1),
                "video_operation": one_of("generate", "edit", "extend"),
                "output_format": one_of("mp4", "mov"),
            },
            clip=(2, 30),
            clips=30,
            items=50,
        ),
        "MiniMax-H3": _MINIMAX,
        "kling-v3-omni": _KLING,
        "kling-video-o1": replace(_KLING, fields={**_KLING.fields, "duration": whole(3, 10)}),
        "kling-v3": _KLING_3,
        "happyhorse-1.1": _HAPPYHORSE,
        "veo3.1-fast": _VEO,
        "veo3.1-lite": _VEO,
        "Veo3.1-quality-official": _VEO_OFFICIAL,
        "Veo3.1-fast-official": _VEO_OFFICIAL,
        "Veo3.1-lite-official": _VEO_OFFICIAL,
        "grok-video-1.0": _GROK,
        "gemini-omni-flash": _GEMINI,
    }
)
