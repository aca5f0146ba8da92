"""Finds ``@name`` in a prompt, and replaces it with the model's own marker."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from bot.provider.models.card import ModelCard
from bot.provider.models.video_spec import CastMember, Needed
from bot.values.character import FileKind, name_key

# A letter with its combining characters (Hangul may come in parts); only these together can be normalised.
_PART_OF_HANGUL: Final = range(0x1160, 0x1200)
# Scripts that write words, or a particle after a name, without a space.
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    r"\U00020000-\U0003ffff]"
)
_STRANGER: Final = re.compile(r"\w[\w.'’-]*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Mentions:
    """The characters mentioned with ``@`` in a prompt, each once, in order. ``unknown`` are words that name nobody."""

    known: tuple[str, ...]
    unknown: tuple[str, ...]


def mentions(prompt: str, names: Sequence[str]) -> Mentions:
    """Find ``@name`` in ``prompt``, ignoring case and compatibility forms; if several names match, the longest wins.

    Names may contain spaces and use any script. The ``@`` of an e-mail address does not count.
    """
    parts = list(_parts(prompt, names))
    known = dict.fromkeys(names[part.name] for part in parts if part.name is not None)
    return Mentions(tuple(known), tuple(dict.fromkeys(part.text for part in parts if part.stranger)))


def told(card: ModelCard, prompt: str, cast: Sequence[CastMember], plan: Sequence[Needed]) -> str:
    """``prompt`` for ``card``'s model: each ``@name`` is replaced with its marker.

    Members of ``cast`` who are not mentioned are put in front; otherwise the model would not know that they play.
    """
    markers = [_marker(card, member, at, plan) for at, member in enumerate(cast)]
    parts = list(_parts(prompt, [member.name for member in cast]))
    called: set[int] = set()
    written: list[str] = []
    for at, part in enumerate(parts):
        if part.name is None:
            written.append(f"@{part.text}" if part.stranger else part.text)
        elif "{media}" not in card.marker:
            before, after = parts[at - 1].text if at else "", parts[at + 1].text if at + 1 < len(parts) else ""
            written.append(_set_apart(before, markers[part.name], after))
        else:  # which pictures show whom is said once
            written.append(cast[part.name].name if part.name in called else markers[part.name])
        if part.name is not None:
            called.add(part.name)
    uncalled = ", ".join(marker for at, marker in enumerate(markers) if at not in called)
    text = "".join(written)
    return f"{uncalled}: {text}" if uncalled else text


def _set_apart(before: str, marker: str, after: str) -> str:
    """``marker`` with spaces where it would touch a word, or a dot that could belong to it."""
    left = " " if before and (before[-1].isalnum() or before[-1] == "_") else ""
    right = " " if after and (after[0].isalnum() or after[0] in "_.-") else ""
    return left + marker + right


def _marker(card: ModelCard, member: CastMember, at: int, plan: Sequence[Needed]) -> str:
    media = [
        f"{word} {number}"
        for kind, word in ((FileKind.STILL, "image"), (FileKind.REFERENCE, "video"))
        for number, needed in enumerate((each for each in plan if each.kind is kind), start=1)
        if needed.member == at
    ]
    # Without a username there is only one character, and the request names it outside the prompt.
    marker = card.marker if member.username or "{username}" not in card.marker else "{name}"
    return marker.format(n=at + 1, name=member.name, username=member.username or "", media=", ".join(media))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a prompt: plain text, a name by its index in the list, or (without its "@") a ``stranger``."""

    text: str
    name: int | None = None
    stranger: bool = False


def _parts(prompt: str, names: Sequence[str]) -> Iterator[_Part]:
    """The whole of ``prompt``, in order."""
    ends = [at for at in range(1, len(prompt)) if not _continues(prompt[at])] + [len(prompt)]
    folded = [name_key(prompt[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    whole, offsets = "".join(folded), [0, *accumulate(map(len, folded))]
    original = dict(zip(offsets, [0, *ends], strict=False))
    keys = sorted(((name_key(name), at) for at, name in enumerate(names)), key=lambda each: -len(each[0]))
    done = 0  # position in prompt
    for offset, letters in zip(offsets, folded, strict=False):
        start = original[offset]
        if letters != "@" or start < done or not _begins(prompt[max(0, start - 1) : start]):
            continue
        part = _named(whole, offset + 1, keys, original, prompt) or _strange(prompt, start + 1)
        if part is None:
            continue
        if start > done:
            yield _Part(prompt[done:start])
        yield part
        done = start + 1 + len(part.text)
    if done < len(prompt):
        yield _Part(prompt[done:])


def _continues(char: str) -> bool:
    return unicodedata.category(char) in {"Mn", "Mc", "Me"} or ord(char) in _PART_OF_HANGUL


def _begins(before: str) -> bool:
    """Whether an "@" after ``before`` is a mention; after a letter it belongs to an e-mail address."""
    return not before or not (before.isalnum() or before in "_+-%") or bool(_UNSPACED.match(before))


def _named(
    whole: str, at: int, keys: Sequence[tuple[str, int]], original: Mapping[int, int], prompt: str
) -> _Part | None:
    for key, name in keys:
        end = original.get(at + len(key))
        if end is not None and whole.startswith(key, at) and _ends(prompt[end - 1], prompt[end : end + 1]):
            return _Part(prompt[original[at] : end], name=name)
    return None


def _ends(last: str, following: str) -> bool:
    """Whether a word that ends with ``last`` ends before ``following``."""
    if not following or not (following.isalnum() or following == "_"):
        return True
    return bool(_UNSPACED.match(last) or _UNSPACED.match(following))


def _strange(prompt: str, at: int) -> _Part | None:
    found = _STRANGER.match(prompt, at)
    return _Part(found[0].rstrip(".'’-"), stranger=True) if found else None
