"""Every limit of Discord, of the provider and of our own, each with its source."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

# -- Discord (developer documentation: Interactions, Message resource, Components) ---------------------------------
TOKEN_LIFE = timedelta(minutes=15)
TOKEN_USABLE = timedelta(minutes=14)  # a minute of margin: calls with an expired token count towards a ban
AUTOCOMPLETE_CHOICES = 25
CHOICE_NAME = 100
CHOICE_VALUE = 100
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4096
CARD_TEXT = 4000  # characters of all texts in a Components V2 message together
CARD_COMPONENTS = 40  # in such a message, including nested ones
ALT_TEXT = 1024
ROW_WIDTH = 5  # buttons in a row; a select takes the whole row
CUSTOM_ID = 100
BUTTON_LABEL = 80
SMALL_VIDEO_BYTES = 10 * 1024 * 1024  # can be attached everywhere
LARGEST_VIDEO_BYTES = (
    25 * 1024 * 1024 - 128 * 1024
)  # even where more may be attached: a whole request has at most 25 MiB
MESSAGE_ATTACHMENTS = 10  # also the choices in a group of radio buttons in a form
MESSAGE_BUTTONS = 25  # five rows of five
SELECT_OPTIONS = 25
SELECT_PLACEHOLDER = 150
OPTION_LABEL = 100  # and its description
MODAL_TITLE = 45
FORM_LABEL = 45
FORM_PLACEHOLDER = 100
FORM_DESCRIPTION = 100

# -- ToAPIs (Create a character; Upload a video; Webhooks) ----------------------------------------------------------
RANGE_SHORTEST = Decimal(1)
RANGE_LONGEST = Decimal(3)
PROVIDER_VIDEO_BYTES = 50 * 1024 * 1024
PROVIDER_IMAGE_BYTES = 10 * 1024 * 1024
PROVIDER_ANSWER_BYTES = 1024 * 1024
PROVIDER_TEXT_LENGTH = 200  # characters kept of a sentence or a name from the provider
PROVIDER_ID_LENGTH = 128
PROVIDER_URL_LENGTH = 4096
PROVIDER_STRANGE_STATUSES = 32  # unknown status names that are remembered, so that each is logged once
UPLOAD_FRESH = timedelta(hours=1)  # how long we trust the URL of an upload; its lifetime is not documented

# -- Models that take pictures or a clip of a character: the narrowest limit on their cards ---------------------------
REFERENCE_SHORTEST = 3.0  # seconds, for both clip and voice
REFERENCE_LONGEST = 5.0
REFERENCE_VOICE_LONGEST = 10.0
REFERENCE_SIZE = (1280, 720)  # pixels: the longer and the shorter side
REFERENCE_PICTURES = 3  # the family that takes the fewest pictures of one character takes this many
REFERENCE_LONG_SIDE = 1280  # pixels of a picture; the short side has 512 with the widest ratio
REFERENCE_WIDEST = 2.5  # the longer side of a picture divided by the shorter one

# -- ToAPIs' webhooks (its documentation; a documented event is about 1 kB) ------------------------------------------
WEBHOOK_AGE = timedelta(seconds=300)  # how far an event's timestamp may differ from ours
WEBHOOK_BYTES = 256 * 1024
WEBHOOK_SECONDS = 0.8  # for recording an event, so that the whole answer takes less than a second
WEBHOOK_SIGNATURES_LENGTH = 512  # characters; two signatures take 135, and each is compared with every key
WEBHOOK_READ_SECONDS = 10.0  # the provider hangs up by then, so no answer is needed later

# -- Ours: input from people ------------------------------------------------------------------------------------------
NAME_LENGTH = 32
NOTE_LENGTH = 500  # characters: a form shows them without scrolling, and a card beside everything else
TAG_LENGTH = 32  # characters, as for a name
TAGS = 10  # of one character: a card shows them in a line or two
GROUPS = 50  # of one person
USE_HALVES = timedelta(days=30)  # after that time a use of a character counts half as much
LINK_LENGTH = 2000
PROMPT_LENGTH = 4000  # characters: the maximum of a form field, so that any prompt can be edited there
DURATION_TYPED = 600  # seconds: the most that may be typed; the model's card has the real limit
VIDEO_CHARACTERS = 4  # in one video, by the options of the command
RANGE_INPUT_LENGTH = 64  # characters that are typed for a range
SERVER_DAY_LIMIT = 100_000  # the highest daily limit that a server may set
SERVER_LOG_WAITING = 100  # lines of a server's log that may wait; beyond that, the oldest are dropped
LOANS_PER_CHARACTER = 10  # they fit on its card, each with a button
LOANS_TO_ONE = 25  # from one owner to the same person or server, so that nobody can fill another person's list
LOANS_BORROWED = 200  # offered to one person, the newest first
LOAN_USES = 1000  # the highest number of uses
LOAN_LONGEST = timedelta(days=365)
LOAN_USES_PER_PAGE = 5
BORROWED_PER_PAGE = 5  # each with a picture and two buttons: with those that turn pages, all 40 parts of a card
PEOPLE_SHOWN = 8  # who were asked for one character, on the card of its loans
PEOPLE_ASKED = 5  # unanswered questions of one owner
PEOPLE_BEING_ASKED = timedelta(minutes=1)  # how long a question whose delivery is unconfirmed counts as asked
PEOPLE_ASKED_AGAIN = timedelta(days=30)  # after a no, before the same owner may ask the same person again
NAMES_TOLD = 5  # characters deleted by a no, in one message: as many as a parameter of a sentence can hold
PICTURE_BYTES = 8 * 1024 * 1024
SAME_AGAIN = timedelta(minutes=10)  # within this time the same clip and seconds lead to a question
CHOICE_OPEN = timedelta(hours=24)  # how long a question waits for its answer
DRAFT_LIFE = timedelta(hours=24)
VIDEO_KEPT = timedelta(hours=24)  # after an unclear submission, a failure or a preview, for its buttons
ADMISSION_QUEUE_LENGTH = 25  # jobs that may wait for a free place; more are refused
ADMITTED_AT_ONCE = 50  # queued jobs, in one transaction that holds the locks of their owners

# -- Ours: downloads -------------------------------------------------------------------------------------------------
REDIRECTS = 5
RESUMES = 3  # resumptions of an interrupted download, by range requests
PAGE_BYTES = 2 * 1024 * 1024  # of a web page that is searched for a video
SITE_VISITS = 2  # at once: a child with yt-dlp takes some 150 MB
SITE_WAIT = timedelta(minutes=2)  # for one of those; a visit takes some ten seconds
SITE_CONNECTIONS = 400  # in one visit to a site; a video of 50 MB takes some 20
SITE_PAGE_BYTES = 16 * 1024 * 1024  # of pages and scripts, besides the video; large sites have some 4 MB
SECTION_MARGIN = 6.0  # seconds fetched before and after the requested ones, for the reference set
CONNECT_SECONDS = 10.0  # name, TCP and TLS together
SILENCE_SECONDS = 15.0  # between two pieces of the body

# -- Ours: what the media child opens, and what it may use (bot/media/worker.py: what legitimate files need) ----------
VIDEO_LONGEST_SIDE = 8192  # pixels
VIDEO_PIXELS = 7680 * 4320
VIDEO_TRACKS = 16
DAMAGED_PACKETS = 400  # in one file, after which decoding stops
PICTURE_LONGEST_SIDE = 16_384  # pixels
PICTURE_PIXELS = 24_000_000
CHILD_REQUEST_BYTES = 64 * 1024
CHILD_ANSWER_BYTES = 256 * 1024  # the longest legitimate answer has a few thousand
CHILD_RESIDENT_MB = 1024  # resident memory; the largest pictures (4096x4096, 10 bits per colour) took 790

# -- Ours: exports and imports ----------------------------------------------------------------------------------------
EXPORT_LINK_LIFE = timedelta(hours=1)
EXPORT_DOWNLOADS = 4  # at once; each keeps a zip on the disk meanwhile
EXPORT_CHARACTERS = 500  # in one zip: as many as one import accepts
IMPORT_ARCHIVE_BYTES = 600 * 1024 * 1024
IMPORT_ENTRIES = 10_000  # of an archive, whatever they are
IMPORT_CHARACTERS = 500  # in one archive
IMPORT_STILLS = 8  # of one character
IMPORT_DOCUMENT_BYTES = 16 * 1024 * 1024  # of castbook.json: that of a /privacy export contains all jobs
IMPORT_HEAD_BYTES = 256 * 1024  # of its general part: mostly group memberships
IMPORT_ENTRY_BYTES = 32 * 1024  # of its part about one character
IMPORT_CLIP_BYTES = 48 * 1024 * 1024
IMPORT_CLIP_SECONDS = 6.0  # a reference clip has 5
IMPORT_VOICE_BYTES = 4 * 1024 * 1024
IMPORT_VOICE_SECONDS = 11.0
IMPORT_FILES_PER_CHILD = 64
IMPORT_CHILDREN_AGAIN = 32  # further passes over half as many files each, to find the one that breaks the child
IMPORT_SECONDS = 720.0  # for a whole archive; the answer has to come within 15 minutes
IMPORTS_AT_ONCE = 2  # archives being checked; each has its files on the disk twice meanwhile
IMPORT_FACES = 4  # on the card that shows what would be imported

# -- Ours: the runner ------------------------------------------------------------------------------------------------
JOB_ID_HEX = 16
LEASE = timedelta(seconds=60)
LEASE_RENEWAL = timedelta(seconds=20)
SHARED_LEASE = timedelta(seconds=20)  # with many processes: a dead one's jobs continue within 30 s
SHARED_LEASE_RENEWAL = timedelta(seconds=5)
SHARED_NAP = 5.0  # seconds; the longest delay if a notification is lost
SHARED_STATE_EVERY = 30.0  # seconds between two checks of what other processes may have changed
SERVERS_READ_EVERY = (
    600.0  # seconds between two reads of all servers' settings: each change is announced with its commit
)
NOTIFICATIONS_AGAIN = 1.0  # seconds until the connection for notifications is retried
CLOCK_READ_EVERY = 60.0  # seconds between two reads of the database's clock
IDENTIFY_GAP = 5.0  # seconds between two identifies in one bucket (Gateway, Session Start Limit)
TASKS_PER_LANE = 256  # steps running at once, mostly waiting; each is a task with a lease
PUT_IN_TURN = 512  # due steps of a lane among which each owner has a turn; later ones wait until these were begun
BEGUN_AT_ONCE = 2  # steps of a lane that are started together
# While commands that start jobs keep coming, the runner begins less: new jobs then get as many steps as the default of
# toapis.submit_per_second uses (two per job), paid ones as many as one core can do.
QUIET = 0.05  # seconds without such a command, after which the runner begins as much as usual
ROUND_BESIDE_ANSWERS = 0.1  # seconds between two rounds of the runner until then, each with at most so many steps:
NEW_BESIDE_ANSWERS, PAID_BESIDE_ANSWERS = 1, 8
ANSWERS_GO_FIRST = 0.05  # seconds that a transaction of a job waits at most for commands that are being answered
# seconds after which a busy event loop hands the interpreter to a thread that waits for it: Python's 0.005 would be
# added to each statement of the database, because the driver runs it in a thread
SWITCH_INTERVAL = 0.0005
LOOP_BUSY = 0.005  # seconds of computing per round of the event loop above which no step is started,
LOOP_KEEPS_UP_WITHIN = 0.25  # or for at most this many seconds
LONGEST_NAP = 30.0  # seconds; after a jump of the clock, something due waits at most this long
CLOCK_SET_BACK = timedelta(minutes=1)  # how far the clock must jump backwards before due times are moved with it
LAST_WRITES = 8  # attempts to write the end of a step, over about a minute
MOST_DEFECTS = 5  # of one job, in a row, before it is given up
MOST_DEFECTS_PAID = 60  # the same for a job whose task is at the provider: most of a day
UNREADABLE_AGAIN = timedelta(hours=1)  # until a row that this version cannot read is tried again
DOWNLOAD_ATTEMPTS = 4
PICTURE_ATTEMPTS = 4
STORED_ATTEMPTS = 40  # to store the files of a character in a bucket that does not accept them: over an hour
COMMAND_GRACE = 5.0  # seconds that running commands get at a stop, before the jobs get theirs
SHUTDOWN_GRACE = timedelta(seconds=10)  # for running steps at a stop
TRACES_FLUSHED_WITHIN = 2.0  # seconds at a stop, after everything else has ended
MAINTENANCE_EVERY = 60.0  # seconds between two rounds
PRUNED_AT_ONCE = 200  # finished jobs in one transaction: some milliseconds
SWEPT_AT_ONCE = 10_000  # expired rows of a table in one round; more than the busiest bot has in a minute

# -- Ours: files in a bucket --------------------------------------------------------------------------------------
BUCKET_OBJECTS = 1000  # per list or delete request: S3's maximum (ListObjectsV2, DeleteObjects)
BUCKET_PART = 8 * 1024 * 1024  # bytes per request of an upload; S3 wants at least 5 MiB, and at most 10,000 parts
BUCKET_SILENT = timedelta(seconds=45)  # without a byte, after which the request is retried
BUCKET_REQUEST = timedelta(minutes=5)  # for one request and its answer
BUCKET_RETRIED = timedelta(minutes=1)  # since the first try, after which it is an error
BUCKET_SWEPT_EVERY = timedelta(days=1)
UNNEEDED_FOR = timedelta(days=1)  # how long a file without a row may be waiting for one, in another process
LOCAL_COPY_LIFE = timedelta(hours=1)  # of a bucket's object, since it was last used here

# -- Ours: submitting and watching -----------------------------------------------------------------------------------
SUBMISSION_ATTEMPTS = 10  # of an upload or submission that was certainly not accepted; about ten minutes in all
SUBMISSION_LOOKUPS = (5, 15, 60, 300)  # seconds after an unclear submission at which both status paths are asked
SUBMISSION_PAUSE = timedelta(hours=1)  # how long a job waits for paused submissions before it fails uncharged
AVATAR_LOOK = timedelta(seconds=12)  # between two checks of assets that the provider has yet to accept
PAUSED_LOOK = timedelta(seconds=30)  # between two checks of a pause
PROBE_GAP = timedelta(seconds=60)  # between two balance queries while submissions are paused
MODEL_CLOSED = timedelta(hours=1)  # then the next request tries again; a refusal costs nothing
MODEL_ALIVE = timedelta(days=1)  # how long an accepted request proves that its model works
TAKEN_TOLD_EVERY = timedelta(minutes=1)  # to other processes, per model
MODELS_NAMED = 5  # alternatives named for a closed model
MODELS_LISTED_EVERY = 600.0  # seconds between two queries of the provider's list of models, which are free
LAST_LOOKS = 5  # failed polls in a row before the worst is believed: the bot may have been offline
BELIEVED_GONE = timedelta(minutes=10)  # how long after the submission a 404 may still come from a slow replica
POLL_BESIDE_WEBHOOKS = timedelta(seconds=30)
RESULT_SLOWEST_POLL = timedelta(minutes=5)
POLL_PLAN_LIFE = timedelta(seconds=10)  # how long a plan for polling is used
RESULT_LIFE = timedelta(hours=24)  # of a finished video at the provider, unless it says otherwise (its documentation)
RESULT_BYTES = 1024 * 1024 * 1024  # of a finished video; far more than any has
RESULT_SECONDS = 600.0  # for one download attempt; the next one resumes it
RESULT_ATTEMPTS_BEFORE_ALARM = 5  # to fetch a finished video; then operators are told
EVENT_LIFE = timedelta(hours=24)  # how long a webhook event may wait until its task's job is known
RATE_PAUSE_LONGEST = 60.0  # seconds for which one refusal stops all calls: the provider's longest window is a minute
PROVIDER_LONGEST_WAIT = 3600.0  # seconds; a longer Retry-After is not believed

# -- Ours: messages --------------------------------------------------------------------------------------------------
ROW_BEFORE_ANSWER = timedelta(seconds=1)  # how long an answer waits for its row
READ_BEFORE_FORM = 0.5  # seconds that a read may take before a form is shown
PRESS_SHOWN_WITHIN = 10.0  # seconds; after that the job continues, whether the press was shown or not
LAST_CLICK = timedelta(seconds=10)  # after that an owner may be elsewhere, so the end is a message that mentions them
PROGRESS_GAP = timedelta(seconds=5)
PROGRESS_PATIENCE = 5.0  # seconds for one edit; the next state follows soon
MESSAGE_PATIENCE = 30.0  # seconds for one message; half a lease
DELIVERY_TRIED_FOR = timedelta(hours=24)  # then the result is only in /tasks
SAME_NONCE = timedelta(minutes=2)
HISTORY = 100  # messages after an attempt that are searched for ours; one request
LIST_REFRESH = (5.0, 15.0)  # seconds between two checks of a task list: while it changes often, and later
LIST_LIVELY = timedelta(minutes=1)
LISTS_REFRESHED = 100  # task lists refreshed at once; further ones stay as they are
CLOCKS_APART = timedelta(seconds=10)  # how far our clock may be ahead of Discord's
SAME_ALARM = timedelta(hours=1)  # before operators are told the same thing again
PARAM_LENGTH = 200  # characters of one outside value in a message; our own sentences and ids are far shorter
CAST_PER_PAGE = 12  # characters: four rows of faces, with a button for each, fit into one message
FACES_IN_ROW = 3  # on a phone each is about as wide as a thumb
CAST_FEW = 4  # characters shown one below the other, with details
NOTE_SHOWN = 80  # characters of a note in a list
FACE_SIDE = 256  # pixels of a face in the gallery; Discord shows about 180
FACE_ROWS_KEPT = 200  # in memory: some 25 kB each
FACES_WITHIN = 5.0  # seconds for the faces of a page, which is otherwise shown without them
VIDEOS_PER_PAGE = 4
VIDEOS_SEARCHED = 200  # a person's newest, for autocomplete
ANSWER_LOOKS = (1.0, 3.0, 6.0)  # seconds after which to check whether a deferred answer has arrived
TOLD_REMEMBERED = 10_000  # results that people were told of; they are told again about a forgotten one
MESSAGES_KNOWN = 1_000  # messages about one person that can still be changed; beyond that, the oldest are forgotten
MESSAGES_KNOWN_FOR = timedelta(days=365)
MESSAGES_AT_ONCE = 20  # messages changed per round; each takes a request or two
MESSAGES_PAUSE = 1.0  # minimal seconds between two rounds while Discord is unreachable
MESSAGES_LOOK = 30.0  # seconds between two checks for messages to change, unless one is requested
MESSAGE_ATTEMPTS = 180  # per message, the later ones an hour apart: a week
EDITED_TOO_OFTEN = timedelta(hours=1)  # until a message is retried that Discord has closed to edits for a while
PROGRESS_REMEMBERED = 5_000  # jobs whose progress is shown; far more than can run at once
DEAD_TOKENS_REMEMBERED = 1_000  # rejected tokens; each matters for a quarter of an hour
TYPED_REMEMBERED = 1_000  # unreadable ranges; each matters until it is corrected

# -- Interactions over HTTP (Discord: the first answer within 3 s; it documents no size and no age) -------------------
INTERACTION_BYTES = 1024 * 1024  # a form or a message with everything in it has less than 200 kB
INTERACTION_AGE = timedelta(seconds=300)  # how far its timestamp may differ from ours: clocks can be wrong
INTERACTION_KNOWN_FOR = 2 * INTERACTION_AGE  # its timestamp may have been ahead of us
INTERACTION_TAKEN_WITHIN = 2.5  # seconds to ask whether another process has it; later answers miss Discord's limit
INTERACTION_READ_SECONDS = 3.0  # nobody waits for an answer after that
PARENT_KNOWN_WITHIN = 1.0  # seconds for the category of a thread's channel, before anything is answered
LENDERS_KNOWN_WITHIN = 0.5  # seconds for their names, as one types; without them borrowed ones are offered as well
SERVERS_REMEMBERED = 1_000  # servers, channels and people whose REST answers are cached
SERVERS_REMEMBERED_FOR = timedelta(minutes=10)

# -- Ours: the database and the probes -------------------------------------------------------------------------------
DATABASE_BUSY = timedelta(seconds=10)
DATABASE_BACK_AFTER = 10.0  # seconds without a failure
POSTGRES_CONNECTIONS = 10  # per process
POSTGRES_SEARCHES = 4  # further ones, per process that answers people
SEARCH_TURN_WITHIN = 2.0  # seconds that a choice waits for one of them; Discord takes it for 3 s
# Of the ten, concurrent writers besides the exclusive one; the rest is for readers.
POSTGRES_WRITERS_WITH_LOCKS = 4  # which may wait for somebody else's
POSTGRES_WRITERS_WITHOUT_LOCKS = 2  # each sends a statement or two
POSTGRES_ANSWERS_WITHIN = 10.0  # seconds, to connect
POSTGRES_STATEMENT = 30.0  # seconds that a statement may take
POSTGRES_SILENT = 40.0  # seconds, longer than that, after which a statement's server counts as gone
POSTGRES_IDLE = 30.0  # seconds between two statements of a transaction
POSTGRES_PREPARED = 500  # prepared statements per connection; the bot has some hundreds
MIGRATION_HOLDS_UP = timedelta(seconds=1)  # longest wait for a table; others queue behind it, and commands have 3 s
MIGRATION_AGAIN = 2.0  # seconds between two attempts
MIGRATION_TRIES_FOR = timedelta(minutes=10)
PROVIDER_STATE_KNOWN_FOR = 1.0  # seconds, for what other processes may change
DATABASE_TURN_WITHIN = 30.0  # seconds; the default timeout of SQLAlchemy's pool
CHECKPOINT_EVERY = 200  # writes: about a thousand pages of the log, as SQLite itself would do
SEARCH_PAGES_MERGED_AT_ONCE = 64  # of 4 kB, of SQLite's full-text index: some milliseconds
SEARCH_MERGED_WHOLE_EVERY = timedelta(days=1)
BETWEEN_REWRITES = 30.0  # seconds, so that nobody can keep the database busy by repeated deletions
REWRITTEN_WITHIN = 3600.0  # seconds after a deletion in which commands go first; then the file is rewritten anyway
SCRUB_WAITS = 0.05  # seconds for readers of an older snapshot to finish
PROBE_SECONDS = 2.0  # for each probe of /readyz
METRICS_READ_SECONDS = 2.0  # for the values that /metrics reads from the database
WEB_SHUTDOWN_SECONDS = 2.0
