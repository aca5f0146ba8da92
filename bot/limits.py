"""Every limit of Discord, of the provider and of our own, each with where it comes from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

# -- Discord (developer documentation: Interactions, Message resource, Components) ---------------------------------
TOKEN_LIFE = timedelta(minutes=15)
TOKEN_USABLE = timedelta(minutes=14)  # a minute of margin: calling with a dead token counts towards a ban
AUTOCOMPLETE_CHOICES = 25
CHOICE_NAME = 100
CHOICE_VALUE = 100
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4096
CARD_TEXT = 4000  # characters of all texts in a message of Components V2 together
CARD_COMPONENTS = 40  # in such a message, the nested ones too
ALT_TEXT = 1024
ROW_WIDTH = 5  # buttons in a row; a select takes all of it
CUSTOM_ID = 100
BUTTON_LABEL = 80
SMALL_VIDEO_BYTES = 10 * 1024 * 1024  # what may be attached everywhere
LARGEST_VIDEO_BYTES = (
    25 * 1024 * 1024 - 128 * 1024
)  # even where more may be attached: a whole request has at most 25 MiB
MESSAGE_ATTACHMENTS = 10  # and choices of a group of radio buttons in a form
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
PROVIDER_TEXT_LENGTH = 200  # characters of a sentence or a name of the provider's that are kept
PROVIDER_ID_LENGTH = 128
PROVIDER_URL_LENGTH = 4096
PROVIDER_STRANGE_STATUSES = 32  # unknown names of a status that are remembered, and so logged
UPLOAD_FRESH = timedelta(hours=1)  # how long we trust the URL of an upload; its life is documented nowhere

# -- Models that take pictures or a clip of a character, as their cards say: the narrowest of each ---------------------
REFERENCE_SHORTEST = 3.0  # seconds, of the clip as of the voice
REFERENCE_LONGEST = 5.0
REFERENCE_VOICE_LONGEST = 10.0
REFERENCE_SIZE = (1280, 720)  # pixels: the longer and the shorter side
REFERENCE_PICTURES = 3  # the family that takes the fewest pictures of one character takes so many
REFERENCE_LONG_SIDE = 1280  # pixels of a picture; with the widest ratio the short side has 512 then
REFERENCE_WIDEST = 2.5  # the longer side of a picture by the shorter one

# -- ToAPIs' webhooks (its documentation; a documented event is about 1 kB) ------------------------------------------
WEBHOOK_AGE = timedelta(seconds=300)  # by which an event's instant may differ from ours
WEBHOOK_BYTES = 256 * 1024
WEBHOOK_SECONDS = 0.8  # for writing an event down, so that the whole answer takes less than a second
WEBHOOK_SIGNATURES_LENGTH = 512  # characters; two signatures are 135, and each costs a comparison with every key
WEBHOOK_READ_SECONDS = 10.0  # the provider hangs up by then, so nobody of ours waits for the answer

# -- Ours: what people give ------------------------------------------------------------------------------------------
NAME_LENGTH = 32
NOTE_LENGTH = 500  # characters: a form shows them without scrolling, a card beside all else it says
TAG_LENGTH = 32  # characters, as of a name
TAGS = 10  # of one character: a card shows them in a line or two
GROUPS = 50  # of one person
USE_HALVES = timedelta(days=30)  # after which a use of a character counts half as much
LINK_LENGTH = 2000
PROMPT_LENGTH = 4000  # characters: the most that a field of a form takes, so that any prompt can be changed there
DURATION_TYPED = 600  # seconds: the most that may be typed; what a model makes is on its card
VIDEO_CHARACTERS = 4  # in one video, by the options of the command
RANGE_INPUT_LENGTH = 64  # characters that are typed for a range
SERVER_DAY_LIMIT = 100_000  # the most that a server may set as its day's limit
SERVER_LOG_WAITING = 100  # lines of a server's log that wait to be written; of more, the oldest are left out
LOANS_PER_CHARACTER = 10  # so many fit on its card, each with a button
LOANS_TO_ONE = 25  # from one owner to the same person or server: nobody's list is filled by one other
LOANS_BORROWED = 200  # that one person is offered, the newest first
LOAN_USES = 1000  # the most that may be given
LOAN_LONGEST = timedelta(days=365)
LOAN_USES_PER_PAGE = 5
PEOPLE_ASKED = 5  # whose answer one owner waits for
PEOPLE_BEING_ASKED = timedelta(
    minutes=1
)  # for which a question that has not reached anybody yet counts as one that has
PEOPLE_ASKED_AGAIN = timedelta(days=30)  # after a no, before the same owner may ask the same person again
NAMES_TOLD = 5  # of characters that a no has deleted, in one message: as many as one parameter of a sentence takes
PICTURE_BYTES = 8 * 1024 * 1024
SAME_AGAIN = timedelta(minutes=10)  # within which the same clip and seconds are a question
CHOICE_OPEN = timedelta(hours=24)  # how long a question waits for its answer
DRAFT_LIFE = timedelta(hours=24)
VIDEO_KEPT = timedelta(hours=24)  # after an unclear submission, a failure or a preview: for what may be done with it
ADMISSION_QUEUE_LENGTH = 25  # jobs that may wait for a free place; more are refused

# -- Ours: downloads -------------------------------------------------------------------------------------------------
REDIRECTS = 5
RESUMES = 3  # of a download that breaks off, by ranges
PAGE_BYTES = 2 * 1024 * 1024  # of a web page that is read for the video in it
SITE_VISITS = 2  # at once: a child with yt-dlp has some 150 MB
SITE_WAIT = timedelta(minutes=2)  # for one of those; a visit takes some ten seconds
SITE_CONNECTIONS = 400  # of one visit of a site; a video of 50 MB takes some 20
SITE_PAGE_BYTES = 16 * 1024 * 1024  # of pages and scripts, beside the video; those of large sites are some 4 MB
SECTION_MARGIN = 6.0  # seconds fetched on both sides of those that are asked for: a reference set looks around
CONNECT_SECONDS = 10.0  # name, TCP and TLS together
SILENCE_SECONDS = 15.0  # between two pieces of the body

# -- Ours: what the media child opens, and what it may take (bot/media/worker.py says what honest files take) ----------
VIDEO_LONGEST_SIDE = 8192  # pixels
VIDEO_PIXELS = 7680 * 4320
VIDEO_TRACKS = 16
DAMAGED_PACKETS = 400  # of one file, after which it is not worth going on
PICTURE_LONGEST_SIDE = 16_384  # pixels
PICTURE_PIXELS = 24_000_000
CHILD_REQUEST_BYTES = 64 * 1024
CHILD_ANSWER_BYTES = 256 * 1024  # the longest honest answer has a few thousand
CHILD_RESIDENT_MB = 1024  # memory that is really there; the largest pictures (4096x4096, 10 bits a colour) took 790

# -- Ours: what is taken along, and what comes in ---------------------------------------------------------------------
EXPORT_LINK_LIFE = timedelta(hours=1)
EXPORT_DOWNLOADS = 4  # at once; each keeps a zip on the disk for as long as it lasts
EXPORT_CHARACTERS = 500  # in one zip: as many as one import takes
IMPORT_ARCHIVE_BYTES = 600 * 1024 * 1024
IMPORT_ENTRIES = 10_000  # of an archive, whatever they are
IMPORT_CHARACTERS = 500  # of one archive
IMPORT_STILLS = 8  # of one character
IMPORT_DOCUMENT_BYTES = 16 * 1024 * 1024  # of castbook.json: of a /privacy export, all jobs stand in it
IMPORT_HEAD_BYTES = 256 * 1024  # of what it says about all: mostly who is in which group
IMPORT_ENTRY_BYTES = 32 * 1024  # of what it says of one character
IMPORT_CLIP_BYTES = 48 * 1024 * 1024
IMPORT_CLIP_SECONDS = 6.0  # a reference clip has 5
IMPORT_VOICE_BYTES = 4 * 1024 * 1024
IMPORT_VOICE_SECONDS = 11.0
IMPORT_FILES_PER_CHILD = 64
IMPORT_CHILDREN_AGAIN = 32  # looks at half as many files, after one at several failed; to find the one file it is
IMPORT_SECONDS = 720.0  # for all of an archive; the answer has to come within 15 minutes
IMPORTS_AT_ONCE = 2  # archives that are looked at; each has its files on the disk twice meanwhile
IMPORT_FACES = 4  # on the card that shows what would come in

# -- Ours: the runner ------------------------------------------------------------------------------------------------
JOB_ID_HEX = 16
LEASE = timedelta(seconds=60)
LEASE_RENEWAL = timedelta(seconds=20)
SHARED_LEASE = timedelta(seconds=20)  # where many processes work: what a dead one had goes on within 30 s
SHARED_LEASE_RENEWAL = timedelta(seconds=5)
SHARED_NAP = 5.0  # seconds; so long something waits at most where a notification was lost
SHARED_STATE_EVERY = 30.0  # seconds between two looks at what other processes may have changed
SERVERS_READ_EVERY = (
    600.0  # seconds between two looks at the settings of all servers: each change is told by its commit
)
NOTIFICATIONS_AGAIN = 1.0  # seconds until the connection for notifications is tried again
CLOCK_READ_EVERY = 60.0  # seconds between two looks at the database's clock
IDENTIFY_GAP = 5.0  # seconds between two identifies in one bucket (Gateway, Session Start Limit)
TASKS_PER_LANE = 256  # steps that are being done at once, mostly waiting; each is a task with a lease
BEGUN_AT_ONCE = 8  # steps of a lane that are begun in one go
LOOP_BUSY = 0.005  # seconds that a turn of the event loop computes at least where no step is begun,
LOOP_KEEPS_UP_WITHIN = 0.25  # or only after so many seconds
LONGEST_NAP = 30.0  # seconds; after a jump of the clock, the most that something due has to wait
CLOCK_SET_BACK = timedelta(minutes=1)  # by which the clock must go backwards before due times are moved with it
LAST_WRITES = 8  # attempts to write the end of a step, over about a minute
MOST_DEFECTS = 5  # of one job, in a row, before it is given up
MOST_DEFECTS_PAID = 60  # the same for a job whose task is at the provider: the better part of a day
UNREADABLE_AGAIN = timedelta(hours=1)  # until a row that this version cannot read is tried again
DOWNLOAD_ATTEMPTS = 4
PICTURE_ATTEMPTS = 4
STORED_ATTEMPTS = 40  # to keep the files of a character in a bucket that does not take them: over an hour
COMMAND_GRACE = 5.0  # seconds that running commands get to answer at a stop, before the jobs get theirs
SHUTDOWN_GRACE = timedelta(seconds=10)  # for running steps at a stop
TRACES_FLUSHED_WITHIN = 2.0  # seconds at a stop, after all else has ended
MAINTENANCE_EVERY = 60.0  # seconds between two rounds
PRUNED_AT_ONCE = 200  # finished jobs in one transaction: some milliseconds

# -- Ours: files in a bucket --------------------------------------------------------------------------------------
BUCKET_OBJECTS = 1000  # that one request lists or deletes: S3's most (ListObjectsV2, DeleteObjects)
BUCKET_PART = 8 * 1024 * 1024  # bytes of what goes up with one request; S3 wants 5 MiB at least, and 10,000 at most
BUCKET_SILENT = timedelta(seconds=45)  # without a byte, then the request is tried again
BUCKET_REQUEST = timedelta(minutes=5)  # for one request and its answer
BUCKET_RETRIED = timedelta(minutes=1)  # since the first try; then it is an error
BUCKET_SWEPT_EVERY = timedelta(days=1)
UNNEEDED_FOR = timedelta(days=1)  # what no row refers to may be on its way to one, in another process, for so long
LOCAL_COPY_LIFE = timedelta(hours=1)  # of what is in the bucket, since it was last wanted here

# -- Ours: submitting and watching -----------------------------------------------------------------------------------
SUBMISSION_ATTEMPTS = 10  # of an upload or submission that was certainly not taken; about ten minutes in all
SUBMISSION_LOOKUPS = (5, 15, 60, 300)  # seconds after an unclear submission at which both status paths are asked
SUBMISSION_PAUSE = timedelta(hours=1)  # how long a job waits for paused submissions before it fails uncharged
AVATAR_LOOK = timedelta(seconds=12)  # between two looks at characters that the provider has yet to accept
PAUSED_LOOK = timedelta(seconds=30)  # between two looks at a pause
PROBE_GAP = timedelta(seconds=60)  # between two questions for the balance while submissions are paused
MODEL_CLOSED = timedelta(hours=1)  # then the next request finds out; a refusal costs nothing
MODEL_ALIVE = timedelta(days=1)  # how long a request that was taken speaks for its model
TAKEN_TOLD_EVERY = timedelta(minutes=1)  # to other processes, of each model
MODELS_NAMED = 5  # in the place of one that is closed
MODELS_LISTED_EVERY = 600.0  # seconds between two looks at the provider's list of models, which are free
LAST_LOOKS = 5  # failed looks in a row before the worst is believed: the bot may have been away for a while
BELIEVED_GONE = timedelta(minutes=10)  # how long after the submission a 404 may still be a slow replica
POLL_BESIDE_WEBHOOKS = timedelta(seconds=30)
RESULT_SLOWEST_POLL = timedelta(minutes=5)
POLL_PLAN_LIFE = timedelta(seconds=10)  # for which looks are planned by the same figures
RESULT_LIFE = timedelta(hours=24)  # of a finished video at the provider, where it does not say it (its documentation)
RESULT_BYTES = 1024 * 1024 * 1024  # of a finished video; far beyond what is made
RESULT_SECONDS = 600.0  # for one try to fetch it; the next one goes on where this one broke off
RESULT_ATTEMPTS_BEFORE_ALARM = 5  # to fetch a finished video; then operators are told
EVENT_LIFE = timedelta(hours=24)  # how long a webhook event may wait for the answer that says whose task it is about
RATE_PAUSE_LONGEST = 60.0  # seconds for which one refusal stops all calls: the provider's longest window is a minute
PROVIDER_LONGEST_WAIT = 3600.0  # seconds; a Retry-After beyond it is not believed

# -- Ours: messages --------------------------------------------------------------------------------------------------
ROW_BEFORE_ANSWER = timedelta(seconds=1)  # for which an answer waits for its row
READ_BEFORE_FORM = 0.5  # seconds that a read may take before a form is shown
PRESS_SHOWN_WITHIN = 10.0  # seconds; after that the job goes on, whether the press was shown or not
LAST_CLICK = timedelta(seconds=10)  # after which an owner may look elsewhere: then the end is a message that calls them
PROGRESS_GAP = timedelta(seconds=5)
PROGRESS_PATIENCE = 5.0  # seconds for one edit; the next state comes soon
MESSAGE_PATIENCE = 30.0  # seconds for one message; half a lease
DELIVERY_TRIED_FOR = timedelta(hours=24)  # then the result waits in /tasks alone
SAME_NONCE = timedelta(minutes=2)
HISTORY = 100  # messages after an attempt that are searched for ours; one request
LIST_REFRESH = (5.0, 15.0)  # seconds between two looks at a list of tasks, while it is lively and later
LIST_LIVELY = timedelta(minutes=1)
LISTS_REFRESHED = 100  # lists of tasks that are kept up to date at once; further ones stay as they were drawn
CLOCKS_APART = timedelta(seconds=10)  # by which our clock may be ahead of Discord's
SAME_ALARM = timedelta(hours=1)  # before operators are told the same thing again
PARAM_LENGTH = 200  # characters of one value from outside in a message; our own sentences and ids are far shorter
CAST_PER_PAGE = 12  # characters: four rows of faces, with a button for each, fit into one message
FACES_IN_ROW = 3  # on a phone each is about as wide as a thumb
CAST_FEW = 4  # so many characters are shown one below the other, with what is known of them
NOTE_SHOWN = 80  # characters of a note, in a list
FACE_SIDE = 256  # pixels of a face in the gallery; Discord shows it at 180 or so
FACE_ROWS_KEPT = 200  # in memory: some 25 kB each
FACES_WITHIN = 5.0  # seconds for those of a page; without them it is shown as well
VIDEOS_PER_PAGE = 4
VIDEOS_SEARCHED = 200  # the newest of a person, for what they type to find one
ANSWER_LOOKS = (1.0, 3.0, 6.0)  # seconds after which it is checked whether a deferred answer has come
TOLD_REMEMBERED = 10_000  # results that people were told of; they are told again about a forgotten one
MESSAGES_KNOWN = 1_000  # messages about one person that can still be changed; of more, the oldest are forgotten
MESSAGES_KNOWN_FOR = timedelta(days=365)
MESSAGES_AT_ONCE = 20  # messages that are changed in one round; each is a request or two
MESSAGES_PAUSE = 1.0  # seconds at least between two looks, as long as Discord cannot be reached
MESSAGES_LOOK = 30.0  # seconds between two looks for messages to change, where nobody asks for one
MESSAGE_ATTEMPTS = 180  # at one message, the later ones an hour apart: a week
EDITED_TOO_OFTEN = timedelta(hours=1)  # until a message that Discord has closed to edits for a while is tried again
PROGRESS_REMEMBERED = 5_000  # jobs whose progress is shown; far beyond what runs at once
DEAD_TOKENS_REMEMBERED = 1_000  # refused tokens; each is of use for a quarter of an hour
TYPED_REMEMBERED = 1_000  # ranges that were typed and could not be read; each is of use until it is corrected

# -- Interactions over HTTP (Discord: the first answer within 3 s; it documents no size and no age) -------------------
INTERACTION_BYTES = 1024 * 1024  # a form or a message with everything in it is below 200 kB
INTERACTION_AGE = timedelta(seconds=300)  # by which its instant may differ from ours: clocks go wrong
INTERACTION_KNOWN_FOR = 2 * INTERACTION_AGE  # one may have been ahead of us when it came
INTERACTION_TAKEN_WITHIN = 2.5  # seconds to learn whether another process has it; later no answer reaches Discord
INTERACTION_READ_SECONDS = 3.0  # nobody waits for an answer after that
PARENT_KNOWN_WITHIN = 1.0  # seconds for the category of a thread's channel, before anything is answered
SERVERS_REMEMBERED = 1_000  # servers and channels of which is kept what Discord said
SERVERS_REMEMBERED_FOR = timedelta(minutes=10)

# -- Ours: the database and the probes -------------------------------------------------------------------------------
DATABASE_BUSY = timedelta(seconds=10)
DATABASE_BACK_AFTER = 10.0  # seconds without a failure
POSTGRES_CONNECTIONS = 10  # of each process
POSTGRES_WRITERS = 5  # of these that write at the same time, besides the one that writes alone; others are for readers
POSTGRES_ANSWERS_WITHIN = 10.0  # seconds, to let us in
POSTGRES_STATEMENT = 30.0  # seconds that a statement may take
POSTGRES_SILENT = 40.0  # seconds, longer than that, after which the server of a statement is taken to be gone
POSTGRES_IDLE = 30.0  # seconds between two statements of a transaction
POSTGRES_PREPARED = 500  # statements that a connection remembers; the bot has some hundreds
PROVIDER_STATE_KNOWN_FOR = 1.0  # seconds, of what other processes may change
DATABASE_TURN_WITHIN = 30.0  # seconds; as long as a pool of SQLAlchemy's would wait
CHECKPOINT_EVERY = 200  # writes: about a thousand pages of the log, as SQLite itself would do it
BETWEEN_REWRITES = 30.0  # seconds, so that nobody can keep the database busy by deleting again and again
REWRITTEN_WITHIN = (
    3600.0  # seconds after a deletion in which commands go first; then the file is rewritten all the same
)
SCRUB_WAITS = 0.05  # seconds for those who read an older state to come to their end
PROBE_SECONDS = 2.0  # for each probe of /readyz
METRICS_READ_SECONDS = 2.0  # for the figures that /metrics reads from the database
WEB_SHUTDOWN_SECONDS = 2.0
