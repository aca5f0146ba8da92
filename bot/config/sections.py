"""Every setting, by section: its name, its type, its default and one line about it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.config.types import (
    Files,
    Flag,
    Folder,
    Format,
    GatewayAddress,
    Host,
    Hosts,
    Level,
    Likenesses,
    Limit,
    MaybeSecret,
    MaybeWebAddress,
    Model,
    Models,
    Number,
    Origins,
    People,
    Port,
    Prices,
    PublicKey,
    Region,
    Seconds,
    Secret,
    Secrets,
    Send,
    Share,
    StoreUrl,
    WebAddress,
    Whole,
)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DiscordSettings(_Section):
    """How to reach Discord, and as which bot."""

    token: Secret = Field(description="The bot's token, from the developer portal (Bot, Reset Token).")
    api_url: WebAddress = Field(
        "https://discord.com/api/v10", description="Discord's REST address; change it for a proxy or a test server."
    )
    gateway_url: GatewayAddress = Field("", description="The gateway's address; empty: ask Discord.")
    public_key: PublicKey = Field(
        "",
        description="The application's public key, to receive interactions over HTTP at /interactions; empty: "
        "it is off.",
    )
    cdn_origins: Origins = Field(
        ("https://cdn.discordapp.com", "https://media.discordapp.net"),
        description="Where attachments come from; these origins are exempt from the address guard.",
    )
    dev_guild: Limit = Field(0, description="The ID of the operator's own server, which gets /operator; 0: none.")
    owners: People = Field((), description="User IDs of the operators; the bot tells them when it needs them.")


class ToapisSettings(_Section):
    """The provider: key, models, rates and polling."""

    api_key: Secret = Field(description="The provider's API key, from its console.")
    base_url: WebAddress = Field("https://toapis.com", description="The provider's address.")
    models: Models = Field(
        ("sora-2", "sora-2-pro", "sora-2-vip"), description="The models that /character create offers."
    )
    default_model: Model = Field("sora-2", description="The model for people who choose none.")
    prices: Prices = Field(
        {},
        description='What a character costs in credits, by model, such as { "sora-2" = 40 }: people are told before '
        "and after.",
    )
    video_prices: Prices = Field(
        {},
        description='What a second of a video costs in credits, by model, such as { "wan2.6" = 20 }: people are told '
        "before and after.",
    )
    video_models: Likenesses = Field(
        {},
        description="Further video models, each with the known model it is like, such as "
        '{ "kling-v4-omni" = "kling-v3-omni" }.',
    )
    avatar_slots: Whole = Field(
        50, description="How many private avatars to keep at the provider; the least recently used is replaced first."
    )
    submit_per_second: Number = Field(
        5, description="Submissions per second at most, by all people and processes together."
    )
    query_per_second: Number = Field(
        50, description="Status queries per second at most, for all jobs and processes together."
    )
    poll_first: Seconds = Field(5, description="Seconds from a submission to the first poll, at least.")
    poll_every: Seconds = Field(
        5,
        description="Seconds between two polls of a running task, at least; more if queries run short.",
    )
    show_progress_for: Seconds = Field(
        600, description="Seconds for which progress is shown; afterwards the bot polls less and less often."
    )
    keep_watching_for: Seconds = Field(
        86400,
        description="Seconds after which the bot gives up on a task that has not ended (/tasks can check it again).",
    )
    webhook_secrets: Secrets = Field(
        (), description="The secrets of the provider's webhooks; without any, webhooks are off."
    )
    callback_url: MaybeWebAddress = Field(
        "", description="Where the provider sends webhooks, if not to its console's default: https://…/webhooks/toapis."
    )
    accept_outside_tasks: Flag = Field(
        True, description="Whether the option task accepts IDs that this bot does not know."
    )

    @model_validator(mode="after")
    def _default_is_offered(self) -> ToapisSettings:
        if self.default_model not in self.models:
            raise ValueError("toapis.default_model must be one of toapis.models.")
        return self


class StoreSettings(_Section):
    """The database and the file store."""

    url: StoreUrl = Field(
        "sqlite+aiosqlite:///data/castbook.db",
        repr=False,  # it may contain a password
        description="The database: sqlite+aiosqlite:/// and the path of its file, or postgresql+asyncpg://user@host/name.",
    )
    password: MaybeSecret = Field(SecretStr(""), description="The password for PostgreSQL, unless url contains it.")
    files: Files = Field(
        "data/files",
        description="The folder for pictures and clips; or a bucket, such as s3://castbook/files.",
    )
    endpoint: MaybeWebAddress = Field(
        "", description="The address of the bucket's S3-compatible store; empty: AWS_ENDPOINT_URL, else AWS."
    )
    region: Region = Field("", description="The bucket's region; empty: AWS_REGION, else us-east-1.")
    access_key_id: MaybeSecret = Field(
        SecretStr(""), description="The ID of the bucket's key; empty: AWS_ACCESS_KEY_ID, or the machine's own role."
    )
    secret_access_key: MaybeSecret = Field(
        SecretStr(""), description="The bucket's key; empty: AWS_SECRET_ACCESS_KEY, or the machine's own role."
    )
    copies: Folder = Field(
        Path("data/copies"), description="With a bucket, the folder for local copies, which are kept for about an hour."
    )
    copies_mb: Whole = Field(2048, description="With a bucket, megabytes of local copies at most.")

    @property
    def in_bucket(self) -> bool:
        """Whether files are in a bucket instead of a folder."""
        return self.files.startswith("s3://")

    @model_validator(mode="after")
    def _keys_come_together(self) -> StoreSettings:
        if bool(self.access_key_id.get_secret_value()) is not bool(self.secret_access_key.get_secret_value()):
            raise ValueError("store.access_key_id and store.secret_access_key belong together: set both, or neither.")
        return self


class LinkSettings(_Section):
    """Downloads of attached and linked videos."""

    max_bytes: Whole = Field(
        52428800,
        description="The largest video to download, in bytes; with media.send = link at most 50 MB.",
    )
    timeout: Seconds = Field(60, description="Seconds that downloading a video may take in all.")
    trusted_origins: Origins = Field((), description="Your own origins, which are exempt from the address guard.")
    sites: Hosts = Field(
        (),
        description="Sites whose videos yt-dlp may fetch, such as youtube.com; it has to be installed (make sites).",
    )


class MediaSettings(_Section):
    """Processing of videos before they are sent to the provider."""

    send: Send = Field(
        "clip", description="clip: send only the chosen seconds; link: send the whole video, and name the seconds."
    )
    workers: Whole = Field(1, description="Videos examined or cut at once, at most.")


class JobSettings(_Section):
    """How much is done at once."""

    downloads: Whole = Field(8, description="Downloads at once, at most: separately for links, Discord and results.")
    uploads: Whole = Field(4, description="Clips uploaded to the provider at once, at most.")
    keep_days: Limit = Field(
        90, description="Days for which finished jobs are kept; 0: for ever. Characters always stay."
    )
    sends: Whole = Field(16, description="Messages sent to Discord at once, at most.")


class LimitSettings(_Section):
    """Quotas."""

    running_per_user: Limit = Field(
        2, description="Jobs of one person that run at once; their others are queued; 0: no limit."
    )
    waiting_per_user: Limit = Field(
        5, description="Further jobs a person may have, queued or with a question for them; more are refused."
    )
    per_user_per_day: Limit = Field(20, description="Jobs a person may start per day (UTC); 0: no limit.")
    per_server_per_day: Limit = Field(
        200, description="Jobs that may be started in one server per day (UTC); 0: no limit. A server may set less."
    )
    videos_per_user_per_day: Limit = Field(10, description="Videos a person may start per day (UTC); 0: no limit.")
    videos_per_server_per_day: Limit = Field(
        100, description="Videos that may be started in one server per day (UTC); 0: no limit. A server may set less."
    )
    credits_per_user_per_day: Limit = Field(
        0,
        description="Expected credits one person may spend per day (UTC); 0: no limit. Servers may set less.",
    )
    credits_per_server_per_day: Limit = Field(
        0, description="Expected credits one server may spend per day (UTC); 0: no limit. It may set less."
    )
    running_in_all: Limit = Field(
        100, description="Jobs of all people that run at once; the others are queued; 0: no limit."
    )
    files_mb_per_user: Limit = Field(500, description="Megabytes of files a person may have; 0: no limit.")


class VideoSettings(_Section):
    """Finished videos."""

    keep_days: Limit = Field(30, description="Days for which a finished video is kept; 0: until its owner deletes it.")


class ConsentSettings(_Section):
    """What people have to confirm."""

    ask: Flag = Field(
        True,
        description="Whether people must confirm, once and for each video of others, that they may use the faces in "
        "it.",
    )


class WebSettings(_Section):
    """The small HTTP servers: health and webhooks, and separately the metrics."""

    host: Host = Field("127.0.0.1", description="The address to listen on.")
    port: Port = Field(8080, description="The port to listen on; 0: any free one.")
    public_url: MaybeWebAddress = Field(
        "",
        description="The public address, for links to large exports, such as https://castbook.example.org; empty: no "
        "links.",
    )
    metrics_host: Host = Field(
        "127.0.0.1",
        description="The address for /metrics; not loopback only if strangers cannot reach it.",
    )
    metrics_port: Port = Field(9090, description="The port for /metrics; 0: any free one.")


class LogSettings(_Section):
    """Logs, which go to stderr."""

    level: Level = Field("INFO", description="The lowest level to log: DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    format: Format = Field("console", description="console for people, or json for machines.")


class TraceSettings(_Section):
    """Traces, for an OpenTelemetry collector."""

    endpoint: MaybeWebAddress = Field(
        "", description="The collector's OTLP/HTTP address, such as http://collector:4318; empty: no tracing."
    )
    sample: Share = Field(1.0, description="The share of commands and jobs to trace, from 0 to 1.")
