"""The request of each family, word for word; and that whatever may be wished for fits its card."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.provider.models.body import body_problems
from bot.provider.models.catalogue import CARDS
from bot.provider.models.check import problems
from bot.provider.models.encoding import encode
from bot.provider.models.plan import media_plan
from tests.provider.models.wishes import likely_wishes, member, spec, uploaded, wishes

UPLOADS = "https://files.toapis.com/uploads/7/"


def still(who, number):
    return f"{UPLOADS}{who}-still-{number}.jpg"


def clip(who):
    return f"{UPLOADS}{who}-reference-0.mp4"


def encoded(model, its, **more):
    card = CARDS[model]
    return encode(card, its, uploaded(card, its.cast), business_id="0123456789abcdef", **more)


TWO = (member("Anna"), member("Bo"))
PROMPT = "@Anna waves at @Bo"
SORA = {
    "model": "sora-2",
    "prompt": "@abcdefgh.anna waves at @abcdefgh.bo",
    "duration": 10,
    "aspect_ratio": "16:9",
    "client_business_id": "0123456789abcdef",
}
ROLES_OF_TWO = {
    "image_with_roles": [
        {"url": still(who, number), "role": "reference_image"} for who in range(2) for number in range(3)
    ],
    "video_with_roles": [{"url": clip(who), "role": "reference_video"} for who in range(2)],
}
BY_MEDIA = "Anna (image 1, image 2, image 3, video 1) waves at Bo (image 4, image 5, image 6, video 2)"
BODIES: dict[str, dict[str, Any]] = {
    "sora-2": SORA,
    "sora-2-vvip": SORA | {"model": "sora-2-vvip", "duration": 8},
    "wan2.6": {
        "model": "wan2.6",
        "prompt": "character1 waves at character2",
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "1080p",
        "metadata": {"reference_urls": [clip(0), clip(1)]},
    },
    "wan2.6-flash": {
        "model": "wan2.6-flash",
        "prompt": "character1 waves at character2",
        "duration": 5,
        "resolution": "1080p",
        "audio": True,
        "metadata": {"reference_urls": [clip(0), clip(1)]},
    },
    "wan3.0-video": {
        "model": "wan3.0-video",
        "prompt": BY_MEDIA,
        "duration": 5,
        "ratio": "adaptive",
        "resolution": "1080p",
        "audio": True,
        "reference_images": [still(who, number) for who in range(2) for number in range(3)],
        "video_list": [{"video_url": clip(0)}, {"video_url": clip(1)}],
    },
    "viduq3": {
        "model": "viduq3",
        "prompt": "@character1 waves at @character2",
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "audio": True,
        "image_urls": [still(0, 0)],
        "metadata": {
            "subjects": [
                {"name": "character1", "images": [still(0, 0), still(0, 1), still(0, 2)]},
                {"name": "character2", "images": [still(1, 0), still(1, 1), still(1, 2)]},
            ]
        },
    },
    "seedance-2": {
        "model": "seedance-2",
        "prompt": BY_MEDIA,
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "generate_audio": True,
        "client_business_id": "0123456789abcdef",
        **ROLES_OF_TWO,
    },
    "MiniMax-H3": {
        "model": "MiniMax-H3",
        "prompt": BY_MEDIA,
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "2K",
        "client_business_id": "0123456789abcdef",
        **ROLES_OF_TWO,
    },
    "kling-v3-omni": {
        "model": "kling-v3-omni",
        "prompt": "<<<element_1>>> waves at <<<element_2>>>",
        "duration": 5,
        "aspect_ratio": "16:9",
        "mode": "std",
        "audio": False,
        "metadata": {"element_list": [{"url": still(who, 0), "type": "image", "role": "subject"} for who in range(2)]},
    },
    "kling-v3": {
        "model": "kling-v3",
        "prompt": "Anna (image 1, image 2) waves at Bo (image 3, image 4)",
        "duration": 5,
        "aspect_ratio": "16:9",
        "mode": "std",
        "audio": False,
        "reference_images": [still(0, 0), still(0, 1), still(1, 0), still(1, 1)],
    },
    "happyhorse-1.1": {
        "model": "happyhorse-1.1",
        "prompt": "Anna (image 1, image 2, image 3) waves at Bo (image 4, image 5, image 6)",
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "1080P",
        "action": "reference-to-video",
        "watermark": False,
        "reference_images": [still(who, number) for who in range(2) for number in range(3)],
    },
    "veo3.1-fast": {
        "model": "veo3.1-fast",
        "prompt": "Anna (image 1, image 2) waves at Bo (image 3)",
        "duration": 8,
        "aspect_ratio": "16:9",
        "image_urls": [still(0, 0), still(0, 1), still(1, 0)],
        "metadata": {"generation_type": "reference", "resolution": "720p"},
    },
    "Veo3.1-fast-official": {
        "model": "Veo3.1-fast-official",
        "prompt": "Anna (image 1, image 2) waves at Bo (image 3)",
        "duration": 8,
        "size": "16:9",
        "resolution": "720p",
        "metadata": {"referenceImages": [still(0, 0), still(0, 1), still(1, 0)], "generateAudio": False},
    },
    "grok-video-1.0": {
        "model": "grok-video-1.0",
        "prompt": "Anna (image 1, image 2, image 3) waves at Bo (image 4, image 5, image 6)",
        "duration": 8,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "reference_images": [still(who, number) for who in range(2) for number in range(3)],
    },
    "gemini-omni-flash": {
        "model": "gemini-omni-flash",
        "prompt": "Anna (image 1, image 2) waves at Bo (image 3)",
        "duration": 6,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "image_urls": [still(0, 0), still(0, 1), still(1, 0)],
    },
}


@pytest.mark.parametrize("model", BODIES)
def test_the_request_of_two_characters(model):
    assert encoded(model, spec(PROMPT, TWO)) == BODIES[model]


def test_every_model_is_like_one_whose_request_is_written_out_here():
    def shape(card):
        references = (card.images and card.images.field, card.clips and card.clips.field)
        return (*references, card.marker, card.ratio_field, card.resolution_field, card.sound_field, card.ratios == ())

    assert {shape(card) for card in CARDS.values()} == {shape(CARDS[model]) for model in BODIES}


@pytest.mark.parametrize(
    ("model", "changes", "expected"),
    [
        ("kling-v3-omni", {"resolution": "1080P", "sound": True}, {"mode": "pro", "audio": True}),
        ("happyhorse-1.1", {"resolution": "720p", "ratio": "4:3"}, {"resolution": "720P", "aspect_ratio": "4:3"}),
        ("seedance-2", {"duration": 15, "sound": False}, {"duration": 15, "generate_audio": False}),
        ("MiniMax-H3", {"resolution": "768P"}, {"resolution": "768p"}),
        ("wan3.0-video", {"ratio": "9:16"}, {"ratio": "9:16"}),
    ],
)
def test_a_wish_stands_in_the_familys_own_words(model, changes, expected):
    body = encoded(model, spec(**changes))
    assert body | expected == body


def test_a_sora_character_without_a_username_is_named_by_its_task():
    body = encoded("sora-2", spec(cast=[member(username=None)]))
    assert (body["character_url"], body["prompt"]) == ("task_of_Anna", "Anna dances")
    assert "character_url" not in encoded("sora-2", spec())


def test_a_callback_stands_where_it_is_documented_and_nowhere_else():
    where = {}
    for model in CARDS:
        body = encoded(model, spec(), callback_url="https://bot.example/hook")
        where[model] = (
            "callback_url" in body,
            "callback_url" in body.get("metadata", {}),
            "client_business_id" in body,
        )
    assert where["seedance-2-5"] == where["MiniMax-H3"] == where["sora-2"] == (True, False, True)
    assert where["viduq3"] == (False, True, False)
    assert where["wan2.6"] == where["kling-v3"] == where["veo3.1-fast"] == (False, False, False)


def test_an_asset_goes_wherever_a_url_goes_for_the_one_family_that_knows_them():
    card = CARDS["seedance-2"]
    media = dict.fromkeys(uploaded(card, TWO), "asset://pa_01")
    body = encode(card, spec(PROMPT, TWO), media, business_id="b")
    assert body["image_with_roles"][0] == {"url": "asset://pa_01", "role": "reference_image"}
    with pytest.raises(ValueError, match="does not fit"):
        encode(CARDS["MiniMax-H3"], spec(PROMPT, TWO), media, business_id="b")


@pytest.mark.parametrize("url", ["", "data:image/png;base64,AAAA", "/kept/still.jpg", "ftp://x/y", "asset://", None, 7])
def test_what_is_no_web_address_is_not_sent(url):
    card = CARDS["kling-v3"]
    with pytest.raises(ValueError, match="does not fit"):
        encode(card, spec(), dict.fromkeys(uploaded(card, spec().cast), url), business_id="b")


def test_neither_a_problem_nor_a_missing_file_is_passed_over():
    with pytest.raises(ValueError, match="duration"):
        encoded("wan2.6", spec(duration=7))
    with pytest.raises(ValueError, match="not uploaded"):
        encode(CARDS["wan2.6"], spec(), {}, business_id="b")


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_the_order_of_the_cast_is_the_order_of_its_references(card):
    """Elsewhere a voice went to the wrong character, because the n-th clip goes with the n-th picture."""

    def flat(value):
        return [each for inner in value for each in flat(inner)] if isinstance(value, list | dict) else [value]

    for cast in (TWO, TWO[::-1]):
        first, second = cast
        media = {needed: f"https://f.example/{cast[needed.member].name}" for needed in media_plan(card, cast)}
        body = encode(card, spec("@Bo looks at @Anna", cast), media, business_id="b")
        for rules in (card.images, card.clips):
            if rules is None:
                continue
            entries = (body["metadata"] if "metadata" in rules.field else body)[rules.field.removeprefix("metadata.")]
            values = [
                each for entry in entries for each in flat(list(entry.values()) if isinstance(entry, dict) else entry)
            ]
            urls = [each for each in values if str(each).startswith("https")]
            assert urls == sorted(urls, key=lambda url: [f"https://f.example/{who.name}" for who in cast].index(url))
            assert {url.rpartition("/")[2] for url in urls} == {first.name, second.name}


def pictures_fields(body):
    """Those fields of a request that hold pictures, by the names of all families."""
    fields = {**body, **body.get("metadata", {})}
    names = (
        "image",
        "image_urls",
        "image_with_roles",
        "reference_images",
        "referenceImages",
        "element_list",
        "subjects",
    )
    return [name for name in names if name in fields]


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_pictures_stand_in_one_field(card):
    """Two of them at once, or a picture without a role, were refused elsewhere."""
    body = encoded(card.model, spec(PROMPT, TWO))
    expected = {"viduq3": ["image_urls", "subjects"]}.get(card.model)  # its page calls the first required
    assert pictures_fields(body) == (expected or ([card.images.field.rpartition(".")[2]] if card.images else []))
    assert all("role" in each for each in body.get("image_with_roles", ()))


@pytest.mark.parametrize("model", BODIES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_whatever_may_be_wished_for_fits_its_card(model, data):
    card = CARDS[model]
    its = data.draw(likely_wishes(card))
    assume(not problems(card, its))
    body = encode(card, its, uploaded(card, its.cast), business_id="b", callback_url="https://bot.example/hook")
    assert body_problems(card, body) == ()
    assert len(body["prompt"]) <= card.prompt_length


@settings(max_examples=40, deadline=None)
@given(wishes())
def test_what_has_problems_is_never_written(its):
    for card in CARDS.values():
        if problems(card, its):
            with pytest.raises(ValueError, match="cannot do this"):
                encode(card, its, uploaded(card, its.cast), business_id="b")


# -- What is spoiled is seen --


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from leaves(inner, (*path, at))
    else:
        yield path


SPOILS = [None, "", 0, True, [], {}, "sora", "720x", "data:image/png;base64,AA", -1, 3.5, ["x"], {"url": "x"}]


@pytest.mark.parametrize("model", BODIES)
@settings(max_examples=40)
@given(data=st.data())
def test_no_field_can_be_spoiled_unseen(model, data):
    card = CARDS[model]
    body = copy.deepcopy(BODIES[model])
    path = data.draw(st.sampled_from(list(leaves(body))))
    holder: Any = body
    for name in path[:-1]:
        holder = holder[name]
    wrong = data.draw(st.sampled_from([spoil for spoil in SPOILS if spoil is not holder[path[-1]]]))
    if path[-1] == "prompt":
        wrong = data.draw(st.sampled_from([None, "", " ", 7, "x" * 7001]))
    if path[-1] != "watermark" and isinstance(holder[path[-1]], bool) and isinstance(wrong, bool):
        return  # a switch is right both ways
    if path[-1] in {"client_business_id", "name"} and isinstance(wrong, str) and wrong:
        return  # any string will do there
    holder[path[-1]] = wrong
    assert body_problems(card, body)


@pytest.mark.parametrize("model", BODIES)
@pytest.mark.parametrize(
    "stray", ["image_urls", "image_with_roles", "url", "n", "metadata.first_frame", "callback_url"]
)
def test_a_field_that_is_not_on_the_card_is_seen(model, stray):
    body = copy.deepcopy(BODIES[model])
    outer, _, inner = stray.rpartition(".")
    holder = body.setdefault(outer, {}) if outer else body
    if inner in holder:
        holder[inner] = [*holder[inner], *holder[inner]]
    else:
        holder[inner] = ["https://files.toapis.com/x.jpg"]
    assert body_problems(CARDS[model], body)


@pytest.mark.parametrize("model", BODIES)
def test_too_many_references_are_seen(model):
    card = CARDS[model]
    for rules in (card.images, card.clips):
        if rules is None:
            continue
        body = copy.deepcopy(BODIES[model])
        holder = body["metadata"] if rules.field.startswith("metadata.") else body
        name = rules.field.removeprefix("metadata.")
        holder[name] = holder[name] * (rules.at_most + 1)
        assert body_problems(card, body)


def test_a_pair_that_does_not_go_together_is_seen():
    body = BODIES["gemini-omni-flash"] | {"resolution": "1080p", "aspect_ratio": "9:16"}
    assert body_problems(CARDS["gemini-omni-flash"], body) == ("aspect_ratio and resolution do not go together",)
