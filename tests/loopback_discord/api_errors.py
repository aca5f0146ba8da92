"""What Discord answers when it refuses: the status, the code and the words of each refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiohttp import web


class ApiError(Exception):
    """One of Discord's error answers."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.body = {"message": message, "code": code, **more}
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        return json_response(self.body, status=self.status, headers=self.headers)


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """The library wants exactly `application/json`, without a charset."""
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, 0, "404: Not Found")


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    return ApiError(404, 10013, "Unknown User")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(404, 10062, "Unknown interaction")


def too_many_old_edits(retry_after: float) -> ApiError:
    """A rate limit with a code of its own; the library repeats the request a few times before it raises."""
    return ApiError(
        429,
        30046,
        "Maximum number of edits to messages older than 1 hour reached. Try again later",
        headers={"Via": "1.1 google", "Retry-After": str(retry_after)},
        retry_after=retry_after,
        **{"global": False},
    )


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


def already_acknowledged() -> ApiError:
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def too_many_followups() -> ApiError:
    return ApiError(400, 40094, "This interaction has reached the maximum number of follow-up messages.")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def not_your_message() -> ApiError:
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def cannot_message_user() -> ApiError:
    return ApiError(403, 50007, "Cannot send messages to this user")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def dead_token() -> ApiError:
    return ApiError(401, 50027, "Invalid Webhook Token")


def invalid_recipient() -> ApiError:
    return ApiError(400, 50033, "Invalid Recipient(s)")


def bad_json() -> ApiError:
    return ApiError(400, 50109, "The request body contains invalid JSON.")


def no_mutual_guild() -> ApiError:
    return ApiError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")


def blocked_by_automod() -> ApiError:
    return ApiError(400, 200000, "Message was blocked by automatic moderation")


def legacy_fields() -> ApiError:
    """Content or embeds would stand beside Components V2."""
    errors = FormErrors()
    with errors.at("content"):
        errors.add(
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )
    return ApiError(400, 50035, "Invalid Form Body", errors=errors.found)


class FormErrors:
    """Collects what is wrong with a body, nested as Discord nests it, under the code 50035."""

    def __init__(self) -> None:
        self._errors: dict[str, Any] = {}
        self._path: list[str] = []

    @contextmanager
    def at(self, *keys: str | int) -> Iterator[None]:
        self._path.extend(str(key) for key in keys)
        yield
        del self._path[len(self._path) - len(keys) :]

    def add(self, code: str, message: str) -> None:
        node = self._errors
        for key in self._path:
            node = node.setdefault(key, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    @property
    def found(self) -> dict[str, Any]:
        """What was added, nested."""
        return self._errors

    def check(self) -> None:
        """Raise the refusal if anything was added."""
        if self._errors:
            raise ApiError(400, 50035, "Invalid Form Body", errors=self._errors)

    def required(self) -> None:
        self.add("BASE_TYPE_REQUIRED", "This field is required")

    def text(self, value: Any, longest: int, *, shortest: int = 0) -> bool:
        """Whether it is a text of that length (None counts as missing, which is wrong if shortest > 0)."""
        if value is None:
            if shortest:
                self.required()
            return not shortest
        if not isinstance(value, str):
            self.add("STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif shortest and not value:
            self.required()
        elif len(value) < shortest or (shortest and len(value) > longest):
            self.add("BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")
        elif len(value) > longest:
            self.add("BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")
        else:
            return True
        return False

    def items(self, value: Any, most: int, *, fewest: int = 0) -> list[Any]:
        """The list, or an empty one after a complaint."""
        if value is None and not fewest:
            return []
        if not isinstance(value, list):
            self.add("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not fewest <= len(value) <= most:
            words = f"between {fewest} and {most}" if fewest else f"{most} or fewer"
            self.add("BASE_TYPE_BAD_LENGTH", f"Must be {words} in length.")
        return value

    def number(self, value: Any, least: int, most: int) -> None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
            self.add("NUMBER_TYPE_MAX", f"int value should be between {least} and {most}.")

    def choice(self, value: Any, allowed: frozenset[int]) -> bool:
        if isinstance(value, bool) or value not in allowed:
            listed = ", ".join(str(each) for each in sorted(allowed))
            self.add("BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
            return False
        return True
