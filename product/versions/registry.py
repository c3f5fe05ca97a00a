"""Model versions: folders in a store, rows in the database, and the one that is active.

The database says which version is active; a folder is complete once its manifest exists. Whoever serves watches the
database and loads the version it names, after checking every hash.
"""

import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from product.inference import backends, model
from product.inference import manifest as manifests
from product.inference.engine import Engine
from product.inference.manifest import BadVersion, Manifest
from product.periodic import Periodic
from product.sentiment import AttuneError, NotFound
from product.settings.configuration import ROOT, SHIPPED_MODEL, Settings
from product.storage import lineage
from product.storage.database import Database
from product.storage.locks import exclusive

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class NoParent(AttuneError):
    """The active version has no parent to go back to."""


@dataclass(frozen=True)
class Store:
    """Folders of versions on a local disk, one a version, named by its id."""

    root: Path

    def folder(self, version: str) -> Path:
        return self.root / version

    def draft(self, name: str) -> Path:
        """An empty folder to build a version in; on the same disk, so that publishing is one rename."""
        folder = self.root / f".draft-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def publish(self, draft: Path) -> Manifest:
        """Give a complete draft its name. A folder that is there already under that name is replaced."""
        manifest = manifests.verify(draft)
        target = self.folder(manifest.id)
        if target.exists():
            stale = self.root / f".stale-{manifest.id}"
            shutil.rmtree(stale, ignore_errors=True)
            target.rename(stale)
            draft.rename(target)
            shutil.rmtree(stale)
        else:
            draft.rename(target)
        return manifest


class Versions:
    """What commands and the serving process do with versions."""

    def __init__(self, settings: Settings, database: Database):
        self._settings, self._database = settings, database
        self.store = Store(settings.versions_dir)

    def active(self) -> str | None:
        with self._database.read() as session:
            return lineage.active_version(session)

    def register(self, manifest: Manifest, learned: dict[str, str], activate: bool, why: str) -> None:
        """As `record`, in a commit of its own: no reader sees a half of it."""
        with self._database.write() as session:
            record(session, manifest, learned, activate=activate, why=why)

    def promote(self, version: str, why: str) -> None:
        """Make a version active once its folder is proved whole. Raises NotFound or BadVersion."""
        with self._database.read() as session:
            if lineage.version(session, id=version) is None:
                raise NotFound(f"no version {version!r}; `python -m product versions` lists them")
        manifests.verify(self.store.folder(version))
        with self._database.write() as session:
            lineage.activate(session, version_id=version, why=why)

    def rollback(self, why: str) -> tuple[str, str]:
        """Back to the parent of the active version. Returns (from, to); raises NoParent at the first of the line."""
        with self._database.read() as session:
            active = lineage.active_version(session)
            row = lineage.version(session, id=active) if active else None
            parent = row.parent if row else None
        if parent is None:
            raise NoParent(f"{active or 'no version'} is active and has no parent to go back to")
        self.promote(parent, why)
        return active, parent

    def candidates(self) -> list[str]:
        """The active version, then those that were active before it, latest first: what to try when one is broken."""
        with self._database.read() as session:
            return lineage.activated_versions(session)

    def discard_unrecorded(self) -> None:
        """Delete versions that a run published and was killed before it recorded: nobody can make them active.

        Only what a run of this database has announced: another one's versions may lie in the same folder.
        """
        with self._database.read() as session:
            unrecorded = lineage.unrecorded_versions(session)
        for folder in map(self.store.folder, unrecorded):
            if folder.exists():
                log.warning("version %s was published and never recorded: the run was killed; deleting it", folder.name)
                shutil.rmtree(folder)

    def ensure_shipped(self) -> None:
        """Build the shipped version's folder where there is none, or a damaged one, in a process of its own.

        Building needs torch, and a serving process should not have loaded it.
        """
        try:
            self.installed()
            if self.active():
                return
        except BadVersion as reason:
            log.info("building the shipped model once (%s)", reason)
        child = subprocess.run(
            [sys.executable, "-m", "product", "install"], cwd=ROOT, env=os.environ | self._settings.for_child()
        )
        if child.returncode:
            raise BadVersion("the shipped model could not be built: `python -m product install` says why")

    def installed(self) -> Manifest:
        """The shipped version's manifest here; raises BadVersion unless its folder is whole and of these parts."""
        shipped = manifests.read(SHIPPED_MODEL)
        installed = manifests.verify(self.store.folder(shipped.id))
        if not shipped.files.items() <= installed.files.items():
            raise BadVersion(f"{shipped.id}: the repository ships other parts under this name now")
        return installed

    def follows_shipped(self) -> bool:
        """Whether what is active came with the product, so that a newer shipped version should take its place."""
        with self._database.read() as session:
            active = lineage.active_version(session)
            return active is None or lineage.version(session, id=active).parent is None


