"""The folders of model versions on a local disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from product.inference import manifest as manifests
from product.inference.manifest import Manifest


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
