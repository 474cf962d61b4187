"""What can be done with cameras: each operation one transaction, each failure an error of Haetae's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, delete, exc, func, select, text, true, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.camera_repository import ensure_camera, get_camera, list_cameras, source_place, to_config
from haetae.database.engine import Sessions, session_scope
from haetae.database.event_store import is_row_fault
from haetae.database.models import Camera
from haetae.domain.camera import CameraConfig
from haetae.domain.camera_check import check_camera
from haetae.errors import CameraLimit, ConfigError, Conflict, DatabaseUnavailable, UnknownCamera, VersionConflict
from haetae.vault import Vault

log = structlog.get_logger()

# What reading a row that no Haetae wrote may raise: from the driver's JSON, pydantic, or the domain's own checks.
_UNREADABLE = (ConfigError, ValueError, TypeError, LookupError, AttributeError)


_ALL: ColumnElement[bool] = true()


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A camera as the database holds it. `version` grows with every change. Times are UTC-aware."""

    config: CameraConfig
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BrokenCamera:
    """A row that holds no configuration, and why not."""

    id: UUID
    name: str
    error: str


Within = Callable[[Session, StoredCamera | None, StoredCamera | None], None]
"""Called inside the transaction once something was changed, with the camera before and after; None where there is none, or where the row
need not be readable. It may write more; what it raises undoes all."""


def _nothing(_session: Session, _before: StoredCamera | None, _after: StoredCamera | None) -> None:
    """Nothing more is to be done in the transaction."""


