"""Writes the generated parts of the documents: python -m docs

Run it after a change to a setting, a metric, the transitions or castbook.json. A test fails if one is out of date.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from benchmarks.marked_blocks import ROOT, rewrite
from bot.jobs.cast_document import CastDocument
from bot.jobs.transition_table import diagram
from docs.tables import clips_table, conditions_table, links_table, metrics_table, refused_table, settings_table

SCHEMA = Path(__file__).parent / "castbook.schema.json"


def contents() -> dict[tuple[str, str], str]:
    """The Markdown of each generated block, by the path of its document and the name of the block."""
    return {
        ("docs/settings.md", "settings"): settings_table(),
        ("docs/operating.md", "metrics"): asyncio.run(metrics_table()),
        ("docs/clips.md", "clips"): clips_table(),
        ("docs/clips.md", "conditions"): conditions_table(),
        ("docs/clips.md", "refused"): refused_table(),
        ("docs/clips.md", "links"): links_table(),
        ("README.md", "life"): f"```mermaid\n{diagram()}\n```",
    }


def schema() -> str:
    """The JSON Schema of castbook.json. What an import can do without is optional."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "castbook.json, version 1"}
    return json.dumps(head | CastDocument.model_json_schema() | {"title": head["title"]}, indent=2) + "\n"


def main() -> None:
    """Update every block, and the schema."""
    SCHEMA.write_text(schema(), encoding="utf-8")
    for (document, name), content in contents().items():
        rewrite(ROOT / document, name, content, kind="generated")


if __name__ == "__main__":
    main()
