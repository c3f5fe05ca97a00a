"""Installs the shipped version: assembles and exports its experts, checks the result and registers it."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

from product.codes import Reason, RunCode
from product.inference import manifest as manifests
from product.inference import model
from product.inference.manifest import BadVersion, Manifest
from product.settings.configuration import ROOT, SHIPPED_MODEL, Settings
from product.storage.locks import exclusive
from product.storage.versions import Activation
from product.versions.registry import Versions
from product.versions.store import Store

log = logging.getLogger(__name__)


def ensure_shipped(settings: Settings, versions: Versions) -> None:
    """Install the shipped version if its folder is missing, damaged or outdated, or no version is active.

    Runs in a child process, because exporting needs torch, which a serving process should not load. Raises BadVersion
    when the installation fails.
    """
    try:
        installed_manifest(versions.store)
        if versions.active():
            return
    except BadVersion as reason:
        log.info("installing the shipped model, because it is missing or outdated here: %s", reason)
    child = subprocess.run(
        [sys.executable, "-m", "product", "install"], cwd=ROOT, env=os.environ | settings.child_environment()
    )
    if child.returncode:
        raise BadVersion("the shipped model could not be installed; run `python -m product install` to see why")


def installed_manifest(store: Store) -> Manifest:
    """The manifest of the installed shipped version.

    Raises BadVersion if it is not installed, damaged, or was built from other parts than the repository ships now.
    """
    shipped = manifests.read(SHIPPED_MODEL)
    installed = manifests.verify(store.folder(shipped.id))
    if not shipped.files.items() <= installed.files.items():
        raise BadVersion(
            f"{shipped.id}: the installed version was built from other parts than the repository ships now"
        )
    return installed


def install_shipped(settings: Settings, versions: Versions) -> Manifest:
    """Export the shipped parts, check the canary texts, register the version; activate it unless a retrained one is.

    Raises BadVersion, BadBase.
    """
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
        versions.register(installed, {}, Activation([Reason(RunCode.shipped)]) if activate else None)
    return installed


def _install_expert(shipped: Manifest, language: str, draft: Path, base_setting: str) -> manifests.Expert:
    """Copy an expert's parts into the draft and export it there, with the base's tokenizer if none is shipped."""
    # Not at the top: only this command needs torch.
    from product.inference import checkpoint, export, smoothing
    from product.inference.export import Quantisation

    expert = shipped.experts[language]
    base = checkpoint.find_base(expert, language, base_setting)
    for part in expert.parts:
        shutil.copytree(SHIPPED_MODEL / part, draft / part)
    target = draft / expert.serving.file
    for file in (draft / expert.tokenizer, target):
        file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_find_tokenizer(shipped, language, base), draft / expert.tokenizer)
    merged = checkpoint.assemble(base, [draft / part for part in expert.parts])
    quantisation = Quantisation(expert.serving.float_layers, smoothing.find([draft / part for part in expert.parts]))
    export.export_int8(merged, target, quantisation)
    actual = manifests.sha256(target)
    if actual != expert.serving.evaluated_sha256:
        log.warning("%s: the exported file is not identical to the evaluated one; checking the canary texts", language)
    return expert.model_copy(update={"serving": expert.serving.model_copy(update={"sha256": actual})})


def _find_tokenizer(shipped: Manifest, language: str, base: Path | None) -> Path:
    name = shipped.experts[language].tokenizer
    if (SHIPPED_MODEL / name).is_file():
        return SHIPPED_MODEL / name
    if base is None:
        raise BadVersion(f"{shipped.id}: {name} is missing, and the expert has no base model to take it from")
    return base / model.TOKENIZER_FILE