class CameraStore:
    """The cameras of a site. Safe to call from any thread; several processes may do so at the same time.

    Writers take turns (SQLite: the write lock; PostgreSQL: a lock of the table that readers do not notice), so that the limit and the
    names hold and no change is lost. With a `vault` the sources, which hold passwords, are sealed in the database. Every method raises
    DatabaseUnavailable while the database cannot be used, StorageError while the key cannot.
    """

    def __init__(self, sessions: Sessions, clock: Clock, *, max_cameras: int, vault: Vault | None = None) -> None:
        self._sessions = sessions
        self._clock = clock
        self._max_cameras = max_cameras
        self._vault = vault

    def get(self, name_or_id: str | UUID) -> StoredCamera:
        """The camera of this id or name. Raises UnknownCamera, and ConfigError when several have the name or its row cannot be read."""
        with self._transaction(read_only=True) as session:
            return _load(session, _find(session, name_or_id), self._vault)

    def find_id(self, name_or_id: str | UUID) -> UUID:
        """The id of a camera, also of one whose row cannot be read. Raises as `get` does."""
        with self._transaction(read_only=True) as session:
            return _find(session, name_or_id)

    def add(self, config: CameraConfig) -> StoredCamera:
        """Store a new camera. Raises ConfigError for what `check_camera` refuses, Conflict for a taken name, CameraLimit."""
        return self.add_all([config])[0]

    def add_all(self, configs: Sequence[CameraConfig], *, within: Within = _nothing) -> list[StoredCamera]:
        """Store new cameras, all or none. Raises what `add` raises."""
        with self._transaction() as session:
            return [self._add(session, check_camera(config), within) for config in configs]

    def _add(self, session: Session, config: CameraConfig, within: Within) -> StoredCamera:
        if session.scalar(select(Camera.id).where(Camera.id == config.id)) is not None:
            raise ConfigError(f"there is a camera with the id {config.id} already", hint="Change that one, or make a new id")
        _refuse_taken_name(session, config)
        if config.enabled:
            self._refuse_too_many(session, config.id)
        added = _stored(ensure_camera(session, config, now=self._clock.now(), vault=self._vault), self._vault)
        within(session, None, added)
        return added

    def change(
        self,
        camera_id: UUID,
        change: Callable[[CameraConfig], CameraConfig],
        *,
        expected_version: int | None = None,
        within: Within = _nothing,
    ) -> StoredCamera:
        """Store what `change` makes of the camera as it is now; nothing is written, and the version stays, where that is the same.

        `change` is called inside the transaction: it must be quick and keep the id. Raises what it raises, UnknownCamera, CameraLimit,
        ConfigError and Conflict as `add` does, and VersionConflict when the camera's version is no longer `expected_version`.
        """
        with self._transaction() as session:
            before = _load(session, _find(session, camera_id), self._vault)
            if expected_version not in (None, before.version):
                raise VersionConflict(
                    f"camera {before.config.name!r} was changed by somebody else", hint="Look at it again, then try again"
                )
            config = check_camera(change(before.config))
            if config.id != camera_id:
                raise ValueError("a change must keep the camera's id")
            if config.name != before.config.name:
                _refuse_taken_name(session, config)
            if config.enabled and not before.config.enabled:
                self._refuse_too_many(session, camera_id)
            after = _stored(ensure_camera(session, config, now=self._clock.now(), vault=self._vault), self._vault)
            if after.version != before.version:
                within(session, before, after)
            return after

    def set_enabled(self, camera_id: UUID, enabled: bool, *, within: Within = _nothing) -> bool:
        """Let it run or not; false when that was so already. Raises UnknownCamera, CameraLimit.

        Nothing else of the row is looked at, so that any camera can be stopped.
        """
        with self._transaction() as session:
            _find(session, camera_id)
            values = {"enabled": enabled, "version": Camera.version + 1, "updated_at": self._clock.now()}
            statement = update(Camera).where(Camera.id == camera_id, Camera.enabled.is_not(enabled)).values(values)
            changed = session.execute(statement, execution_options={"synchronize_session": False}).rowcount > 0  # type: ignore[attr-defined]
            if changed and enabled:
                self._refuse_too_many(session, camera_id)
            if changed:
                within(session, None, None)
            return bool(changed)

    def remove(self, camera_id: UUID, *, within: Within = _nothing) -> None:
        """Delete the camera and the grants on it. Its events, clips and statistics stay: evidence outlives its camera.

        Raises UnknownCamera.
        """
        with self._transaction() as session:
            _find(session, camera_id)
            session.execute(delete(Camera).where(Camera.id == camera_id), execution_options={"synchronize_session": False})
            within(session, None, None)

    def read_all(self, *, where: ColumnElement[bool] = _ALL) -> tuple[list[StoredCamera], list[BrokenCamera]]:
        """Every camera by name, and apart from them the rows that cannot be read; of those for which `where`, a condition on the table,
        holds. One query; takes no write lock."""
        with self._transaction(read_only=True) as session:
            return _sort_out(session, self._vault, where)

    def list(self) -> list[StoredCamera]:
        """Every camera that can be read, by name; the others are logged."""
        cameras, broken = self.read_all()
        for row in broken:
            log.warning("camera_unreadable", camera=str(row.id), name=row.name, error=row.error)
        return cameras

    def seal_all(self) -> int:
        """Seal the sources that lie in clear or under an older key; the rows' versions stay. Returns how many there were.

        What cannot be unsealed stays as it is, for the key may come back.
        """
        vault, sealed = self._vault, 0
        if vault is None:
            return 0
        with self._transaction() as session:
            for camera_id, source in session.execute(select(Camera.id, Camera.source)).all():
                if vault.is_current(source):
                    continue
                place = source_place(camera_id)
                try:
                    anew = vault.seal(vault.unseal(source, place=place), place=place)
                except ConfigError as error:
                    log.warning("camera_source_sealed_away", camera=str(camera_id), error=error.message)
                    continue
                session.execute(
                    update(Camera).where(Camera.id == camera_id).values(source=anew), execution_options={"synchronize_session": False}
                )
                sealed += 1
        if sealed:
            log.info("camera_sources_sealed", cameras=sealed)
        return sealed

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                if not read_only and session.get_bind().dialect.name == "postgresql":
                    session.execute(text("LOCK TABLE cameras IN SHARE ROW EXCLUSIVE MODE"))
                yield session
        except exc.SQLAlchemyError as error:
            if is_row_fault(error):
                raise ConfigError(f"the database refuses this camera: {_reason(error)}", hint="Correct it, then try again") from error
            raise DatabaseUnavailable(
                f"the database cannot be used: {_reason(error)}", hint="Check its path, permissions or server"
            ) from error

    def _refuse_too_many(self, session: Session, camera_id: UUID) -> None:
        others = session.scalar(select(func.count()).select_from(Camera).where(Camera.enabled.is_(True), Camera.id != camera_id)) or 0
        if others >= self._max_cameras:
            raise CameraLimit(
                f"{others} cameras are enabled, and {self._max_cameras} are allowed",
                hint="Stop another one (haetae camera stop NAME), or raise site.max_cameras",
            )


