"""Keeps a serving process on the active version: the hot swap."""

import logging
from pathlib import Path

from product.inference import backends, model
from product.inference.engine import Engine
from product.inference.manifest import BadVersion
from product.periodic import Periodic
from product.sentiment import AttuneError
from product.settings.configuration import Settings
from product.versions.registry import Versions

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0

FolderState = tuple[tuple[str, int, int], ...]
"""Path, size and modification time of every file in a folder."""


class Watcher:
    """Loads the active version into an engine whenever it changes.

    A version that cannot be loaded is refused: the engine keeps the one it has. `refused` maps its id to the reason.
    """

    def __init__(self, settings: Settings, versions: Versions, engine: Engine):
        self._settings, self._versions, self._engine = settings, versions, engine
        self.backend, why = backends.choose(settings.backend)
        log.info("backend %s: %s", self.backend, why)
        self.refused: dict[str, str] = {}
        self._refused_states: dict[str, FolderState] = {}
        self._poll = Periodic("checking for a new version", self.check, POLL_SECONDS)

    def start(self) -> None:
        """Load the active version, else the latest earlier one that can be loaded; then keep watching.

        Raises BadVersion when none can be loaded.
        """
        for version in self._versions.candidates():
            if self._load(version):
                break
        else:
            raise BadVersion("no version can be loaded: " + "; ".join(self.refused.values()))
        self._poll.start()

    def stop(self) -> None:
        """Stop watching."""
        self._poll.stop()

    def check(self) -> None:
        """Load the active version if the engine has another one."""
        active = self._versions.active()
        if active == self._engine.version:
            self.refused.clear()
        elif active:
            self._load(active)

    def _load(self, version: str) -> bool:
        folder = self._versions.store.folder(version)
        state = _state(folder)
        # A repaired folder is tried again; a broken one is not hashed every second.
        if self._refused_states.get(version) == state:
            return False
        try:
            self._engine.swap(model.load(folder, self.backend, self._settings.base_model))
        except AttuneError as reason:
            self.refused[version], self._refused_states[version] = str(reason), state
            log.error("refused version %s: %s; still serving %s", version, reason, self._engine.version)
            return False
        self.refused.pop(version, None)
        return True


def _state(folder: Path) -> FolderState:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
