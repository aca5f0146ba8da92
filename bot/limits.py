"""Every limit of Discord, of the provider and of our own, each with where it comes from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

# -- Discord (developer documentation: Interactions, Message resource, Components) ---------------------------------
TOKEN_LIFE = timedelta(minutes=15)
TOKEN_USABLE = timedelta(minutes=14)  # a minute of margin: calling with a dead token counts towards a ban
AUTOCOMPLETE_CHOICES = 25
CHOICE_NAME = 100
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4096
CUSTOM_ID = 100
BUTTON_LABEL = 80
MODAL_TITLE = 45

# -- ToAPIs (Create a character; Upload a video; Webhooks) ----------------------------------------------------------
RANGE_SHORTEST = Decimal(1)
RANGE_LONGEST = Decimal(3)
PROVIDER_VIDEO_BYTES = 50 * 1024 * 1024
PROVIDER_ANSWER_BYTES = 1024 * 1024
UPLOAD_FRESH = timedelta(hours=1)  # how long we trust the URL of an upload; its life is documented nowhere

# -- Ours -----------------------------------------------------------------------------------------------------------
NAME_LENGTH = 32
ROW_BEFORE_ANSWER = timedelta(seconds=1)  # for which the first answer waits for the row that it is about
PICTURE_BYTES = 8 * 1024 * 1024
JOB_ID_HEX = 16
PRUNED_AT_ONCE = 200  # finished jobs in one transaction: some milliseconds
LEASE = timedelta(seconds=60)
TASKS_PER_LANE = 256  # steps that are being done at once, mostly waiting; each is a task with a lease
LEASE_RENEWAL = timedelta(seconds=20)
SHUTDOWN_GRACE = timedelta(seconds=10)
PROGRESS_GAP = timedelta(seconds=5)
CHOICE_OPEN = timedelta(hours=24)
POLL_BESIDE_WEBHOOKS = timedelta(seconds=30)
EVENT_LIFE = timedelta(hours=24)  # how long a webhook event may wait for the answer that says whose task it is about
RESULT_SLOWEST_POLL = timedelta(minutes=5)
SUBMISSION_LOOKUPS = (5, 15, 60, 300)  # seconds after an unclear submission at which both status paths are asked
SUBMISSION_PAUSE = timedelta(hours=1)  # how long a job waits for paused submissions before it fails uncharged
RESEND_WINDOW = timedelta(hours=24)  # how long the clip of an unclear submission is kept for "Send again"
SAME_AGAIN = timedelta(minutes=10)
SAME_NONCE = timedelta(minutes=2)
DRAFT_LIFE = timedelta(hours=24)
DATABASE_BUSY = timedelta(seconds=10)
