"""Writes into these documents what comes from the code: python -m docs

Run it after a change to a setting, a metric or the transitions; a test fails where a document is not current.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.marked_blocks import rewrite
from bot.jobs.transition_table import diagram
from docs.tables import clips_table, metrics_table, refused_table, settings_table

HERE = Path(__file__).parent


def contents() -> dict[tuple[str, str], str]:
    """What each generated block should hold: the document's name and the block's, then Markdown."""
    return {
        ("settings.md", "settings"): settings_table(),
        ("operating.md", "metrics"): asyncio.run(metrics_table()),
        ("clips.md", "clips"): clips_table(),
        ("clips.md", "refused"): refused_table(),
        ("how-it-works.md", "life"): f"```mermaid\n{diagram()}\n```",
    }


def main() -> None:
    """Bring every block up to date."""
    for (document, name), content in contents().items():
        rewrite(HERE / document, name, content, kind="generated")


if __name__ == "__main__":
    main()
