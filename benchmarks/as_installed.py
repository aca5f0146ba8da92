"""`castbook`, without the packages that only a development environment has: as_installed.py run --config PATH

structlog imports rich where it finds it, which would count 4 MB that no installed bot has.
"""

from __future__ import annotations

import os
import runpy
import sys

if __name__ == "__main__":
    sys.modules["rich"] = None  # type: ignore[assignment]  # the language's own way to say that it is not there
    sys.path[0] = os.getcwd()  # as with `python -m`
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
