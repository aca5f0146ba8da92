"""One sentence of the code that is to be translated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """``msgid``, ``plural`` and ``context`` as in :class:`bot.texts.Text`; ``files`` are those that say it.

    ``at_most``: how many characters Discord shows where it stands, with short values in the place of its parameters.
    """

    msgid: str
    plural: str = ""
    context: str = ""
    files: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    at_most: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What a catalogue finds it by."""
        return self.context, self.msgid
