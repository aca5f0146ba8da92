"""Messages for files that cannot be used, and for failed children."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.texts import Text, text
from bot.values.video import Unusable

VIDEO_FAILED: Text = text(
    "I couldn't look at this video. Try another copy of it, for example one exported again as MP4."
)
PICTURE_FAILED: Text = text("I couldn't open this picture. Try another copy of it, for example one saved again as PNG.")
TOO_SLOW: Text = text("Looking at this file took too long. Try a shorter or smaller one.")
ARCHIVE_FAILED: Text = text(
    "I couldn't read this zip. Export your characters again with /character export, and send me that file."
)
# By ffmpeg's name: what people and their programs call a codec that we do not open.
_CODECS: Final[Mapping[str, str]] = {
    "cfhd": "CineForm",
    "cinepak": "Cinepak",
    "dnxhd": "DNxHD",
    "ffv1": "FFV1",
    "flv": "Sorenson H.263",
    "hap": "Hap",
    "huffyuv": "HuffYUV",
    "indeo5": "Indeo",
    "jpeg2000": "JPEG 2000",
    "magicyuv": "MagicYUV",
    "mpeg1video": "MPEG-1",
    "msmpeg4": "DivX 3",
    "msmpeg4v2": "MS MPEG-4",
    "png": "PNG",
    "qtrle": "QuickTime Animation",
    "rawvideo": "uncompressed",
    "svq1": "Sorenson Video",
    "svq3": "Sorenson Video 3",
    "theora": "Theora",
    "utvideo": "Ut Video",
    "vc1": "VC-1",
    "vvc": "H.266",
    "wmv1": "WMV",
    "wmv2": "WMV",
    "wmv3": "WMV",
}


def unsupported(codec: str) -> Text:
    """The message for an unsupported codec; ``codec`` is ffmpeg's name for it."""
    known = _CODECS.get(codec)
    if known is None:
        return SENTENCES[Unusable.UNSUPPORTED]
    return text(
        "I can't open videos with the codec {codec}. Export yours as MP4 with H.264, for example with HandBrake.",
        codec=known,
    )


SENTENCES: Final[Mapping[Unusable, Text]] = {
    Unusable.NOT_A_VIDEO: text("I can't open that file as a video. Export it as MP4 and attach that."),
    Unusable.NO_PICTURES: text("That video has no picture. Please send one that shows the character."),
    Unusable.UNSUPPORTED: text("I can't open the format of that video. Please export it again as MP4 with H.264."),
    Unusable.UNTIMED: text(
        "An AVI with H.264 doesn't say when each frame is shown. Convert it to MP4, for example with HandBrake."
    ),
    Unusable.DAMAGED: text("That file is damaged. Please try another copy of it."),
    Unusable.PICTURE_TOO_LARGE: text(
        "The picture is too large for me. Please export it again with 1920x1080 pixels or fewer."
    ),
    Unusable.TOO_MANY_TRACKS: text(
        "That file has too many tracks. Please export it again with one video track and one audio track."
    ),
    Unusable.RANGE_OUTSIDE: text("The video has no picture in those seconds. Please choose seconds inside the video."),
    Unusable.NOT_A_PICTURE: text("I can't open that file as a picture. Please send a PNG, JPEG or WebP."),
    Unusable.TOO_MUCH_MEMORY: text(
        "That file needs more memory than I have. Please export it again with 1920x1080 pixels or fewer."
    ),
    Unusable.NO_VIDEO_ON_SITE: text("I found no video at that link. Please download the video and attach it."),
    Unusable.CLOSED_ON_SITE: text(
        "The site doesn't give me that video: it may be private, removed, or only for people who are signed in. "
        "Please download the video and attach it."
    ),
    Unusable.LIVE: text(
        "That's a live stream. Please wait until it's over, or record the seconds you want and attach them."
    ),
    Unusable.IN_PIECES: text(
        "I can't read the way that site sends its video. Please download the video and attach it."
    ),
    Unusable.TOO_LONG_FOR_WHOLE: text(
        "That video is too large to fetch as a whole. Please say which seconds you want in the option **range**, "
        "for example 1:12-1:14."
    ),
    Unusable.CANNOT_BE_SMALLER: text("That video is too long to fit into a message."),
    Unusable.NOT_AN_ARCHIVE: text(
        "I can't open that file as a zip. Send the file that /character export or /privacy export gave you."
    ),
    Unusable.LOCKED_ARCHIVE: text("That zip has a password. Pack it again without one."),
    Unusable.STRANGE_ARCHIVE: text(
        "That zip isn't put together the way /character export does it, so I left it alone. Send the file as you "
        "got it."
    ),
    Unusable.ARCHIVE_TOO_LARGE: text("There is more in that zip than I can read. Export fewer characters at a time."),
    Unusable.NO_CAST: text(
        "There is no castbook.json in that zip. Send the file that /character export or /privacy export gave you."
    ),
    Unusable.UNREADABLE_CAST: text("I can't read the castbook.json in that zip. Send the file as you got it."),
    Unusable.MISSING: text("The file isn't in the zip."),
    Unusable.TOO_LARGE: text("The file is too large."),
    Unusable.NO_VOICE: text("The file isn't a voice sample."),
}
