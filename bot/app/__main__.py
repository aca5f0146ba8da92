"""The service as a process: ``python -m bot.app [CONFIG]``, which is what ``castbook run`` becomes."""

from __future__ import annotations

import sys
from pathlib import Path

# structlog imports rich wherever it is installed, for tracebacks that are never shown here: 4 MB for nothing.
sys.modules["rich"] = None  # type: ignore[assignment]  # the language's own way to say that it cannot be imported

from bot.app import service  # noqa: E402 - after rich was put out of reach
from bot.app.process import finish  # noqa: E402 - the same

if __name__ == "__main__":
    finish(Path(sys.argv[1]) if len(sys.argv) > 1 else None, service.run)
