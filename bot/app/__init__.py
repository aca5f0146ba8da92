"""The whole bot: built, started in order, stopped in reverse; the only place that knows every part."""

from bot.app.build import App, Stores

__all__ = ["App", "Stores"]
