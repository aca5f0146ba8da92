"""Settings: read once at the start from one file and the environment, validated, and frozen."""

from bot.config.loading import load
from bot.config.sections import (
    ConsentSettings,
    DiscordSettings,
    JobSettings,
    LimitSettings,
    LinkSettings,
    LogSettings,
    MediaSettings,
    StoreSettings,
    ToapisSettings,
    TraceSettings,
    WebSettings,
)
from bot.config.settings import Settings

__all__ = [
    "ConsentSettings",
    "DiscordSettings",
    "JobSettings",
    "LimitSettings",
    "LinkSettings",
    "LogSettings",
    "MediaSettings",
    "Settings",
    "StoreSettings",
    "ToapisSettings",
    "TraceSettings",
    "WebSettings",
    "load",
]
