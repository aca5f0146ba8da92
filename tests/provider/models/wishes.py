"""Casts and wishes for these tests: some by hand, the others whatever hypothesis thinks of."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bot.provider.models.catalogue import CARDS
from bot.provider.models.plan import media_plan
from bot.provider.models.video_spec import CastMember, Clip, Still, VideoSpec
from bot.values.character import FileKind, clean_name, name_key

# One model for each way in which a request says who is in the video. What was sent to the others is told apart by their
# bodies alone: a film of theirs is made by the very same lines.
ONE_OF_EACH_FORM = list(
    {
        (card.provider_character, *(rules and (rules.field, rules.form) for rules in (card.images, card.clips))): model
        for model, card in CARDS.items()
    }.values()
)
STILLS = (Still(720, 1280, 90_000), Still(720, 1280, 90_000), Still(720, 1280, 90_000))


def member(name="Anna", **changes):
    """Somebody of whom there is everything."""
    everything = CastMember(
        name=name,
        task_id=f"task_of_{name}",
        username=f"abcdefgh.{name.lower()}",
        stills=STILLS,
        clip=Clip(4.2, 900_000),
    )
    return replace(everything, **changes)


def spec(prompt="@Anna dances", cast=None, **changes):
    return VideoSpec(prompt=prompt, cast=(member(),) if cast is None else tuple(cast), **changes)


def uploaded(card, cast):
    """A URL of its own for each file that is needed."""
    return {
        needed: f"https://files.toapis.com/uploads/7/{needed.member}-{needed.kind.value}-{needed.number}."
        + ("jpg" if needed.kind is FileKind.STILL else "mp4")
        for needed in media_plan(card, cast)
    }


WELL_KNOWN = [
    "Anna",
    "Ann",
    "Anna Bo",
    "Bo",
    "ANNA 2",
    "太郎",
    "Łukasz",
    "Straße",
    "철수",
    "أحمد",
    "🐙",
    "O'Neil",
    "@home",
]
NAMES = st.one_of(st.sampled_from(WELL_KNOWN), st.text(min_size=1, max_size=40)).map(clean_name).filter(bool)

SIDES = st.sampled_from([None, 1, 127, 128, 299, 300, 512, 720, 1280, 5760, 6000, 6001])
ANY_STILL = st.builds(Still, SIDES, SIDES, st.sampled_from([None, 1, 90_000, 10_485_760, 10_485_761]))
ANY_CLIP = st.builds(
    Clip,
    st.sampled_from([0.5, 1.9, 2.0, 3.0, 4.9, 5.0, 15.0, 15.1, 30.0, 31.0]),
    st.sampled_from([None, 1, 60_000_000]),
)


@st.composite
def casts(draw, most=5):
    names = draw(st.lists(NAMES, max_size=most, unique_by=name_key))
    return tuple(
        CastMember(
            name=name,
            task_id=draw(st.sampled_from([f"task_{at}", f"task_{at}", None])),
            username=draw(st.sampled_from([f"user{at}.{at}", f"user{at}.{at}", None])),
            stills=draw(st.one_of(st.just(STILLS), st.lists(ANY_STILL, max_size=4).map(tuple))),
            clip=draw(st.one_of(st.just(Clip(5.0)), st.none(), ANY_CLIP)),
        )
        for at, name in enumerate(names)
    )


@st.composite
def wishes(draw):
    """Mostly sound ones, so that many of them can be fulfilled; with a prompt that calls some of the cast."""
    cast = draw(casts())
    words = st.one_of(
        st.sampled_from([f"@{each.name}" for each in cast] or ["walks"]),
        st.sampled_from(["walks", " ", ",", ".", "が", "character1", "<<<element_2>>>", "a@b.c", "é"]),
        st.text(max_size=12),
    )
    return VideoSpec(
        prompt=" ".join(draw(st.lists(words, min_size=1, max_size=8))),
        cast=cast,
        duration=draw(st.sampled_from([None, None, 4, 5, 8, 10, 15, 2, 16, 30, 0, -1])),
        ratio=draw(st.sampled_from([None, None, "16:9", "9:16", "1:1", " 4:3", "21:9", "ADAPTIVE", "0:0", "wide", ""])),
        resolution=draw(st.sampled_from([None, None, "720p", "720P", "1080p", "480p", "768P", "2k", "4K", "x", ""])),
        sound=draw(st.sampled_from([None, None, True, False])),
    )


@st.composite
def likely_wishes(draw, card):
    """What the card has, in any case and combination; most of it can be fulfilled."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=name_key))
    cast = tuple(
        CastMember(
            name=name,
            task_id=f"task_{at}",
            username=None if len(names) == 1 and draw(st.booleans()) else f"user{at}.{at}",
            stills=draw(st.one_of(st.just(STILLS), st.lists(ANY_STILL, min_size=1, max_size=4).map(tuple))),
            clip=draw(st.one_of(st.just(Clip(5.0)), ANY_CLIP)),
        )
        for at, name in enumerate(names)
    )
    words = st.one_of(
        st.sampled_from([f"@{each.name}" for each in cast]),
        st.sampled_from(["walks", ",", "が", "character1", "<<<element_2>>>", "a@b.c", "é", "{name}", "%s"]),
        st.text(max_size=12).map(lambda typed: typed.replace("@", "")),
    )
    any_case = st.sampled_from([str.lower, str.upper, str.strip])
    return VideoSpec(
        prompt="walks " + " ".join(draw(st.lists(words, max_size=8))),
        cast=cast,
        duration=draw(st.sampled_from([None, *card.durations])),
        ratio=draw(any_case)(draw(st.sampled_from(card.ratios))) if card.ratios and draw(st.booleans()) else None,
        resolution=draw(any_case)(draw(st.sampled_from(card.resolutions))) if card.resolutions else None,
        sound=draw(st.sampled_from([None, True, False])) if card.sound_field else None,
    )
