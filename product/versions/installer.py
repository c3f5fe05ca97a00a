"""Installs the version that the repository ships: assembles its experts, exports and registers it."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

from product.inference import manifest as manifests
from product.inference import model
from product.inference.manifest import BadVersion, Manifest
from product.settings.configuration import ROOT, SHIPPED_MODEL, Settings
from product.storage.locks import exclusive
from product.versions.registry import Versions
from product.versions.store import Store

log = logging.getLogger(__name__)


def ensure_shipped(settings: Settings, versions: Versions) -> None:
    """Build the shipped version's folder where there is none, or a damaged one, in a process of its own.

    Building needs torch, and a serving process should not have loaded it.
    """
    try:
        installed_manifest(versions.store)
        if versions.active():
            return
    except BadVersion as reason:
        log.info("building the shipped model once (%s)", reason)
    child = subprocess.run(
        [sys.executable, "-m", "product", "install"], cwd=ROOT, env=os.environ | settings.child_environment()
    )
    if child.returncode:
        raise BadVersion("the shipped model could not be built: `python -m product install` says why")


def installed_manifest(store: Store) -> Manifest:
    """The shipped version's manifest here; raises BadVersion unless its folder is whole and of these parts."""
    shipped = manifests.read(SHIPPED_MODEL)
    installed = manifests.verify(store.folder(shipped.id))
    if not shipped.files.items() <= installed.files.items():
        raise BadVersion(f"{shipped.id}: the repository ships other parts under this name now")
    return installed


def install_shipped(settings: Settings, versions: Versions) -> Manifest:
    """Make the shipped parts a version that can serve: put together, export, check canaries, register."""
    with exclusive(versions.store.root / ".install.lock", "installing the shipped model", wait=True):
        shipped = manifests.verify(SHIPPED_MODEL)
        try:
            installed = installed_manifest(versions.store)
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
