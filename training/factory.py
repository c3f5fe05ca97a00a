"""What the commands call: a corpus to a finished version folder, and a name to a loaded model."""

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from product import manifest as manifests
from product.inference import checkpoint
from product.inference import model as models
from product.inference.model import Model
from product.inference.text import TextEncoder
from product.manifest import Manifest
from product.sentiment import AttuneError
from product.settings import Settings
from product.storage.database import Database
from product.versions import Versions
from training import corpora as catalogue
from training.build import MAX_TOKENS, build, package_versions
from training.corpora import Row
from training.evaluate import evaluate
from training.finetune import FULL, Recipe, encode, save, soft_targets, train, write_result
from training.preparation import Step, clean, drop_duplicates, keep_apart

REPORTED = ("airline", "desk-en")


class BadRequest(AttuneError):
    """A command was asked for something it cannot do; the message says what it can."""


def recipe_for(method: str, overrides: dict) -> Recipe:
    """Raises BadRequest for an unknown method."""
    known = {"lora": {}, "full": FULL}
    if method not in known:
        raise BadRequest(f"--method {method!r} is not known; known are {', '.join(known)}")
    return replace(Recipe(**known[method]), **overrides)


def training_rows(corpora: list[str]) -> tuple[list[Row], list[Row], list[Step]]:
    """(rows to train on, rows to validate on, what each step kept and dropped)."""
    train_rows, steps = clean([row for name in corpora for row in catalogue.load(name, "train")])
    kept, unique = drop_duplicates(train_rows)
    judging = [(name, split) for name in corpora for split in ("test", "validation", "gate")]
    others = [row for name, split in judging for row in catalogue.load(name, split)]
    kept, apart = keep_apart(kept, others)
    validation = clean([row for name in corpora for row in catalogue.load(name, "validation")])[0]
    return kept, validation, [steps, unique, apart]


def finetune_version(
    settings: Settings,
    *,
    corpora: list[str],
    out: Path,
    method: str,
    base: str,
    version: str,
    overrides: dict,
    say: Callable,
) -> Manifest:
    """Train, export, calibrate and measure; the folder is a version once its manifest is there."""
    started = time.monotonic()
    recipe = recipe_for(method, overrides)
    if out.exists() and any(out.iterdir()):
        raise BadRequest(f"--out {out}: there is something in it already; name a new or empty folder")
    rows, validation, steps = training_rows(corpora)
    for step in steps:
        say(str(step))
    folder = checkpoint.locate_base(base or settings.base_model)
    encoder = TextEncoder(folder / models.TOKENIZER_FILE, MAX_TOKENS)
    out.mkdir(parents=True, exist_ok=True)
    work, history, targets = out.with_name(f".{out.name}.work"), [], None
    rounds = len(recipe.learning_rates)
    for number in range(rounds):
        say(
            f"round {number + 1} of {rounds}: training on {len(rows):,} rows ({method}), "
            f"stopping early on {len(validation):,} validation rows"
        )
        data, judged_by = encode(rows, encoder, targets), encode(validation, encoder)
        model, log = train(checkpoint.load_base(folder), data, judged_by, recipe, work, number)
        history.append(log)
        if number + 1 < rounds:
            targets = soft_targets(model, rows, encoder, recipe.soft_share)
    save(model, out / "adapter")
    write_result(out.with_name(f"{out.name}.json"), recipe, history, time.monotonic() - started)
    details = {
        "data": {
            "corpora": {name: catalogue.CATALOGUE[name].origin for name in corpora},
            "steps": [vars(step) for step in steps],
        },
        "training": {"recipe": asdict(recipe), "packages": package_versions(), "rows": len(rows)},
    }
    manifest = build(
        out, id=version, base=folder, adapters=["adapter"], validation=validation, details=details, say=say
    )
    served = models.load(out)
    say("measuring on " + ", ".join(REPORTED))
    metrics = {f"{name} test": evaluate(served, clean(catalogue.load(name, "test"))[0]) for name in REPORTED}
    return manifests.write(out, manifest.model_copy(update={"metrics": metrics}))


def find_model(settings: Settings, name: str) -> Model:
    """The version in a folder, the version of that id, or the active one; raises BadVersion naming what is wrong."""
    if name and Path(name).is_dir():
        return models.load(Path(name))
    database = Database(settings.database)
    database.migrate()
    try:
        versions = Versions(settings, database)
        versions.ensure_shipped()
        return models.load(versions.store.folder(name or versions.active()))
    finally:
        database.close()


def ship(source: Path, target: Path, say: Callable) -> Manifest:
    """Put a finished version's adapters and manifest where the product's repository keeps them.

    Base, tokenizer and export stay behind: an installation makes them again from the adapters and checks the result.
    """
    manifest = manifests.verify(source)
    models.load(source)
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for adapter in manifest.adapters:
        shutil.copytree(source / adapter, draft / adapter)
    shipped = manifests.write(draft, manifest)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    say(f"{shipped.id}: {', '.join(shipped.files)} and the manifest are in {target}")
    return shipped
