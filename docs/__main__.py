"""Writes into these documents what comes from the code: python -m docs

Run it after a change to a setting, a metric, the transitions or castbook.json; a test fails where a document is not
current.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from benchmarks.marked_blocks import rewrite
from bot.jobs.cast_document import CastDocument
from bot.jobs.transition_table import diagram
from docs.tables import clips_table, conditions_table, links_table, metrics_table, refused_table, settings_table

HERE = Path(__file__).parent
SCHEMA = HERE / "castbook.schema.json"


def contents() -> dict[tuple[str, str], str]:
    """What each generated block should hold: the document's name and the block's, then Markdown."""
    return {
        ("settings.md", "settings"): settings_table(),
        ("operating.md", "metrics"): asyncio.run(metrics_table()),
        ("clips.md", "clips"): clips_table(),
        ("clips.md", "conditions"): conditions_table(),
        ("clips.md", "refused"): refused_table(),
        ("clips.md", "links"): links_table(),
        ("how-it-works.md", "life"): f"```mermaid\n{diagram()}\n```",
    }


def schema() -> str:
    """The JSON Schema of castbook.json, as the document says it: optional is what an import can do without."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "castbook.json, version 1"}
    return json.dumps(head | CastDocument.model_json_schema() | {"title": head["title"]}, indent=2) + "\n"


def main() -> None:
    """Bring every block, and the schema, up to date."""
    SCHEMA.write_text(schema(), encoding="utf-8")
    for (document, name), content in contents().items():
        rewrite(HERE / document, name, content, kind="generated")


if __name__ == "__main__":
    main()
