"""Every error that Haetae raises on purpose, in one tree.

HaetaeError                    message, and a hint that says what to do next
├── ConfigError                a setting or an argument is wrong; names the key
├── MissingExtra               an optional package is not installed; names the command
├── SourceUnavailable          a source cannot be opened or was lost; `permanent` says if trying again can help
├── ModelError                 a model cannot be made or run
│   ├── StateError             a saved camera state cannot be read or belongs to another model
│   ├── ModelBusy              a shared model had no time for this frame; `reason` is what it is counted under
│   ├── EmbeddingFailed        no embeddings came of texts; `of_text` says if it is the texts
│   └── OutOfMemory            a model does not fit into the memory budget; the hint says what would have to go
├── CameraLimit                no more cameras than configured
├── NotFound                   there is no such thing, or not for who is asking
│   ├── UnknownCamera          no camera of that name or id
│   ├── MediaDeleted           the clip or picture was deleted by retention
│   └── MediaPending           the clip or picture is still being made
├── Conflict                   what is asked for does not go with what is there
│   ├── VersionConflict        somebody else changed it meanwhile
│   └── CameraOffline          the camera has no picture that is live
├── Unauthenticated            who is asking is not known
├── Forbidden                  who is asking is known, and may not
├── TooManyRequests            try again later; `retry_after_s` says when
├── DeliveryError              a notice cannot be handed over; `permanent` says if trying again can help
├── MediaError                 a clip or a picture cannot be written
└── StorageError               the journal or the database refuses
    ├── DatabaseUnavailable    the database cannot be reached now
    ├── DatabaseTooNew         the database was written by a newer Haetae
    └── JournalFull            the journal cannot take another event (disk full); nothing was accepted
"""


class HaetaeError(Exception):
    """Base of the tree. `str(error)` is one line for people: what happened, then what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}. {self.hint}" if self.hint else self.message


class ConfigError(HaetaeError):
    """A setting or an argument is wrong; the message names the key, the hint the fix."""


class MissingExtra(HaetaeError):
    """An optional package is needed and absent; the hint is the command that installs it."""


class SourceUnavailable(HaetaeError):
    """A source cannot be opened, or was lost while reading.

    `permanent` is true when trying again cannot help (no such file, no video in it, no permission, wrong password).
    """

    def __init__(self, message: str, *, hint: str = "", permanent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent


class ModelError(HaetaeError):
    """A model cannot be made or run."""


class StateError(ModelError):
    """A saved camera state cannot be read, or belongs to another model or version."""


class ModelBusy(ModelError):
    """A shared model had no time for this frame: it is dropped, and counted under `reason` (stale, closed)."""

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class EmbeddingFailed(ModelError):
    """No embeddings came of texts. `of_text`: the server answers, and will not take these."""

    def __init__(self, message: str, *, of_text: bool = False) -> None:
        super().__init__(message, hint="See haetae doctor")
        self.of_text = of_text


class OutOfMemory(ModelError):
    """A model does not fit into the memory budget; the hint says what would have to be unloaded."""


class CameraLimit(HaetaeError):
    """As many cameras as are allowed are there already."""


class NotFound(HaetaeError):
    """There is no such thing, or not for this viewer: the two are never told apart."""


class UnknownCamera(NotFound):
    """No camera has this name or id."""


class MediaDeleted(NotFound):
    """The event is there, its clip and pictures are not any more: they became too old, or the disk too full."""


class MediaPending(NotFound):
    """The event is there, its clip and pictures are still being made."""


class Conflict(HaetaeError):
    """What is asked for does not go with what is there: a name that is taken, the last admin."""


class VersionConflict(Conflict):
    """It was changed by somebody else since it was read; nothing was written."""


class CameraOffline(Conflict):
    """The camera has no picture that is live, and an old one is never shown as if it were."""


class Unauthenticated(HaetaeError):
    """Who is asking is not known: no token, or one that is not valid (any more)."""


class Forbidden(HaetaeError):
    """Who is asking is known, sees the thing, and may not do this with it."""


class TooManyRequests(HaetaeError):
    """Too often; try again after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class DeliveryError(HaetaeError):
    """A channel did not take a notice.

    `permanent` is true when trying again cannot help (no such recipient, a refused message); `retry_after_s` is when the other side wants
    to be asked again, None where it did not say. `answer` is what it answered, shortened, without secrets. `uncertain`: it may have taken
    it all the same, for the connection broke after it was on its way.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_s: float | None = None,
        answer: str = "",
        uncertain: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.answer = answer
        self.uncertain = uncertain


class MediaError(HaetaeError):
    """A clip or a picture cannot be written."""


class StorageError(HaetaeError):
    """The journal or the database refuses."""


class DatabaseUnavailable(StorageError):
    """The database cannot be reached now; what was accepted stays in the journal."""


class DatabaseTooNew(StorageError):
    """The database was written by a newer Haetae than this one."""


class JournalFull(StorageError):
    """The journal cannot take another event; the event that was offered is not accepted."""
