"""One sentence of the code that has to be translated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """``msgid``, ``plural`` and ``context`` as in :class:`bot.texts.Text`; ``files`` are those that use it.

    ``at_most``: how many characters Discord shows there, with short values for its parameters.
    """

    msgid: str
    plural: str = ""
    context: str = ""
    files: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    at_most: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Its key in a catalogue."""
        return self.context, self.msgid
