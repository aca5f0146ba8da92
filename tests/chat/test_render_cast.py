"""One page of a cast: what stands in it, and how its buttons find the next one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits
from bot.chat.render_cast import CastPage, render_page, rows_of
from bot.limits import CUSTOM_ID, NAME_LENGTH
from bot.store.cast_search import Sort
from bot.values.character import CharacterGroup, clean_name
from bot.values.files import StoredFile
from tests.cards import card_of, drawn, lines
from tests.chat.samples import PICTURE, a_character
from tests.chat.test_render_job import assert_discord_takes

FIRST = CastPage(0, Sort.NEWEST, "")
LARGEST_ID = 2**63 - 1


@given(st.integers(0, 10**6), st.sampled_from(Sort), st.text(max_size=100), st.none() | st.integers(1, 10**9))
def test_a_page_survives_its_way_through_a_button(offset: int, sort: Sort, typed: str, group: int | None) -> None:
    page = CastPage(offset, sort, clean_name(typed), group)
    assert CastPage.parse(str(page)) == page


@pytest.mark.parametrize("argument", ["", "1", "x.newest.", "1.loudest.", "1.newest"])
def test_what_is_no_page_is_a_value_error(argument: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        CastPage.parse(argument)


@pytest.mark.parametrize(
    ("offset", "total", "shown"), [(24, 13, 12), (24, 12, 0), (12, 0, 0), (12, 24, 12), (12, 25, 12), (120, 25, 24)]
)
def test_a_page_beyond_the_end_becomes_the_last(offset: int, total: int, shown: int) -> None:
    assert replace(FIRST, offset=offset).within(total).offset == shown


def test_the_longest_search_and_the_longest_owner_fit_into_a_buttons_id() -> None:
    page = CastPage(99_996, Sort.NEWEST, "x" * NAME_LENGTH, 10**9)
    card = render_page(LARGEST_ID, page, [a_character()] * limits.CAST_PER_PAGE, 200_000, {}, "en-GB")
    ids = [button.item.custom_id for button in card.buttons]
    assert len(ids) == 2
    assert all(each is not None and len(each) <= CUSTOM_ID for each in ids)


def test_only_buttons_that_lead_somewhere_can_be_pressed() -> None:
    def pressable(offset: int) -> list[bool]:
        card = render_page(42, replace(FIRST, offset=offset), [a_character()], 25, {}, "en-GB")
        return [not button.item.disabled for button in card.buttons]

    assert pressable(0) == [False, True]
    assert pressable(12) == [True, True]
    assert pressable(24) == [True, False]
    assert render_page(42, FIRST, [a_character()], limits.CAST_PER_PAGE, {}, "en-GB").buttons == ()


def test_pictures_stand_beside_their_own_character() -> None:
    file = StoredFile(key="k", sha256="s", size=len(PICTURE), mime="image/jpeg")
    cast = [a_character(id=1), a_character(id=2, picture=file), a_character(id=3, picture=file)]
    card = render_page(42, FIRST, cast, 3, {2: b"two", 3: b"three"}, "en-GB")
    assert [None if entry.picture is None else entry.picture.url for entry in card_of(card).entries] == [
        None,
        "attachment://character-2.jpg",
        "attachment://character-3.jpg",
    ]
    assert {file.name: file.data for file in card.files} == {
        "character-2.jpg": b"two",
        "character-3.jpg": b"three",
    }


def test_an_entry_says_model_seconds_and_age() -> None:
    card = render_page(42, FIRST, [a_character()], 1, {}, "en-GB")
    made = int(a_character().created_at.timestamp())
    assert lines(card)[1] == f"sora-2 · 0:01–0:03 · made <t:{made}:R>"


@pytest.mark.parametrize(
    ("page", "shown", "total", "count"),
    [
        (FIRST, 1, 1, "Characters in your cast: 1."),
        (replace(FIRST, search="a"), 2, 2, "Found in your cast: 2."),
        (replace(FIRST, group_id=7), 2, 2, "Characters in this group: 2."),
        (FIRST, 12, 25, "Showing 1–12 of 25."),
        (replace(FIRST, offset=24), 1, 25, "Showing 25 of 25."),
    ],
)
def test_the_last_entry_says_how_many_there_are(page: CastPage, shown: int, total: int, count: str) -> None:
    card = render_page(42, page, [a_character(id=each) for each in range(1, shown + 1)], total, {}, "en-GB")
    assert card_of(card).footer == count


def test_each_on_the_page_has_its_buttons_beside_its_face() -> None:
    card = render_page(42, FIRST, [a_character(), a_character(id=4, name="*Bo*")], 2, {}, "en-GB")
    entries = card_of(card).entries
    told = [(entry.words.splitlines()[0], [each.custom_id for each in entry.buttons]) for entry in entries]
    assert told == [
        ("**Ada**", ["cb:cast:show:3:42", "cb:cast:use:3:42"]),
        (r"**\*Bo\***", ["cb:cast:show:4:42", "cb:cast:use:4:42"]),
    ]
    assert_discord_takes(card)


def test_a_grid_has_a_button_below_each_face_in_the_same_order() -> None:
    cast = [a_character(id=each, name=name) for each, name in enumerate(["Ann", "*Bo*", "Cy", "Di", "Ed"], start=1)]
    page = render_page(42, FIRST, cast, 5, {}, "en-GB", faces=[b"three", b"two"])
    rows = card_of(page).picture_rows
    assert [[each.item.label for each in row.buttons] for row in rows] == [["Ann", "*Bo*", "Cy"], ["Di", "Ed"]]
    assert [row.buttons[0].custom_id for row in rows] == ["cb:cast:show:1:42", "cb:cast:show:4:42"]
    pictures = [row.picture for row in rows if row.picture is not None]
    assert [(each.data, each.alt) for each in pictures] == [
        (b"three", "Faces, from left to right: Ann, *Bo*, Cy"),
        (b"two", "Faces, from left to right: Di, Ed"),
    ]
    assert_discord_takes(page)
    without = render_page(42, FIRST, cast, 5, {}, "en-GB")
    assert [row.picture for row in card_of(without).picture_rows] == [None, None]
    assert_discord_takes(without)


@pytest.mark.parametrize("letter", ["ẞ", "*", "["])
def test_a_full_page_of_the_longest_names_fits(letter: str) -> None:
    file = StoredFile(key="k", sha256="s", size=len(PICTURE), mime="image/jpeg")
    note, tags = letter * limits.NOTE_LENGTH, (letter * limits.TAG_LENGTH,) * limits.TAGS
    many = range(1, limits.CAST_PER_PAGE + 1)
    cast = [
        a_character(id=2**62 + each, name=letter * limits.NAME_LENGTH, picture=file, note=note, tags=tags)
        for each in many
    ]
    page = replace(FIRST, offset=limits.CAST_PER_PAGE, search=letter * limits.NAME_LENGTH)
    faces = [PICTURE] * len(rows_of(cast))
    group = CharacterGroup(id=10**9, name=letter * limits.NAME_LENGTH, created_at=cast[0].created_at, size=999)
    grid = render_page(2**62, page, cast, 999, {}, "en-GB", faces=faces, group=group)
    assert len(drawn(grid)) <= limits.CARD_COMPONENTS
    assert_discord_takes(grid)
    few = cast[: limits.CAST_FEW]
    rows = render_page(2**62, replace(page, offset=0), few, len(few), {each.id: PICTURE for each in few}, "en-GB")
    assert len(rows.files) == limits.CAST_FEW
    assert_discord_takes(rows)


def test_notes_and_tags_are_shown_letter_by_letter() -> None:
    hostile = a_character(note="**bold** @everyone\n> quote \u202edrowkcab <@1>", tags=("`code`", "[a](http://b.c)"))
    (entry,) = card_of(render_page(42, FIRST, [hostile], 1, {}, "en-GB")).entries
    assert entry.words.splitlines()[2:] == [
        "`ˋcodeˋ` `[a](http://b.c)`",
        "> \\*\\*bold\\*\\* @\u200beveryone \\> quote drowkcab \\<@\u200b1\\>",
    ]


def test_an_empty_page_says_what_to_do_next() -> None:
    commands = {"character create": "</character create:1>"}
    empty = card_of(render_page(42, FIRST, [], 0, {}, "en-GB", commands))
    assert "first character with </character create:1>:" in empty.description
    unfound = card_of(render_page(42, replace(FIRST, search="*x*"), [], 0, {}, "en-GB"))
    assert r"“\*x\*”" in unfound.description
    assert "leave the option **search** empty" in unfound.description
