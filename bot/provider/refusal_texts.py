"""Messages for failed calls to the provider, by the purpose of the call."""

from __future__ import annotations

from enum import StrEnum

from bot.limits import PROVIDER_IMAGE_BYTES, PROVIDER_VIDEO_BYTES
from bot.texts import text


class Purpose(StrEnum):
    """What a call is for; it decides what a failure may have cost."""

    SUBMIT = "submit"
    SUBMIT_VIDEO = "submit_video"
    UPLOAD = "upload"
    UPLOAD_PICTURE = "upload_picture"
    AVATAR = "avatar"
    READ = "read"


KEY_REFUSED = text(
    "ToAPIs refused this bot's key. Nothing was charged. The people who run this bot know. Try again later."
)
BALANCE_EMPTY = text(
    "This bot's balance at ToAPIs is used up. Nothing was charged. The people who run this bot know. Try again later."
)
TASK_GONE = text("ToAPIs knows no task with this ID. Asking costs nothing. Check the ID and try again.")
UNKNOWN_TASK = text("ToAPIs knows no task with this ID. Nothing was charged. Check the ID and try again.")
TOO_LARGE = text(
    "ToAPIs takes videos of at most {megabytes} MB, and this one is larger. Nothing was charged. "
    "Use a shorter clip, or one of lower quality.",
    megabytes=PROVIDER_VIDEO_BYTES // (1024 * 1024),
)
PICTURE_TOO_LARGE = text(
    "ToAPIs takes pictures of at most {megabytes} MB, and one of this character's is larger. Nothing was charged. "
    "Choose another character.",
    megabytes=PROVIDER_IMAGE_BYTES // (1024 * 1024),
)
FILE_REFUSED = {
    Purpose.UPLOAD: text(
        "ToAPIs didn't accept this file. Nothing was charged. It takes MP4, MOV and WebM videos of up to "
        "{megabytes} MB, so try another one.",
        megabytes=PROVIDER_VIDEO_BYTES // (1024 * 1024),
    ),
    Purpose.UPLOAD_PICTURE: text(
        "ToAPIs didn't accept a picture of this character. Nothing was charged. Choose another character, or another "
        "model."
    ),
    Purpose.AVATAR: text("ToAPIs takes this character for a real person. Nothing was charged. Choose another model."),
}
AVATARS_FULL = text(
    "ToAPIs has no room for another character who isn't a real person. Nothing was charged. Choose another model, "
    "and tell the people who run this bot."
)
BAD_REQUEST = {
    Purpose.SUBMIT: text(
        "ToAPIs didn't accept this request. Nothing was charged. Check that the seconds lie inside the video, "
        "that it has sound and that one face is seen clearly, and try again."
    ),
    Purpose.SUBMIT_VIDEO: text(
        "ToAPIs didn't accept this request. Nothing was charged. Choose another model. If it happens again, tell the "
        "people who run this bot."
    ),
}
MOVED_AWAY = text(
    "ToAPIs has moved to another address. Nothing was charged. Tell the people who run this bot to "
    "change toapis.base_url."
)
BLOCKED = text(
    "Something is blocking the way to ToAPIs. Nothing was charged. Try again later, and tell the people "
    "who run this bot if it goes on."
)
TOO_OFTEN = text("This bot has sent ToAPIs too many requests. Nothing was charged. Try again in a few minutes.")
NO_CLEAR_ANSWER = {
    Purpose.SUBMIT: text(
        "ToAPIs gave no clear answer, so this may have been charged. See /tasks before you send it again."
    ),
    Purpose.SUBMIT_VIDEO: text(
        "ToAPIs gave no clear answer, so this may have been charged. See /tasks before you send it again."
    ),
    Purpose.AVATAR: text(
        "ToAPIs gave no clear answer about this character. Nothing was charged. Try again in a few minutes."
    ),
    Purpose.UPLOAD_PICTURE: text(
        "I couldn't send the pictures to ToAPIs. Nothing was charged. Try again in a few minutes."
    ),
    Purpose.UPLOAD: text("I couldn't send the video to ToAPIs. Nothing was charged. Try again in a few minutes."),
    Purpose.READ: text(
        "ToAPIs gave no clear answer when it was asked. Asking costs nothing. Try again in a few minutes."
    ),
}
