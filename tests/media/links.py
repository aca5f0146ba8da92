"""Kinds of link that people share, each with the test that tries it: docs/clips.md lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.media.share_sites import SITES


@dataclass(frozen=True)
class LinkKind:
    """``what`` it is for people, what the bot has ``done`` with it, and the ``test`` that has seen it."""

    what: str
    done: str
    test: str


_PAGES, _SITES = "tests/media/test_share_pages.py::", "tests/media/test_site_videos.py::"
_PLAYED = "tests/media/test_share_sites.py::test_a_shared_link_leads_to_its_file"
LINKS: Sequence[LinkKind] = (
    LinkKind(
        "a file",
        "fetched; the file decides what it is, not the server's words about it",
        f"{_PAGES}test_the_file_decides_and_not_what_the_server_calls_it",
    ),
    *(LinkKind(site.what, site.done, _PLAYED) for site in SITES),
    LinkKind(
        "any other page that names its video (`og:video`, `twitter:player:stream`, `<video src>`)",
        "one hop to that video, past the same guard; no script runs",
        f"{_PAGES}test_the_video_that_a_page_shows",
    ),
    LinkKind(
        "a sign-in page, a quota page or any other in the place of the file",
        "told as a page",
        "tests/media/test_share_sites.py::test_a_page_in_the_place_of_the_file_is_told",
    ),
    LinkKind(
        "a page that names a player, a playlist or nothing",
        "told as a page",
        f"{_PAGES}test_a_page_without_one_is_told_as_a_page",
    ),
    LinkKind(
        "YouTube, TikTok and others, switched off",
        "told by its name, with what to do",
        f"{_SITES}test_a_site_that_is_switched_off_says_what_to_do",
    ),
    LinkKind(
        "a site that is [switched on](operating.md#videos-from-sites)",
        "what lies about the asked seconds is fetched, and they stay where they were",
        f"{_SITES}test_only_what_lies_about_the_asked_seconds_is_fetched",
    ),
    LinkKind(
        "such a site, without seconds, or at a server that knows no ranges",
        "the whole video, where it is not too large",
        f"{_SITES}test_a_whole_film_has_to_fit_and_a_server_need_not_know_ranges",
    ),
    LinkKind(
        "an attachment in Discord whose link has died",
        "renewed, as long as Discord has the file",
        "tests/wire/test_discord_faults.py::"
        "test_a_link_to_an_old_attachment_is_renewed_as_long_as_discord_has_the_file",
    ),
    LinkKind(
        "a message in Discord",
        "told, with a button that shows where the message menu is",
        "tests/cogs/test_about.py::test_a_link_to_a_message_has_a_button_that_explains_the_menu",
    ),
    LinkKind(
        "a forwarded message, by the message menu",
        "its video is taken",
        "tests/cogs/test_message_menu.py::test_the_video_of_a_forwarded_message_is_taken_and_is_not_ones_own",
    ),
    LinkKind(
        "a message with several videos, by the message menu",
        "one of them is chosen",
        "tests/cogs/test_message_menu.py::test_of_several_videos_one_is_chosen",
    ),
    LinkKind(
        "a voice message or a picture, by the message menu",
        "told as what it is",
        "tests/cogs/test_message_menu.py::test_a_message_without_a_video_is_answered_with_a_hint",
    ),
    LinkKind(
        "a signed address, spaces, names in other alphabets, odd percents",
        "sent as it was typed",
        f"{_PAGES}test_an_address_arrives_unharmed",
    ),
    LinkKind(
        "a redirect that wants its cookie back",
        "followed; the cookie goes to its own site alone",
        f"{_PAGES}test_a_cookie_of_a_redirect_comes_back_to_its_site_alone",
    ),
    LinkKind(
        "gzip or deflate around the file",
        "unpacked, and no more of it than is allowed",
        f"{_PAGES}test_a_packed_file_is_unpacked",
    ),
    LinkKind(
        "206 without having been asked for a part",
        "taken where it is the whole",
        f"{_PAGES}test_a_part_that_is_the_whole_is_taken",
    ),
    LinkKind(
        "a connection that breaks off",
        "resumed where the server offers ranges, else begun again",
        f"{_PAGES}test_a_reset_in_the_middle_is_resumed_where_ranges_are_offered",
    ),
    LinkKind(
        "a server that offers ranges, and then sends something else",
        "begun again, never put together",
        f"{_PAGES}test_what_is_not_the_asked_part_is_not_put_behind_the_first",
    ),
    LinkKind(
        "a slow first byte",
        "waited for",
        f"{_PAGES}test_a_server_may_think_before_it_sends",
    ),
    LinkKind(
        "an address inside the network, or of the machine itself",
        "refused, wherever it comes from",
        "tests/media/test_hostile_links.py::test_no_hostile_link_reaches_anything_inside",
    ),
)
