"""The folders of model versions on a local disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from product.inference import manifest as manifests
from product.inference.manifest import Manifest


@dataclass(frozen=True)
class Store:
    """Folders of versions under `root`, each named by its version's id."""

    root: Path

    def folder(self, version: str) -> Path:
        """The folder of a version, whether or not it exists."""
        return self.root / version

    def draft(self, name: str) -> Path:
        """An empty folder to build a version in, on the same disk so that publishing is a rename."""
        folder = self.root / f".draft-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def publish(self, draft: Path) -> Manifest:
        """Rename a complete draft to its version's folder, replacing an existing one. Raises BadVersion."""
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
