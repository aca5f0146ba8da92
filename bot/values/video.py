"""What the bot finds in a video before anything is paid: facts, the best seconds, concerns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.values.time_range import TimeRange


class Unusable(StrEnum):
    """Why a file cannot be used as a video (or picture) at all."""

    NOT_A_VIDEO = "not_a_video"  # none of the container formats that we open
    NO_PICTURES = "no_pictures"  # no video track, or one without a single picture that can be decoded
    UNSUPPORTED = "unsupported"  # a codec, or a container variant, that is not on our list
    UNTIMED = "untimed"  # H.264 with B-frames in AVI, which stores only the decoding order
    DAMAGED = "damaged"
    PICTURE_TOO_LARGE = "picture_too_large"  # more pixels than we decode
    TOO_MANY_TRACKS = "too_many_tracks"
    RANGE_OUTSIDE = "range_outside"  # of a cut: no picture in those seconds
    NOT_A_PICTURE = "not_a_picture"
    TOO_MUCH_MEMORY = "too_much_memory"
    CANNOT_BE_SMALLER = "cannot_be_smaller"  # of a video that has to fit: the result would be unwatchable
    NO_VIDEO_ON_SITE = "no_video_on_site"
    CLOSED_ON_SITE = "closed_on_site"  # private, removed, for some countries or ages only
    LIVE = "live"  # it has not ended, or not begun
    IN_PIECES = "in_pieces"  # the site offers no plain file, only a playlist
    TOO_LONG_FOR_WHOLE = "too_long_for_whole"  # and no seconds are given
    NOT_AN_ARCHIVE = "not_an_archive"  # not a zip, or one that cannot be read
    LOCKED_ARCHIVE = "locked_archive"  # with a password
    STRANGE_ARCHIVE = "strange_archive"  # written by no legitimate program
    ARCHIVE_TOO_LARGE = "archive_too_large"  # contains more than we read
    NO_CAST = "no_cast"  # without castbook.json
    UNREADABLE_CAST = "unreadable_cast"
    MISSING = "missing"  # a file that the archive names but does not contain
    TOO_LARGE = "too_large"  # a file in it
    NO_VOICE = "no_voice"  # a file in it that should be a WAV


class Concern(StrEnum):
    """A concern about some seconds, or a video: only a warning."""

    NO_SUBJECT = "no_subject"  # no face found in most of it
    SEVERAL_SUBJECTS = "several_subjects"
    SILENT = "silent"  # its sound is inaudible
    QUIET = "quiet"  # audible, but much quieter than voices usually are
    CUT = "cut"  # the picture jumps to another shot
    BLURRED = "blurred"
    DARK = "dark"
    LOW_RESOLUTION = "low_resolution"  # the short side under 720 pixels


class Reason(StrEnum):
    """Why some seconds are suggested."""

    ONE_FACE = "one_face"
    LARGE = "large"  # the subject fills a large part of the picture
    FACING = "facing"  # and looks at the camera
    SHARP = "sharp"
    STEADY = "steady"
    VOICE = "voice"
    SOUND = "sound"  # something can be heard, perhaps not a voice


class Best(StrEnum):
    """In which respect some seconds are clearly better than the other suggestions."""

    LARGEST = "largest"  # of the faces
    FACING = "facing"  # looks at the camera most of the time
    SPEECH = "speech"  # longest
    SHARPEST = "sharpest"
    STEADIEST = "steadiest"
    BRIGHTEST = "brightest"
    LOUDEST = "loudest"
    LONGEST = "longest"


class NothingToSuggest(StrEnum):
    """Why there is nothing to suggest."""

    TOO_SHORT = "too_short"  # no second without a cut
    BLACK = "black"
    CARD = "card"  # only titles, logos and empty pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What the packets of a file say, never its header. ``width`` and ``height`` are as shown, after rotation.

    ``seconds`` is when the picture ends in a player, and ``begins`` when it begins: later than 0 if a file was trimmed
    without re-encoding. ``audio_codec`` is ``None`` if no sound track contains a packet. Of the playable
    ``sound_tracks``, number ``sound_track`` (from 1) is used. ``cut_off``: the file is truncated. ``section``: there is
    more of the video, which was not fetched.
    """

    container: str
    seconds: float
    width: int
    height: int
    frame_rate: float
    video_codec: str
    audio_codec: str | None
    audio_seconds: float = 0.0
    cut_off: bool = False
    begins: float = 0.0
    sound_tracks: int = 1
    sound_track: int = 1
    section: bool = False

    @property
    def low_resolution(self) -> bool:
        """Whether it is below HD, which the provider recommends."""
        return min(self.width, self.height) < 720


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVideo:
    """A video fetched from a site: its length in ``seconds``, and whether only a ``section`` was fetched."""

    seconds: float | None
    section: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Suggested seconds. ``score`` is 0 to 1, comparable only within one video. ``best``: what distinguishes them."""

    range: TimeRange
    score: float
    reasons: tuple[Reason, ...] = ()
    concerns: tuple[Concern, ...] = ()
    best: tuple[Best, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BestSeconds:
    """The best ranges of a video, best first: at most five, none overlapping.

    If there are none, ``nothing`` says why: a video may be too short, or show nobody and nothing at all. ``sampled``:
    the video is so long that only parts of it were scanned. ``faces`` and ``voices`` say whether their models are
    installed; without them there are no statements about subjects, and any sound counts as a voice. ``failed``: the
    video could not be scanned, so it may have good seconds that are unknown.
    """

    suggestions: tuple[Suggestion, ...]
    sampled: bool
    faces: bool
    voices: bool
    failed: bool = False
    nothing: NothingToSuggest | None = None

    @property
    def any_good(self) -> bool:
        """Whether the first one can be recommended without reservations."""
        grave = {Concern.NO_SUBJECT, Concern.SEVERAL_SUBJECTS, Concern.SILENT, Concern.DARK}
        return bool(self.suggestions) and not grave.intersection(self.suggestions[0].concerns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Findings about given seconds. ``faces``: whether the face model is installed."""

    concerns: tuple[Concern, ...]
    faces: bool

    @property
    def grave(self) -> tuple[Concern, ...]:
        """The concerns that are worth a question before anything is paid."""
        return tuple(
            concern for concern in self.concerns if concern in {Concern.NO_SUBJECT, Concern.SILENT, Concern.QUIET}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmstrip:
    """Frames of a video in one picture: ``instants`` are their times in seconds. Sizes in pixels and bytes."""

    width: int
    height: int
    size: int
    mime: str
    instants: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture from a clip. ``name`` is its file's; the stills of a clip are sorted, best first."""

    name: str
    instant: float
    width: int
    height: int
    face: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A clip that was cut out: an MP4 (H.264, AAC) of exactly ``seconds``, and its best stills, as files beside it."""

    name: str
    seconds: float
    width: int
    height: int
    stills: tuple[Still, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What other models can be shown of a character: a longer clip around the chosen seconds, and the voice.

    ``clip`` is an MP4 (H.264, AAC) of 3 to 5 ``seconds`` without a cut; in the last ``filled`` seconds its last picture
    is held, because the source had no more. ``stills`` show distinct poses, best first. ``voice`` is a WAV of
    ``voice_seconds`` with speech, the last ``voice_filled`` of which are silent; ``None`` if nobody speaks. Both are
    file names.
    """

    clip: str
    seconds: float
    filled: float
    width: int
    height: int
    voice: str | None
    voice_seconds: float
    voice_filled: float = 0.0
    stills: tuple[Still, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A video that was shrunk: an MP4 (H.264, AAC), its size in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that was decoded and encoded again; ``mime`` and sizes in pixels are those of the new file."""

    name: str
    mime: str
    width: int
    height: int


class MediaPart(StrEnum):
    """The type as which a file in an archive is checked."""

    PICTURE = "picture"
    CLIP = "clip"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file in an archive. ``kept``: keep it unchanged if it has this ``sha256``, because we wrote it.

    Otherwise it is untrusted: a picture is re-encoded, a voice is rewritten.
    """

    path: str
    part: MediaPart
    sha256: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """The result for a :class:`WantedFile`: the name of a file, its type, and its sizes; or why it was ``refused``."""

    name: str = ""
    mime: str = ""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    refused: Unusable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CastLines:
    """The cast in an archive, as a file of JSON lines: first the general part, then each character.

    ``characters``: how many there are, including ``left_out`` that exceed the limit of one import.
    """

    name: str
    characters: int
    left_out: int
