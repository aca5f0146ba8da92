"""Where a video comes from: exactly one of an attachment, a link, an earlier task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits
from bot.errors import BadLink, BadSource
from bot.values.source import Attachment, EarlierTask, Link, earlier_task, exactly_one, link

ATTACHMENT = Attachment(url="https://cdn.example.org/a.mp4?hm=signature", filename="a.mp4", size=10)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://example.org/clip.mp4", "https://example.org/clip.mp4"),
        (" https://example.org/clip.mp4\n", "https://example.org/clip.mp4"),
        ("<https://example.org/clip.mp4>", "https://example.org/clip.mp4"),
        ("http://example.org:8080/a?b=c#d", "http://example.org:8080/a?b=c#d"),
        ("HTTPS://Example.org/A", "HTTPS://Example.org/A"),
        ("https://пример.рф/x", "https://пример.рф/x"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        ("https://notdiscord.com/channels/1/2", "https://notdiscord.com/channels/1/2"),
        ("https://example.org/?from=discord.com/channels/1/2", "https://example.org/?from=discord.com/channels/1/2"),
        ("https://cdn.discordapp.com/attachments/1/2/a.mp4", "https://cdn.discordapp.com/attachments/1/2/a.mp4"),
    ],
)
def test_a_link_to_a_file_is_taken_as_typed(typed: str, url: str) -> None:
    assert link(typed) == Link(url=url)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "clip.mp4",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "//example.org/x",
        "https://exa mple.org/x",
        "https://example.org/a b",
        "https://example.org/\x00",
        "https://example.org/\u202e",
        "https://exam\nple.org/",
        "http://[::1",
        "http://example.org:99999/",
        "http://example.org:http/",
        "https://xn--/",
        "https://example.org/" + "a" * limits.LINK_LENGTH,
    ],
)
def test_what_is_no_link_to_a_file_is_refused(typed: str) -> None:
    with pytest.raises(BadLink, match=r"isn.t a link to a file"):
        link(typed)


@pytest.mark.parametrize("typed", ["https://user@example.org/a", "https://user:pw@example.org/a", "https://:pw@a.org/"])
def test_a_link_with_a_password_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(BadLink, match="user name or password") as caught:
        link(typed)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "typed",
    [
        "https://discord.com/channels/1/2/3",
        "https://discord.com/channels/@me/2/3",
        "https://discord.com/channels/1/2",
        "<https://ptb.discord.com/channels/1/2/3>",
        "https://canary.discordapp.com/channels/1/2/3",
        "HTTP://DISCORD.COM/channels/1/2/3",
        "discord.com/channels/1/2/3",
    ],
)
def test_a_link_to_a_message_is_answered_with_the_menu_that_works(typed: str) -> None:
    with pytest.raises(BadLink, match=r"Apps, then “Make a character”"):
        link(typed)


@given(st.text())
def test_any_text_is_answered_with_a_link_or_a_refusal(typed: str) -> None:
    try:
        found = link(typed)
    except BadLink:
        return
    assert found.url.lower().startswith("http")


@pytest.mark.parametrize("typed", ["task_01ABC", " task_01ABC ", "video-1", "a" * 128])
def test_a_task_id_is_taken_without_blanks_around_it(typed: str) -> None:
    assert earlier_task(typed) == EarlierTask(task_id=typed.strip())


def test_a_username_is_no_video() -> None:
    with pytest.raises(BadSource, match="That's a character, not a video"):
        earlier_task(" @duksvfkf.turbo_whis ")


@pytest.mark.parametrize("typed", ["", "task 1", "../../v1/user", "task_1?x=1", "täsk", "a" * 129, "task_1\nx"])
def test_what_cannot_be_a_task_id_is_refused(typed: str) -> None:
    with pytest.raises(BadSource, match="not a task ID"):
        earlier_task(typed)


def test_the_one_that_was_given_is_used() -> None:
    assert exactly_one(ATTACHMENT, None, None) is ATTACHMENT
    assert exactly_one(None, "https://example.org/a.mp4", None) == Link(url="https://example.org/a.mp4")
    assert exactly_one(None, "", "task_1") == EarlierTask(task_id="task_1")


@pytest.mark.parametrize(
    ("attachment", "link_text", "task_text"),
    [
        (None, None, None),
        (None, "", ""),
        (ATTACHMENT, "https://example.org/a.mp4", None),
        (ATTACHMENT, None, "task_1"),
        (None, "https://example.org/a.mp4", "task_1"),
        (ATTACHMENT, "https://example.org/a.mp4", "task_1"),
    ],
)
def test_none_or_several_are_refused(
    attachment: Attachment | None, link_text: str | None, task_text: str | None
) -> None:
    with pytest.raises(BadSource, match="exactly one of the options"):
        exactly_one(attachment, link_text, task_text)


def test_signed_and_private_urls_are_not_in_a_repr() -> None:
    assert "signature" not in repr(ATTACHMENT)
    assert "hidden" not in repr(Link(url="https://example.org/hidden"))