def _find(session: Session, name_or_id: str | UUID) -> UUID:
    rows = session.execute(select(Camera.id, Camera.name).order_by(Camera.id)).all()
    wanted = name_or_id if isinstance(name_or_id, UUID) else _as_id(name_or_id)
    if any(row.id == wanted for row in rows):
        assert wanted is not None
        return wanted
    same = [row.id for row in rows if row.name == name_or_id]
    if len(same) > 1:
        raise ConfigError(f"{len(same)} cameras are called {name_or_id!r}", hint=f"Name one by its id: {', '.join(map(str, same))}")
    if same:
        found: UUID = same[0]
        return found
    close = get_close_matches(str(name_or_id), [row.name for row in rows], n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else "See `haetae camera list`"
    raise UnknownCamera(f"there is no camera {str(name_or_id)!r}", hint=hint)


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _load(session: Session, camera_id: UUID, vault: Vault | None) -> StoredCamera:
    try:
        row = get_camera(session, camera_id)
        assert row is not None
        return _stored(row, vault)
    except _UNREADABLE as error:
        raise ConfigError(
            f"what is stored for camera {camera_id} cannot be read: {_reason(error)}",
            hint=f"Remove it (haetae camera remove {camera_id}) and add it again",
        ) from error


def _stored(row: Camera, vault: Vault | None) -> StoredCamera:
    return StoredCamera(to_config(row, vault), row.version, row.created_at, row.updated_at)


def _sort_out(session: Session, vault: Vault | None, where: ColumnElement[bool]) -> tuple[list[StoredCamera], list[BrokenCamera]]:
    cameras: list[StoredCamera] = []
    broken: list[BrokenCamera] = []
    try:
        for row in list_cameras(session, where=where):
            try:
                cameras.append(_stored(row, vault))
            except _UNREADABLE as error:
                broken.append(BrokenCamera(row.id, row.name, _reason(error)))
    except ValueError:
        # One row's JSON is no JSON at all, and the driver gives none of them: ask for each by itself.
        return _one_by_one(session, vault, where)
    return cameras, broken


def _one_by_one(session: Session, vault: Vault | None, where: ColumnElement[bool]) -> tuple[list[StoredCamera], list[BrokenCamera]]:
    cameras: list[StoredCamera] = []
    broken: list[BrokenCamera] = []
    for camera_id, name in session.execute(select(Camera.id, Camera.name).where(where).order_by(Camera.name, Camera.id)).all():
        try:
            cameras.append(_load(session, camera_id, vault))
        except ConfigError as error:
            broken.append(BrokenCamera(camera_id, name, _reason(error.__cause__ or error)))
    return cameras, broken


def _refuse_taken_name(session: Session, config: CameraConfig) -> None:
    if session.scalar(select(Camera.id).where(Camera.name == config.name, Camera.id != config.id).limit(1)) is not None:
        raise Conflict(f"there is a camera called {config.name!r} already", hint="Choose another name, or change that one")


def _reason(error: BaseException) -> str:
    """One line, without the statement, its parameters or the values: an address may be among them."""
    if isinstance(error, ValidationError):
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['msg']}" for fault in error.errors(include_url=False)]
        return "; ".join(faults[:3])
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
    return " ".join(f"{type(cause).__name__}: {cause}".split()) if not isinstance(cause, ConfigError) else cause.message
