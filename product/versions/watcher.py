"""Keeps the serving process on the active version: the hot swap."""

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
