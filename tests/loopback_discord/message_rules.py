"""What Discord checks in the body of a message before it accepts it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from tests.loopback_discord.api_errors import FormErrors
from tests.loopback_discord.component_rules import check_rows
from tests.loopback_discord.layout_rules import check_layout

FILES = 10
CONTENT = 2000
EMBEDS = 10
EMBED_TOTAL = 6000


def check_message(
    payload: dict[str, Any],
    *,
    uploads: Collection[int],
    names: Collection[str],
    kept: Collection[int],
    layout: bool = False,
) -> None:
    """Raise Discord's 50035 for every limit that `payload` breaks.

    `uploads` are the numbers n of the `files[n]` parts, `kept` the ids of attachments that the message has already,
    `names` the file names that `attachment://` may refer to. `layout`: it is, or becomes, one of Components V2.
    """
    errors = FormErrors()
    with errors.at("content"):
        errors.text(payload.get("content"), CONTENT)
    with errors.at("nonce"):
        _check_nonce(errors, payload.get("nonce"))
    with errors.at("attachments"):
        _check_attachments(errors, payload.get("attachments"), uploads, kept)
    with errors.at("embeds"):
        _check_embeds(errors, payload.get("embeds"), names)
    with errors.at("components"):
        if layout and "components" in payload:
            check_layout(errors, payload["components"], names)
        elif not layout:
            check_rows(errors, payload.get("components"))
    for key in ("content", "embeds", "poll", "sticker_ids"):
        if layout and payload.get(key):
            with errors.at(key):
                errors.add(
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    errors.check()


def _check_nonce(errors: FormErrors, nonce: Any) -> None:
    if isinstance(nonce, str) and len(nonce) > 25:
        errors.add("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    elif not isinstance(nonce, str | int | None):
        errors.add("NONCE_TYPE_INVALID_TYPE", "This field must be a string or integer.")


def _check_attachments(errors: FormErrors, listed: Any, uploads: Collection[int], kept: Collection[int]) -> None:
    if len(uploads) > FILES:
        errors.add("BASE_TYPE_BAD_LENGTH", f"Must be {FILES} or fewer in length.")
    for index, attachment in enumerate(errors.items(listed, FILES)):
        with errors.at(index, "id"):
            number = str(attachment.get("id", ""))
            if not number.isdecimal():
                errors.required()
            elif int(number) not in uploads and int(number) not in kept:
                errors.add("ATTACHMENT_NOT_FOUND", "The attachment with this id was not found.")


def _check_embeds(errors: FormErrors, listed: Any, names: Collection[str]) -> None:
    embeds = errors.items(listed, EMBEDS)
    for index, embed in enumerate(embeds):
        with errors.at(index):
            if isinstance(embed, dict):
                _check_embed(errors, embed, names)
            else:
                errors.add("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    if sum(embed_size(embed) for embed in embeds if isinstance(embed, dict)) > EMBED_TOTAL:
        errors.add("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")


def embed_size(embed: dict[str, Any]) -> int:
    """The characters that count towards the limit of all embeds together."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or []:
        texts += [field.get("name"), field.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _check_embed(errors: FormErrors, embed: dict[str, Any], names: Collection[str]) -> None:
    with errors.at("title"):
        errors.text(embed.get("title"), 256)
    with errors.at("description"):
        errors.text(embed.get("description"), 4096)
        if not any(
            embed.get(key) for key in ("title", "description", "fields", "image", "thumbnail", "footer", "author")
        ):
            errors.required()
    with errors.at("color"):
        errors.number(embed.get("color"), 0, 0xFFFFFF)
    with errors.at("url"):
        _check_address(errors, embed.get("url"), frozenset({"http", "https"}), ())
    _check_edges(errors, embed)
    with errors.at("fields"):
        for index, field in enumerate(errors.items(embed.get("fields"), 25)):
            with errors.at(index, "name"):
                errors.text(field.get("name"), 256, shortest=1)
            with errors.at(index, "value"):
                errors.text(field.get("value"), 1024, shortest=1)
    pictures = {"image": "url", "thumbnail": "url", "footer": "icon_url", "author": "icon_url"}
    for part, key in pictures.items():
        with errors.at(part, key):
            address = (embed.get(part) or {}).get(key)
            _check_address(errors, address, frozenset({"http", "https", "attachment"}), names)


def _check_edges(errors: FormErrors, embed: dict[str, Any]) -> None:
    if embed.get("footer"):
        with errors.at("footer", "text"):
            errors.text(embed["footer"].get("text"), 2048, shortest=1)
    if embed.get("author"):
        with errors.at("author", "name"):
            errors.text(embed["author"].get("name"), 256, shortest=1)


def _check_address(errors: FormErrors, address: Any, schemes: frozenset[str], names: Collection[str]) -> None:
    if address is None or not errors.text(address, 2048):
        return
    parts = urlsplit(address)
    if parts.scheme not in schemes:
        listed = ", ".join(f"'{scheme}'" for scheme in sorted(schemes))
        errors.add(
            "URL_TYPE_INVALID_SCHEME", f"Scheme {parts.scheme!r} is not supported. Scheme must be one of ({listed})."
        )
    elif not parts.netloc:
        errors.add("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    elif parts.scheme == "attachment" and address.removeprefix("attachment://") not in names:
        errors.add("ATTACHMENT_NOT_FOUND", "The referenced attachment was not found.")
