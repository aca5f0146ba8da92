"""All settings together."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

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
    VideoSettings,
    WebSettings,
)


class Settings(BaseSettings):
    """All settings. Use :func:`bot.config.load`; the constructor only takes its arguments and reads nothing."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, case_sensitive=True)

    discord: DiscordSettings
    toapis: ToapisSettings
    store: StoreSettings = StoreSettings()
    links: LinkSettings = LinkSettings()
    media: MediaSettings = MediaSettings()
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()
    video: VideoSettings = VideoSettings()
    consent: ConsentSettings = ConsentSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    trace: TraceSettings = TraceSettings()

    @model_validator(mode="before")
    @classmethod
    def _secrets_are_missed_by_name(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Without its section, a missing secret would be reported as a missing section."""
        return {"discord": {}, "toapis": {}} | values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read only what :func:`bot.config.load` passes."""
        return (init_settings,)
