"""Sites whose links people share, played on loopback: what each answers under its own names, page by page.

No test asks the real sites. Addresses, redirects and pages are of the shape that the sites are known for, so that what
is tried is every step from the pasted link to the file: docs/clips.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FILE = "the file"
SIGN_IN = "<!doctype html><html><title>Sign in</title><form action=/session method=post></form></html>"
_APP = "<!DOCTYPE html><html lang=en><title>goal.mp4</title><div id=app></div><script src=/app.js></script></html>"


def _og(video: str, kind: str = "video/mp4") -> str:
    quoted = video.replace("&", "&amp;")
    return (
        '<!doctype html><html><head><meta property="og:type" content="video.other">'
        f'<meta property="og:video" content="{quoted}"><meta property="og:video:type" content="{kind}">'
        '<meta name="twitter:card" content="player"><meta name="twitter:player" content="/embed">'
        "</head><body><video poster=/still.jpg></video></body></html>"
    )


@dataclass(frozen=True)
class Way:
    """From what somebody pastes to its file.

    ``visits``: the addresses that are asked in this order, without their scheme, which is https, and what each answers:
    an address to go to, a page, or :data:`FILE`. ``instead``: what the site answers to who comes by another way.
    """

    pasted: str
    visits: Sequence[tuple[str, str]]
    instead: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShareSite:
    """``what`` people share, what the bot has ``done`` with it, and the ``ways`` that are tried."""

    what: str
    done: str
    ways: Sequence[Way]


_DROPBOX = "www.dropbox.com/scl/fi/k3y/my%20goal.mp4?rlkey=r4nd&st=abc"
_DROPBOX_FILE = "uc0ffee.dl.dropboxusercontent.com/cd/0/get/AbC-d_e/file?dl=1"
_DRIVE = "drive.usercontent.google.com/download?id=1aB-c_D&export=download"
_LARGE = (
    "<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title>"
    '<form id="download-form" action="https://drive.usercontent.google.com/download" method="get">'
    '<input type="hidden" name="id" value="1aB-c_D"><input type="hidden" name="confirm" value="t"></form></html>'
)
_ONEDRIVE = "api.onedrive.com/v1.0/shares/u!aHR0cHM6Ly8xZHJ2Lm1zL3YvcyFBYmM/root/content"
_S3 = (
    "github-production-user-asset-6210df.s3.amazonaws.com/1/2-0b1c.mp4?X-Amz-Credential=AK%2F20261129%2Fus-east-1"
    "&X-Amz-Expires=300&X-Amz-Signature=0a1b&response-content-type=video%2Fmp4"
)
_STREAMABLE = "cdn-cf-east.streamable.com/video/mp4/abc123.mp4?Expires=1796000000&Key-Pair-Id=APK&Signature=a~b-c__"
_MEDAL = "cdn.medal.tv/source/720p/goal.mp4?Expires=1796000000&Signature=a~b__"
_ARCHIVE = "archive.org/download/a-goal_2026/a%20goal.mp4"
_REDDIT = "www.reddit.com/r/football/comments/1abc/a_goal/"
_PACKED = "packaged-media.redd.it/v1d/pb/m2-res_720p.mp4?m=DASHPlaylist.mpd&v=1&e=1796000000&s=0a1b"
_REDDIT_PAGE = (
    "<!doctype html><html><body><shreddit-post><shreddit-player-2 src=https://v.redd.it/v1d/HLSPlaylist.m3u8 "
    'packaged-media-json="{&quot;playbackMp4s&quot;:{&quot;duration&quot;:9,&quot;permutations&quot;:['
    "{&quot;source&quot;:{&quot;url&quot;:&quot;https://packaged-media.redd.it/v1d/pb/m2-res_270p.mp4&quot;,"
    "&quot;dimensions&quot;:{&quot;width&quot;:480,&quot;height&quot;:270}}},"
    f"{{&quot;source&quot;:{{&quot;url&quot;:&quot;https://{_PACKED.replace('&', '&amp;')}&quot;,"
    "&quot;dimensions&quot;:{&quot;width&quot;:1280,&quot;height&quot;:720}}}]}}"
    '"></shreddit-player-2></shreddit-post></body></html>'
)

SITES: Sequence[ShareSite] = (
    ShareSite(
        "Dropbox",
        "the file behind it is fetched, also with `dl=0`",
        (
            Way(
                f"https://{_DROPBOX}&dl=0",
                ((f"{_DROPBOX}&dl=1", f"https://{_DROPBOX_FILE}"), (_DROPBOX_FILE, FILE)),
                {f"{_DROPBOX}&dl=0": _APP},
            ),
            Way(
                "https://www.dropbox.com/s/k3y/goal.mp4",
                (
                    ("www.dropbox.com/s/k3y/goal.mp4?dl=1", "/s/dl/k3y/goal.mp4"),
                    ("www.dropbox.com/s/dl/k3y/goal.mp4", f"https://{_DROPBOX_FILE}"),
                    (_DROPBOX_FILE, FILE),
                ),
                {"www.dropbox.com/s/k3y/goal.mp4": _APP},
            ),
        ),
    ),
    ShareSite(
        "Google Drive",
        "the file behind it is fetched, past the page that warns of large files",
        (
            *(
                Way(f"https://{pasted}", ((f"{_DRIVE}&confirm=t", FILE),), {pasted: _APP, _DRIVE: _LARGE})
                for pasted in (
                    "drive.google.com/file/d/1aB-c_D/view?usp=sharing",
                    "drive.google.com/open?id=1aB-c_D",
                    "drive.google.com/uc?export=download&id=1aB-c_D",
                    _DRIVE,
                )
            ),
            Way(
                "https://drive.google.com/file/d/0Old/view?resourcekey=0-k&usp=sharing",
                (
                    (
                        "drive.usercontent.google.com/download?id=0Old&export=download&confirm=t&resourcekey=0-k",
                        FILE,
                    ),
                ),
            ),
        ),
    ),
    ShareSite(
        "OneDrive (links with `s!`; those with `/c/` need an account)",
        "the file behind it is fetched",
        (
            Way(
                "https://1drv.ms/v/s!Abc",
                (
                    (_ONEDRIVE, "https://public.bn.files.1drv.com/y4mAbC-d_e/goal.mp4"),
                    ("public.bn.files.1drv.com/y4mAbC-d_e/goal.mp4", FILE),
                ),
                {"1drv.ms/v/s!Abc": "https://onedrive.live.com/redir?resid=A!1", "onedrive.live.com/": _APP},
            ),
        ),
    ),
    ShareSite(
        "Imgur (`.gifv`, or a page)",
        "the MP4 of the same name, or the one that the page names, is fetched",
        (
            Way(
                "https://i.imgur.com/AbC12.gifv",
                (("i.imgur.com/AbC12.mp4", FILE),),
                {"i.imgur.com/AbC12.gifv": _og("https://i.imgur.com/AbC12.mp4")},
            ),
            Way(
                "https://imgur.com/AbC12",
                (("imgur.com/AbC12", _og("https://i.imgur.com/AbC12.mp4?fb")), ("i.imgur.com/AbC12.mp4?fb", FILE)),
            ),
        ),
    ),
    ShareSite(
        "GitHub: an attachment, or a file of a repository",
        "the file behind it is fetched; its signature stays as it is",
        (
            Way(
                "https://github.com/user-attachments/assets/0b1c-2d",
                (("github.com/user-attachments/assets/0b1c-2d", f"https://{_S3}"), (_S3, FILE)),
            ),
            Way(
                "https://github.com/someone/repo/blob/main/media/a.mp4",
                (
                    (
                        "github.com/someone/repo/raw/main/media/a.mp4",
                        "https://raw.githubusercontent.com/someone/repo/main/media/a.mp4",
                    ),
                    ("raw.githubusercontent.com/someone/repo/main/media/a.mp4", FILE),
                ),
                {"github.com/someone/repo/blob/main/media/a.mp4": _APP},
            ),
        ),
    ),
    ShareSite(
        "Streamable",
        "the file that its page names is fetched",
        (
            Way(
                "https://streamable.com/abc123",
                (("streamable.com/abc123", _og(f"https://{_STREAMABLE}")), (_STREAMABLE, FILE)),
            ),
        ),
    ),
    ShareSite(
        "Medal",
        "the file that its page names is fetched",
        (
            Way(
                "https://medal.tv/games/rocket-league/clips/abc123",
                (
                    (
                        "medal.tv/games/rocket-league/clips/abc123",
                        _og("https://medal.tv/api/content/abc123/socialVideoUrl"),
                    ),
                    ("medal.tv/api/content/abc123/socialVideoUrl", f"https://{_MEDAL}"),
                    (_MEDAL, FILE),
                ),
            ),
        ),
    ),
    ShareSite(
        "Tumblr",
        "the file that its page names is fetched",
        (
            Way(
                "https://someone.tumblr.com/post/7123/a-goal",
                (
                    ("someone.tumblr.com/post/7123/a-goal", "https://www.tumblr.com/someone/7123/a-goal"),
                    ("www.tumblr.com/someone/7123/a-goal", _og("https://va.media.tumblr.com/tumblr_r4nd_720.mp4")),
                    ("va.media.tumblr.com/tumblr_r4nd_720.mp4", FILE),
                ),
            ),
        ),
    ),
    ShareSite(
        "archive.org",
        "the file that its page names is fetched",
        (
            Way(
                "https://archive.org/details/a-goal_2026",
                (
                    ("archive.org/details/a-goal_2026", _og(f"https://{_ARCHIVE}")),
                    (_ARCHIVE, "https://ia601234.us.archive.org/12/items/a-goal_2026/a%20goal.mp4"),
                    ("ia601234.us.archive.org/12/items/a-goal_2026/a%20goal.mp4", FILE),
                ),
            ),
        ),
    ),
    ShareSite(
        "Reddit, where its video is an MP4 with sound",
        "the largest file that its page names is fetched, also where the site is switched off",
        (
            Way(f"https://{_REDDIT}", ((_REDDIT, _REDDIT_PAGE), (_PACKED, FILE))),
            Way(
                "https://www.reddit.com/r/football/s/Sh0rt",
                (
                    ("www.reddit.com/r/football/s/Sh0rt", f"https://{_REDDIT}?share_id=x"),
                    (f"{_REDDIT}?share_id=x", _REDDIT_PAGE),
                    (_PACKED, FILE),
                ),
            ),
            Way(
                "https://v.redd.it/v1d",
                (
                    ("v.redd.it/v1d", "https://www.reddit.com/video/v1d"),
                    ("www.reddit.com/video/v1d", f"https://{_REDDIT}"),
                    (_REDDIT, _REDDIT_PAGE),
                    (_PACKED, FILE),
                ),
            ),
        ),
    ),
)

# What sites answer where a link is not for everybody, or names no file: what is pasted, what each address answers.
CLOSED: Mapping[str, Mapping[str, str]] = {
    "https://drive.google.com/file/d/1aB-c_D/view": {
        f"{_DRIVE}&confirm=t": "https://accounts.google.com/ServiceLogin?continue=x",
        "accounts.google.com/ServiceLogin?continue=x": SIGN_IN,
    },
    "https://drive.google.com/open?id=1aB-c_D": {f"{_DRIVE}&confirm=t": "<html><title>Quota exceeded</title></html>"},
    f"https://{_REDDIT}": {
        _REDDIT: "<html><shreddit-player src=https://v.redd.it/v1d/HLSPlaylist.m3u8 packaged-media-json={}>"
    },
    "https://www.reddit.com/r/football/comments/2/": {
        "www.reddit.com/r/football/comments/2/": f"<html><shreddit-player packaged-media-json='{'[' * 100_000}'>"
    },
}
