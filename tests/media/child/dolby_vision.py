"""Gives an HEVC file of HLG what an iPhone's Dolby Vision 8.4 has besides: its configuration record, and metadata.

The record (`dvvC`, in the track's sample entry) says that profile 8 is compatible with HLG. The metadata (an RPU for
each picture, a NAL unit of type 62 behind the picture's) map the picture onto itself. Both are as Dolby's documents and
ffmpeg's parser have them; what a phone measures while it records is not in them.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

_PROFILE, _LEVEL, _HLG = 8, 3, 4  # of the record: dv_profile, dv_level (1080p24), dv_bl_signal_compatibility_id
_RPU_NAL = bytes([62 << 1, 1])  # the two bytes of the header of such a NAL unit
_BEGINS = 0x19
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


class _Bits:
    """Bits as they are written, the highest of each value first."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def u(self, width: int, value: int) -> None:
        self._bits += [value >> place & 1 for place in reversed(range(width))]

    def ue(self, value: int) -> None:
        """Exp-Golomb, as in H.265 section 9.2."""
        width = (value + 1).bit_length()
        self.u(width - 1, 0)
        self.u(width, value + 1)

    def bytes(self) -> bytes:
        """Filled up with zeros to whole bytes."""
        padded = self._bits + [0] * (-len(self._bits) % 8)
        return bytes(int("".join(map(str, padded[at : at + 8])), 2) for at in range(0, len(padded), 8))


def rpu() -> bytes:
    """The metadata of one picture, by which it stays as it is, with its checksum."""
    bits = _Bits()
    bits.u(6, 2)  # rpu_type
    bits.u(11, 18)  # rpu_format
    bits.u(4, 1)  # vdr_rpu_profile
    bits.u(4, 0)  # vdr_rpu_level
    bits.u(1, 1)  # vdr_seq_info_present_flag
    bits.u(1, 0)  # chroma_resampling_explicit_filter_flag
    bits.u(2, 0)  # coefficient_data_type: fixed point …
    bits.ue(23)  # … of this many bits
    bits.u(2, 1)  # vdr_rpu_normalized_idc
    bits.u(1, 0)  # bl_video_full_range_flag
    bits.ue(2)  # bl_bit_depth_minus8
    bits.ue(2)  # el_bit_depth_minus8
    bits.ue(4)  # vdr_bit_depth_minus8
    bits.u(1, 0)  # spatial_resampling_filter_flag
    bits.u(3, 0)  # reserved
    bits.u(1, 0)  # el_spatial_resampling_filter_flag
    bits.u(1, 1)  # disable_residual_flag: there is no enhancement layer
    bits.u(1, 0)  # vdr_dm_metadata_present_flag
    bits.u(1, 0)  # use_prev_vdr_rpu_flag
    bits.ue(0)  # vdr_rpu_id
    bits.ue(0)  # mapping_color_space
    bits.ue(0)  # mapping_chroma_format_idc
    for _ in range(3):  # of each component: from the darkest to the brightest code in one piece
        bits.ue(0)  # num_pivots_minus2
        bits.u(10, 0)
        bits.u(10, 1023)
    bits.ue(0)  # num_x_partitions_minus1
    bits.ue(0)  # num_y_partitions_minus1
    for _ in range(3):
        bits.ue(0)  # mapping_idc: a polynomial …
        bits.ue(0)  # poly_order_minus1: … of the first order
        bits.u(1, 0)  # linear_interp_flag
        for whole in (0, 1):  # 0 + 1 x
            bits.ue(2 * whole - 1 if whole else 0)  # fpoly_coef_int, signed Exp-Golomb
            bits.u(23, 0)  # fpoly_coef
    payload = bits.bytes()
    return bytes([_BEGINS]) + payload + _crc32(payload).to_bytes(4, "big") + b"\x80"


def _crc32(data: bytes) -> int:
    """CRC-32/MPEG-2."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def _escaped(payload: bytes) -> bytes:
    """No start code in the middle of a NAL unit (H.265 section 7.4.2)."""
    made = bytearray()
    zeros = 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            made.append(3)
            zeros = 0
        made.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(made)


def with_dolby_vision(source: Path, path: Path) -> Path:
    """The MP4 ``source`` (HEVC, HLG) with the record and the metadata, at ``path``. Nothing is encoded again."""
    unit = _RPU_NAL + _escaped(rpu())
    unit = len(unit).to_bytes(4, "big") + unit
    with av.open(str(source)) as before, av.open(str(path), "w", format="mp4") as after:
        tracks = {stream.index: after.add_stream_from_template(stream) for stream in before.streams}
        for packet in before.demux():
            if packet.dts is None:
                continue
            made = packet
            if packet.stream.type == "video":
                made = av.Packet(bytes(packet) + unit)
                made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
                made.time_base, made.is_keyframe = Fraction(packet.time_base), packet.is_keyframe
            made.stream = tracks[packet.stream.index]
            after.mux(made)
    path.write_bytes(_with_record(path.read_bytes()))
    return path


def _with_record(mp4: bytes) -> bytes:
    """`dvvC` at the end of the first `hvc1` or `hev1`; what is around it grows. The samples lie before: none moves."""
    flags = _PROFILE << 9 | _LEVEL << 3 | 0b101  # an RPU and a base layer are there, an enhancement layer is not
    record = bytes([1, 0]) + flags.to_bytes(2, "big") + bytes([_HLG << 4]) + bytes(19)
    box = (8 + len(record)).to_bytes(4, "big") + b"dvvC" + record
    entry = max(mp4.find(b"hvc1", mp4.find(b"stsd")), mp4.find(b"hev1", mp4.find(b"stsd"))) - 4
    ends = entry + int.from_bytes(mp4[entry : entry + 4], "big")
    moov = mp4.find(b"moov")
    assert mp4.find(b"mdat") < moov < entry, "the samples lie before their tables"
    made = bytearray(mp4)
    holders = [entry, mp4.find(b"stsd", moov) - 4]
    holders += [_around(mp4, kind, entry) for kind in _CONTAINERS]
    for at in holders:
        size = int.from_bytes(made[at : at + 4], "big") + len(box)
        made[at : at + 4] = size.to_bytes(4, "big")
    return bytes(made[:ends] + box + made[ends:])


def _around(mp4: bytes, kind: bytes, place: int) -> int:
    """Where the box of that kind begins in which ``place`` lies."""
    at = mp4.rfind(kind, 0, place) - 4
    assert at <= place < at + int.from_bytes(mp4[at : at + 4], "big")
    return at