def record(
    session: Session,
    manifest: Manifest,
    learned: dict[str, str],
    *,
    activate: bool,
    why: str,
    probation: bool = False,
    shadow_until: datetime | None = None,
) -> None:
    """A version whose folder is complete, what it learned (correction's id to label), and that it is active now.

    `probation`: no person decided that it becomes active, so that its parent may come back by itself.
    `shadow_until`: it reads in its parent's shadow first.
    """
    if lineage.version(session, id=manifest.id) is None:
        lineage.add_version(
            session,
            id=manifest.id,
            parent=manifest.parent,
            corrections=manifest.corrections,
            metrics=manifest.metrics,
            verdict=manifest.verdict,
            learned=learned,
        )
    if shadow_until:
        lineage.start_shadow(session, version_id=manifest.id, champion=manifest.parent, until=shadow_until)
    if activate:
        lineage.activate(session, version_id=manifest.id, why=why, probation=probation)


def install_shipped(settings: Settings, versions: Versions) -> Manifest:
    """Make the shipped parts a version that can serve: put together, export, check canaries, register."""
    with exclusive(versions.store.root / ".install.lock", "installing the shipped model", wait=True):
        shipped = manifests.verify(SHIPPED_MODEL)
        try:
            installed = versions.installed()
        except BadVersion:
            draft = versions.store.draft(shipped.id)
            experts = {name: _install_expert(shipped, name, draft, settings.base_model) for name in shipped.experts}
            manifests.write(draft, shipped.model_copy(update={"experts": experts}))
            model.load(draft)
            installed = versions.store.publish(draft)
        activate = versions.follows_shipped() and versions.active() != installed.id
        versions.register(installed, {}, activate=activate, why="shipped with the product")
    return installed


def _install_expert(shipped: Manifest, language: str, draft: Path, base_setting: str) -> manifests.Expert:
    """Copy an expert's parts into the draft and export it there. Its tokenizer is the base's where none is shipped."""
    # torch: only this command's process pays for it
    from product.inference import checkpoint, export

    expert = shipped.experts[language]
    base = checkpoint.find_base(expert, language, base_setting)
    for part in expert.parts:
        shutil.copytree(SHIPPED_MODEL / part, draft / part)
    own = SHIPPED_MODEL / expert.tokenizer
    if not own.is_file() and base is None:
        raise BadVersion(f"{shipped.id}: {expert.tokenizer} is missing, and there is no base to take it from")
    target = draft / expert.serving.file
    for file in (draft / expert.tokenizer, target):
        file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(own if own.is_file() else base / model.TOKENIZER_FILE, draft / expert.tokenizer)
    merged = checkpoint.assemble(base, [draft / part for part in expert.parts])
    export.export_int8(merged, target, expert.serving.float_layers)
    actual = manifests.sha256(target)
    if actual != expert.serving.evaluated_sha256:
        log.warning("%s: the export differs in bits from the evaluated one; its canaries decide", language)
    return expert.model_copy(update={"serving": expert.serving.model_copy(update={"sha256": actual})})


class Watcher:
    """Keeps an engine on the active version: loads what the database names, or keeps what serves and says why."""

    def __init__(self, settings: Settings, versions: Versions, engine: Engine):
        self._settings, self._versions, self._engine = settings, versions, engine
        self.backend, why = backends.choose(settings.backend)
        log.info("backend %s: %s", self.backend, why)
        self.refused: dict[str, str] = {}
        self._refused_state: dict[str, tuple] = {}
        self._poll = Periodic("watching for a new version", self.check, POLL_SECONDS)

    def start(self) -> None:
        """Load the best version there is, then watch. Raises BadVersion when none can be loaded."""
        for version in self._versions.candidates():
            if self._try(version):
                break
        else:
            raise BadVersion("no version can be loaded: " + "; ".join(self.refused.values()))
        self._poll.start()

    def stop(self) -> None:
        self._poll.stop()

    def check(self) -> None:
        """Once: swap to the active version if it is another one and can be trusted."""
        active = self._versions.active()
        if active == self._engine.version:
            self.refused.clear()
        elif active:
            self._try(active)

    def _try(self, version: str) -> bool:
        folder = self._versions.store.folder(version)
        state = _state(folder)
        if self._refused_state.get(version) == state:
            return False
        try:
            self._engine.swap(model.load(folder, self.backend, self._settings.base_model))
        except AttuneError as reason:
            self.refused[version], self._refused_state[version] = str(reason), state
            log.error("refused version %s: %s; still serving %s", version, reason, self._engine.version)
            return False
        self.refused.pop(version, None)
        return True


def _state(folder: Path) -> tuple:
    """Changes when a file in the folder does, so that a mended folder is tried again and a broken one is not hashed
    every second."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
