"""Which model version is active: registration, promotion and rollback."""

import logging
import shutil
from datetime import datetime

from sqlalchemy.orm import Session

from product.inference import manifest as manifests
from product.inference.manifest import Manifest
from product.sentiment import AttuneError, NotFound
from product.settings.configuration import Settings
from product.storage.attempts import unrecorded_versions
from product.storage.database import Database
from product.storage.versions import (
    Activation,
    NewVersion,
    activate_version,
    active_version,
    add_version,
    get_version,
    start_shadow,
    versions_by_activation,
)
from product.versions.store import Store

log = logging.getLogger(__name__)


class NoParent(AttuneError):
    """The active version has no parent to roll back to."""


class Versions:
    """The versions of an installation: their folders in `store`, and the active one in the database."""

    def __init__(self, settings: Settings, database: Database):
        self._database = database
        self.store = Store(settings.versions_dir)

    def active(self) -> str | None:
        """The id of the active version, None before there is one."""
        with self._database.read() as session:
            return active_version(session)

    def register(self, manifest: Manifest, learned: dict[str, str], activation: Activation | None) -> None:
        """Record a version (see `record`) in one transaction."""
        with self._database.write() as session:
            record(session, manifest, learned, activation)

    def promote(self, version: str, activation: Activation) -> None:
        """Make a version active after checking the files in its folder. Raises NotFound, BadVersion."""
        with self._database.read() as session:
            if get_version(session, id=version) is None:
                raise NotFound(f"no version {version!r}; `python -m product versions` lists them")
        manifests.verify(self.store.folder(version))
        with self._database.write() as session:
            activate_version(session, version, activation)

    def rollback(self, activation: Activation) -> tuple[str, str]:
        """Make the parent of the active version active. Returns the ids before and after.

        Raises NoParent if there is none, BadVersion if its files are damaged.
        """
        with self._database.read() as session:
            active = active_version(session)
            row = get_version(session, id=active) if active else None
            parent = row.parent if row else None
        if active is None or parent is None:
            raise NoParent(f"{active or 'no version'} is active and has no parent to roll back to")
        self.promote(parent, activation)
        return active, parent

    def candidates(self) -> list[str]:
        """The active version and those active before it, latest first, in the order to try if one is broken."""
        with self._database.read() as session:
            return versions_by_activation(session)

    def discard_unrecorded(self) -> None:
        """Delete the folders of versions that a killed run published but did not record; they can never become active.

        Other folders stay, because another database may use the same store.
        """
        with self._database.read() as session:
            unrecorded = unrecorded_versions(session)
        for folder in map(self.store.folder, unrecorded):
            if folder.exists():
                log.warning("deleting version %s: its run was killed before recording it", folder.name)
                shutil.rmtree(folder)

    def follows_shipped(self) -> bool:
        """Whether a newer shipped version should become active: not if the active one was retrained."""
        with self._database.read() as session:
            active = active_version(session)
            row = get_version(session, id=active) if active else None
            return row is None or row.parent is None


def record(
    session: Session,
    manifest: Manifest,
    learned: dict[str, str],
    activation: Activation | None,
    shadow_until: datetime | None = None,
) -> None:
    """Record a version whose folder is complete. `learned`: feedback id to the label it was trained with.

    `activation`: given if the version becomes active now. `shadow_until`: given if it runs in shadow mode first.
    """
    if get_version(session, id=manifest.id) is None:
        version = NewVersion(
            id=manifest.id,
            parent=manifest.parent,
            corrections=manifest.corrections,
            metrics=manifest.metrics,
            verdict=manifest.verdict,
            learned=learned,
        )
        add_version(session, version)
    if shadow_until and manifest.parent:
        start_shadow(session, version_id=manifest.id, champion=manifest.parent, ends_at=shadow_until)
    if activation:
        activate_version(session, manifest.id, activation)
