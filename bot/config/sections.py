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
        "https://discord.com/api/v10", description="Discord's REST address; another one for a proxy or a test server."
    )
    gateway_url: GatewayAddress = Field("", description="The gateway's address; empty: the one that Discord names.")
    public_key: PublicKey = Field(
        "",
        description="The application's public key, to take interactions over HTTP at /interactions; empty: none are "
        "taken there.",
    )
    cdn_origins: Origins = Field(
        ("https://cdn.discordapp.com", "https://media.discordapp.net"),
        description="Where attachments come from; these origins are exempt from the address guard.",
    )
    dev_guild: Limit = Field(0, description="The ID of the operator's own server, where /operator is; 0: nowhere.")
    owners: People = Field((), description="User IDs of the people who run this bot; they are told when it needs them.")


class ToapisSettings(_Section):
    """The provider: key, models, rates and polling."""

    api_key: Secret = Field(description="The provider's API key, from its console.")
    base_url: WebAddress = Field("https://toapis.com", description="The provider's address.")
    models: Models = Field(
        ("sora-2", "sora-2-pro", "sora-2-vip"), description="The models that /character create offers."
    )
    default_model: Model = Field("sora-2", description="The model that is used when nobody chooses one.")
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
        description="Further video models, each with the known one that it is like, such as "
        '{ "kling-v4-omni" = "kling-v3-omni" }.',
    )
    avatar_slots: Whole = Field(
        50, description="How many private avatars are kept at the provider; the least recently used goes first."
    )
    submit_per_second: Number = Field(5, description="The most submissions a second, over all people and processes.")
    query_per_second: Number = Field(50, description="The most status queries a second, over all jobs and processes.")
    poll_first: Seconds = Field(5, description="The fewest seconds from a submission to the first look at it.")
    poll_every: Seconds = Field(
        5,
        description="The fewest seconds between two looks at a running task; more where queries run short.",
    )
    show_progress_for: Seconds = Field(
        600, description="Seconds for which progress is shown; afterwards the bot looks less and less often."
    )
    keep_watching_for: Seconds = Field(
        86400, description="Seconds after which a task that never ended is given up (/tasks can check it again)."
    )
    webhook_secrets: Secrets = Field(
        (), description="The secrets of the provider's webhooks; without one no webhook is taken."
    )
    callback_url: MaybeWebAddress = Field(
        "", description="Where the provider sends webhooks, if not to its console's default: https://…/webhooks/toapis."
    )
    accept_outside_tasks: Flag = Field(
        True, description="Whether the option task takes IDs that this bot does not know."
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
    password: MaybeSecret = Field(SecretStr(""), description="Of a PostgreSQL, where url has none.")
    files: Files = Field(
        "data/files",
        description="The folder for pictures and clips; or a bucket for them, such as s3://castbook/files.",
    )
    endpoint: MaybeWebAddress = Field(
        "", description="The address of the bucket's S3-compatible store; empty: AWS, or what AWS_ENDPOINT_URL says."
    )
    region: Region = Field("", description="The bucket's region; empty: what AWS_REGION says, else us-east-1.")
    access_key_id: MaybeSecret = Field(
        SecretStr(""), description="The ID of the bucket's key; empty: AWS_ACCESS_KEY_ID, or the machine's own role."
    )
    secret_access_key: MaybeSecret = Field(
        SecretStr(""), description="The bucket's key; empty: AWS_SECRET_ACCESS_KEY, or the machine's own role."
    )
    copies: Folder = Field(
        Path("data/copies"), description="With a bucket, the folder for copies on this machine, each for about an hour."
    )
    copies_mb: Whole = Field(2048, description="With a bucket, the most megabytes of copies of kept files.")

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
        description="The largest video that is fetched, in bytes; with media.send = link at most 50 MB.",
    )
    timeout: Seconds = Field(60, description="Seconds that fetching a video may take altogether.")
    trusted_origins: Origins = Field((), description="Origins of yours that are exempt from the address guard.")
    sites: Hosts = Field(
        (),
        description="Sites whose videos yt-dlp may fetch, such as youtube.com; it has to be installed (make sites).",
    )


class MediaSettings(_Section):
    """Processing of videos before they are sent to the provider."""

    send: Send = Field(
        "clip", description="clip: only the chosen seconds, cut out; link: the whole video, with the seconds named."
    )
    workers: Whole = Field(1, description="The most videos that are looked at or cut at once.")


class JobSettings(_Section):
    """How much is done at once."""

    downloads: Whole = Field(
        8, description="The most downloads at once: so many from links, so many from Discord, so many of results."
    )
    uploads: Whole = Field(4, description="The most clips that are sent to the provider at once.")
    keep_days: Limit = Field(
        90, description="Days for which finished jobs are kept; 0: for ever. Characters stay whatever it is."
    )
    sends: Whole = Field(16, description="The most messages that are sent to Discord at once.")


class LimitSettings(_Section):
    """Quotas."""

    running_per_user: Limit = Field(
        2, description="Jobs of one person that are worked on at once; their others wait in line; 0: no limit."
    )
    waiting_per_user: Limit = Field(
        5, description="Jobs a person may have besides, in line or with a question for them; more are refused."
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
        description="Credits that one person is expected to spend per day at most (UTC); 0: no limit. "
        "Servers may set less.",
    )
    credits_per_server_per_day: Limit = Field(
        0, description="Credits that one server may be expected to spend per day (UTC); 0: no limit. It may set less."
    )
    running_in_all: Limit = Field(
        100, description="Jobs that are worked on at once, of everybody; the others wait in line; 0: no limit."
    )
    files_mb_per_user: Limit = Field(500, description="Megabytes of files a person may have; 0: no limit.")


class VideoSettings(_Section):
    """Finished videos."""

    keep_days: Limit = Field(30, description="Days for which a finished video is kept; 0: until its owner deletes it.")


class ConsentSettings(_Section):
    """What people have to confirm."""

    ask: Flag = Field(
        True,
        description="Whether people confirm, once and for each video of somebody else's, that they may use the faces "
        "in it.",
    )


class WebSettings(_Section):
    """The small HTTP servers: health and webhooks, and separately the metrics."""

    host: Host = Field("127.0.0.1", description="The address it listens on.")
    port: Port = Field(8080, description="The port it listens on; 0: any free one.")
    public_url: MaybeWebAddress = Field(
        "",
        description="Its address from outside, for links to large exports, such as https://castbook.example.org; "
        "empty: no links.",
    )
    metrics_host: Host = Field(
        "127.0.0.1",
        description="The address for /metrics; another one than loopback only where no stranger gets to it.",
    )
    metrics_port: Port = Field(9090, description="The port for /metrics; 0: any free one.")


class LogSettings(_Section):
    """Logs, which go to stderr."""

    level: Level = Field("INFO", description="The least that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    format: Format = Field("console", description="console for people, json for machines.")


class TraceSettings(_Section):
    """Traces, for an OpenTelemetry collector."""

    endpoint: MaybeWebAddress = Field(
        "", description="The collector's OTLP/HTTP address, such as http://collector:4318; empty: no tracing."
    )
    sample: Share = Field(1.0, description="The share of commands and of jobs that are traced, from 0 to 1.")
