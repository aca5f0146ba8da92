"""What a person is told of a task that failed."""

from __future__ import annotations

import pytest

from bot.provider.task import TaskFailure, failure_text, nobody_found_text
from bot.texts import render


@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        ("content_policy_violation", "", "content rules don't allow"),
        ("generation_failed", "Blocked by our guardrails: content moderation", "content rules"),
        ("generation_failed", "内容审核不通过", "content rules"),
        ("generation_failed", "The video has no audio track", "video with sound"),
        ("no_audio", "", "video with sound"),
        ("generation_failed", "视频缺少音频", "video with sound"),
        ("cameo_permission_denied", "", "hasn't given ToAPIs permission"),
        ("cameo_not_found", "", "withdrawn"),
        ("no_character", "", "found no character"),
        ("generation_failed", "Character could not be detected", "found no character"),
        ("generation_failed", "未检测到清晰的角色", "found no character"),
        ("generation_failed", "timestamps out of range", "inside the video"),
        ("x", "too many users mentioned", "single main character"),
        ("model_not_found", "", "Choose another one"),
        ("generation_failed", "", "couldn't make a character"),
        ("5003", "internal error", "couldn't make a character"),
        ("expired", "", "couldn't make a character"),
    ],
)
def test_a_failed_task_says_why_and_that_it_is_refunded(code, message, says):
    sentence = render(failure_text(TaskFailure(code, message)))
    assert says in sentence
    assert "refunds failed tasks, so nothing is charged" in sentence


def test_the_providers_own_words_are_not_shown():
    sentence = render(failure_text(TaskFailure("E<b>17", "no audio @everyone http://evil.example")))
    assert not any(word in sentence for word in ("E<b>17", "@everyone", "evil"))
    assert "everyone" not in repr(TaskFailure("c", "@everyone"))


def test_a_completed_task_without_a_character_may_have_been_charged():
    sentence = render(nobody_found_text())
    assert "found no character" in sentence
    assert "may have been charged" in sentence
    assert "refund" not in sentence
