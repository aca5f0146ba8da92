"""What the bot finds in a video before anything is paid: facts, the best seconds, concerns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.values.time_range import TimeRange


class Unusable(StrEnum):
    """Why a file cannot be used as a video (or picture) at all."""

    NOT_A_VIDEO = "not_a_video"  # none of the container formats that we open
    NO_PICTURES = "no_pictures"  # no video track, or one without a single picture that can be decoded
    UNSUPPORTED = "unsupported"  # a codec, or a way of packing, that is not on our list
    UNTIMED = "untimed"  # H.264 with B-frames in AVI, which keeps the order of decoding alone
    DAMAGED = "damaged"
    PICTURE_TOO_LARGE = "picture_too_large"  # more pixels than we decode
    TOO_MANY_TRACKS = "too_many_tracks"
    RANGE_OUTSIDE = "range_outside"  # of a cut: no picture in those seconds
    NOT_A_PICTURE = "not_a_picture"
    TOO_MUCH_MEMORY = "too_much_memory"
    CANNOT_BE_SMALLER = "cannot_be_smaller"  # of a video that has to fit: nothing worth looking at would be left
    NO_VIDEO_ON_SITE = "no_video_on_site"
    CLOSED_ON_SITE = "closed_on_site"  # private, removed, for some countries or ages only
    LIVE = "live"  # it is not over, or has not begun
    IN_PIECES = "in_pieces"  # the site offers no plain file of it
    TOO_LONG_FOR_WHOLE = "too_long_for_whole"  # and no seconds are named
    NOT_AN_ARCHIVE = "not_an_archive"  # no zip, or one that cannot be read
    LOCKED_ARCHIVE = "locked_archive"  # with a password
    STRANGE_ARCHIVE = "strange_archive"  # as no honest program writes one
    ARCHIVE_TOO_LARGE = "archive_too_large"  # more in it than we read
    NO_CAST = "no_cast"  # without castbook.json
    UNREADABLE_CAST = "unreadable_cast"
    MISSING = "missing"  # a file that the archive names and does not have
    TOO_LARGE = "too_large"  # a file of it
    NO_VOICE = "no_voice"  # a file of it that should be a WAV


class Concern(StrEnum):
    """A concern about some seconds, or a video: a warning that forbids nothing."""

    NO_SUBJECT = "no_subject"  # no face found in most of it
    SEVERAL_SUBJECTS = "several_subjects"
    SILENT = "silent"  # sound below what can be heard
    QUIET = "quiet"  # it can be heard, and is much quieter than voices usually are
    CUT = "cut"  # the picture jumps to another shot
    BLURRED = "blurred"
    DARK = "dark"
    LOW_RESOLUTION = "low_resolution"  # the short side under 720 pixels


class Reason(StrEnum):
    """Why some seconds are suggested."""

    ONE_FACE = "one_face"
    LARGE = "large"  # the subject fills a good part of the picture
    FACING = "facing"  # and looks at the camera
    SHARP = "sharp"
    STEADY = "steady"
    VOICE = "voice"
    SOUND = "sound"  # something can be heard; nobody knows whether it is a voice


class Best(StrEnum):
    """In what some seconds are clearly better than all others that are suggested with them."""

    LARGEST = "largest"  # of the faces
    FACING = "facing"  # looks at the camera most of the time
    SPEECH = "speech"  # longest
    SHARPEST = "sharpest"
    STEADIEST = "steadiest"
    BRIGHTEST = "brightest"
    LOUDEST = "loudest"
    LONGEST = "longest"


class NothingToSuggest(StrEnum):
    """Why there are no seconds to suggest."""

    TOO_SHORT = "too_short"  # no second without a cut
    BLACK = "black"
    CARD = "card"  # nothing but titles, logos and empty pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What the packets of a file say, never its header. ``width`` and ``height`` are as shown, after rotation.

    ``seconds`` is when the picture ends, as players count, and ``begins`` when it begins: later than 0 where a file was
    trimmed without encoding it again. ``audio_codec`` is ``None`` where no sound track holds a packet.
    Of ``sound_tracks`` that can be played, the one used is ``sound_track``, from 1. ``cut_off``: the file ends in the
    middle. ``section``: there is more of the video, which was not fetched.
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
        """Whether the provider's advice, HD, is not met."""
        return min(self.width, self.height) < 720


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVideo:
    """What came of a site's video: of how many ``seconds`` it is there, and whether only a ``section`` came."""

    seconds: float | None
    section: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Suggested seconds. ``score`` is 0 to 1, comparable within one video only. ``best``: what tells them apart."""

    range: TimeRange
    score: float
    reasons: tuple[Reason, ...] = ()
    concerns: tuple[Concern, ...] = ()
    best: tuple[Best, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BestSeconds:
    """The best windows of a video, best first: at most five, none overlapping.

    ``nothing`` says why where there is none: a video may be too short, or show nobody and nothing at all.
    ``sampled``: the video is so long that only parts of it were looked at. ``faces`` and ``voices`` say whether
    their models were there; without them nothing is said about subjects, and sound stands in for voices.
    ``failed``: the video could not be looked at, so that there may be good seconds in it that nobody knows of.
    """

    suggestions: tuple[Suggestion, ...]
    sampled: bool
    faces: bool
    voices: bool
    failed: bool = False
    nothing: NothingToSuggest | None = None

    @property
    def any_good(self) -> bool:
        """Whether the first can be recommended without a "but"."""
        grave = {Concern.NO_SUBJECT, Concern.SEVERAL_SUBJECTS, Concern.SILENT, Concern.DARK}
        return bool(self.suggestions) and not grave.intersection(self.suggestions[0].concerns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found in seconds that somebody named. ``faces``: whether the face model was there to look."""

    concerns: tuple[Concern, ...]
    faces: bool

    @property
    def grave(self) -> tuple[Concern, ...]:
        """Those for which it is worth asking before anything is paid."""
        return tuple(
            concern for concern in self.concerns if concern in {Concern.NO_SUBJECT, Concern.SILENT, Concern.QUIET}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmstrip:
    """One picture of many: ``instants`` are the seconds of its frames, in order. Sizes in pixels and bytes."""

    width: int
    height: int
    size: int
    mime: str
    instants: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture taken out of a clip. ``name`` is its file's; the best of a clip come first."""

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
    """With what other models can be shown a character: a longer clip about the chosen seconds, and the voice.

    ``clip`` is an MP4 (H.264, AAC) of 3 to 5 ``seconds`` without a cut; in the last ``filled`` seconds its last
    picture stays, because there was no more of it. ``stills`` show distinct poses, the best first. ``voice`` is a WAV
    of ``voice_seconds`` in which somebody speaks, of which the last ``voice_filled`` are silent; ``None`` where nobody
    does. Both are names of files.
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
    """A video that was made smaller: an MP4 (H.264, AAC), its size in pixels."""

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
    """As what a file of an archive is checked."""

    PICTURE = "picture"
    CLIP = "clip"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file of an archive. ``kept``: it stays as it is where it has this ``sha256``, because we have written it.

    Anything else is somebody's: a picture is encoded again, a voice is rewritten.
    """

    path: str
    part: MediaPart
    sha256: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """What became of a :class:`WantedFile`: the name of a file, its type, and its sizes; or why it was ``refused``."""

    name: str = ""
    mime: str = ""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    refused: Unusable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CastLines:
    """What an archive says of the cast in it: a file of JSON lines, first what holds for all, then each character.

    ``characters``: how many there are, of which ``left_out`` are beyond what one import takes.
    """

    name: str
    characters: int
    left_out: int
