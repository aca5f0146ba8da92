"""What files of any kind may be like, each with the test that tries it: docs/clips.md lists them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.media.links import LinkKind as Tried

_CHILD = "tests/media/child/"
CONDITIONS: Sequence[Tried] = (
    Tried(
        "HDR: HLG, of limited or full range, or PQ",
        "tone-mapped to SDR, and cut to the exact picture",
        f"{_CHILD}test_sdr.py::test_the_clip_is_what_people_saw_and_says_so",
    ),
    Tried(
        "HDR with Dolby Vision 8.4 (iPhones), or with mastering metadata (cameras, games); both approximated",
        "likewise; their metadata are not needed for that",
        f"{_CHILD}test_sdr.py::test_it_is_cut_to_the_exact_picture",
    ),
    Tried(
        "P3, BT.2020, BT.601, full range, or nothing said of its colours",
        "BT.709 of limited range, looking as it did",
        f"{_CHILD}test_colours.py::test_a_clip_is_bt709_and_looks_as_it_did",
    ),
    Tried(
        "a picture that begins after the sound (trimmed without encoding)",
        "seconds are those that a player shows",
        f"{_CHILD}test_late_pictures.py::test_seconds_that_are_named_are_those_of_the_player",
    ),
    Tried("turned by its header (phones)", "upright", f"{_CHILD}test_cutting.py::test_the_picture_stands_upright"),
    Tried(
        "several sound tracks (OBS, commentary)",
        "the default one, unless it is silent and another is not",
        f"{_CHILD}test_sound_tracks.py::test_the_track_that_people_hear",
    ),
    Tried(
        "a quiet voice",
        "told before it costs anything; as loud as others where that is asked for",
        f"{_CHILD}test_loudness.py::test_the_clip_that_is_delivered_is_that_loud",
    ),
    Tried(
        "one picture a second (screen recordings)",
        "each stays until the next",
        f"{_CHILD}test_kinds.py::test_a_screen_that_is_recorded_once_a_second",
    ),
    Tried(
        "0.9 seconds",
        "told as too short",
        "tests/jobs/test_refused_files.py::test_what_is_shorter_than_a_second_is_told_as_that",
    ),
    Tried(
        "three hours",
        "cut to the exact picture",
        f"{_CHILD}test_long_streams.py::test_seconds_of_the_third_hour_are_cut_to_the_picture",
    ),
    Tried(
        "a stream that is still being uploaded",
        "taken as far as it is there",
        f"{_CHILD}test_long_streams.py::test_a_stream_that_is_still_being_uploaded_is_taken_as_far_as_it_is_there",
    ),
    Tried(
        "tracks of metadata (a Live Photo's .MOV)",
        "passed over",
        f"{_CHILD}test_phone_files.py::test_tracks_of_metadata_are_passed_over",
    ),
    Tried(
        "8K whose pictures stand alone (Motion JPEG)",
        "cut to 1080p, within the memory of a child",
        f"{_CHILD}test_phone_files.py::test_pictures_of_8k_that_stand_alone",
    ),
)
