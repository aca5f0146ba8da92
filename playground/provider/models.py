"""The simulated list of models: which there are, and which do not work any more."""

from __future__ import annotations

from typing import Any, Final

from playground.provider.answers import ErrorResponse
from playground.provider.creation import CHARACTER_MODELS
from playground.provider.pages import PAGES

_SINCE: Final = 1626777600  # Unix seconds


class ModelList:
    """`open` are those that the key may use. `like` names further ones, each with the one whose page it keeps."""

    def __init__(self) -> None:
        self.open = [*CHARACTER_MODELS, *(model for model in PAGES if model not in CHARACTER_MODELS)]
        self.like: dict[str, str] = {}
        self._gone: set[str] = set()
        self._unlisted: set[str] = set()

    def close(self, name: str, *, listed: bool) -> None:
        """Answers for it with "model not found" from now on."""
        self._gone.add(name)
        if not listed:
            self._unlisted.add(name)

    def reopen(self, name: str) -> None:
        """It works again."""
        self._gone.discard(name)
        self._unlisted.discard(name)

    def check(self, model: str) -> None:
        """Raises `ErrorResponse`: 404 for one that is gone, 403 for one that the key may not use."""
        if model in self._gone:
            raise ErrorResponse(404, f"The model {model!r} was not found: model not found.", code="model_not_found")
        if model not in self.open:
            raise ErrorResponse(403, f"This key is not allowed to use the model {model!r}.")

    def page_of(self, model: str) -> str:
        """The model whose page it keeps."""
        return self.like.get(model, model)

    def answer(self, kind: str | None) -> dict[str, Any]:
        """The JSON of the list; all models here make videos."""
        enabled = [model for model in self.open if model not in self._unlisted] if kind in {"video", "all"} else []
        data = [
            {
                "id": model,
                "object": "model",
                "created": _SINCE,
                "owned_by": "simulated",
                "supported_endpoint_types": ["video"],
            }
            for model in enabled
        ]
        return {"success": True, "object": "list", "data": data}
