"""Finds faces in a picture with CenterFace: people reliably, drawn people often, animals only sometimes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import starmap

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.child.frames import Rgb
from bot.media.child.models import face_model

SURE = 0.5  # the model's confidence above which a face counts: 1 false positive in 143 pictures
# A drawn face has large features. If no certain face is found, the model runs again on pictures so small that such a
# face has details as fine as those it was trained on. Other things stay below 0.11 there.
_AGAIN_AT = (128, 107)  # pixels of the longer side
_LIKELY = 0.25
_LARGE = 0.15  # of the longer side: these runs find faces of at least this height

_STRIDE = 4  # pixels of the picture per cell of the model's output
_MULTIPLE = 32  # what the sides of the model's input must be divisible by
_SAME = 0.3  # overlap (intersection over union) above which two boxes are the same face
# The model's outputs: the probability of a face centre in a cell, its size, the offset of the centre in the cell; and
# the positions of eyes, nose and mouth corners as fractions of its box, each down and across.
_ANSWERS = ("537", "538", "539", "540")
_PROFILE = 0.4  # of the distance between the eyes: the nose's offset from their middle in a face turned away

_Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Face:
    """A box in pixels of the picture, never outside it, and the model's ``confidence``, 0 to 1.

    ``facing``: 1 if it looks straight ahead, 0 if it is turned to a side.
    """

    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    facing: float = 0.0

    @property
    def width(self) -> float:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """In pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    def overlap(self, other: Face) -> float:
        """Intersection over union."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        both = max(0.0, width) * max(0.0, height)
        union = self.area + other.area - both
        return both / union if union > 0 else 1.0

    def scaled(self, across: float, down: float) -> Face:
        """The same face in a picture ``across`` times as wide and ``down`` times as high."""
        left, top, right, bottom = self.left * across, self.top * down, self.right * across, self.bottom * down
        return replace(self, left=left, top=top, right=right, bottom=bottom)


def face_detector() -> FaceDetector | None:
    """A detector, or ``None`` if its model is not installed."""
    model = face_model()
    return None if model is None else FaceDetector(model)


class FaceDetector:
    """Runs CenterFace on one thread, because decoding needs the others."""

    def __init__(self, model: bytes) -> None:
        import onnxruntime  # type: ignore[import-untyped]  # a third of the start-up, which can run while decoding

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        options.enable_cpu_mem_arena = False  # it would keep the memory of the largest picture
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, picture: Rgb) -> list[Face]:
        """The faces in ``picture``, most certain first: certain ones, or else large ones that are likely.

        Takes some 15 ms for 320 x 180 pixels, where it finds faces of at least 10 pixels.
        """
        return self._find(picture, SURE) or self._look_again(picture)

    def _look_again(self, picture: Rgb) -> list[Face]:
        longer = max(picture.shape[:2])
        faces = []
        for side in _AGAIN_AT:
            factor = max(1.0, longer / side)
            size = (round(picture.shape[1] / factor), round(picture.shape[0] / factor))
            small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
            faces += [face.scaled(factor, factor) for face in self._find(small, _LIKELY)]
        return _distinct([face for face in faces if face.height >= _LARGE * longer])

    def _find(self, picture: Rgb, least: float) -> list[Face]:
        height, width = picture.shape[:2]
        padded = np.zeros((1, 3, -(-height // _MULTIPLE) * _MULTIPLE, -(-width // _MULTIPLE) * _MULTIPLE), np.float32)
        padded[0, :, :height, :width] = picture.transpose(2, 0, 1)
        centred, sizes, offsets, points = self._session.run(_ANSWERS, {"input.1": padded})
        rows, columns = np.nonzero(centred[0, 0] > least)
        cells = np.stack((rows, columns))
        half = np.exp(sizes[0][:, rows, columns]) * _STRIDE / 2
        centre = (offsets[0][:, rows, columns] + 0.5 + cells) * _STRIDE
        facing = _facing(points[0][:, rows, columns], half)
        return _distinct(_boxes(centre, half, centred[0, 0, rows, columns], facing, width, height))


def _boxes(centre: _Values, half: _Values, confidence: _Values, facing: _Values, width: int, height: int) -> list[Face]:
    """``centre`` and ``half`` the size: down and across, one column per face."""
    (top, left), (bottom, right) = centre - half, centre + half
    edges = (left.clip(0, width), top.clip(0, height), right.clip(0, width), bottom.clip(0, height))
    return list(starmap(Face, np.stack((*edges, confidence, facing), axis=1).tolist()))


def _facing(points: _Values, half: _Values) -> _Values:
    """How straight each face looks ahead, by the offset of its nose from the middle between its eyes."""
    one, other, nose = (points[at : at + 2] * half for at in (0, 2, 4))
    between = other - one
    aside = ((nose - (one + other) / 2) * between).sum(axis=0) / (np.square(between).sum(axis=0) + 1e-6)
    straight: _Values = np.clip(1 - np.abs(aside) / _PROFILE, 0, 1)
    return straight


def _distinct(faces: list[Face]) -> list[Face]:
    """Non-maximum suppression: the most confident of the boxes that show the same face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: face.confidence, reverse=True):
        if all(face.overlap(other) <= _SAME for other in kept):
            kept.append(face)
    return kept
