"""The loop, once: collect, hold back, train, export, evaluate, decide, promote."""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from product import keys
from product import manifest as manifests
from product.inference import checkpoint
from product.inference import model as models
from product.inference.model import Model, softmax
from product.locking import exclusive
from product.manifest import Manifest
from product.sentiment import LABELS, Correction
from product.settings import SHIPPED_MODEL, Settings
from product.storage import queries
from product.storage.database import Database
from product.versions import Versions
from training import corpora, gate
from training.build import build, package_versions
from training.corpora import Row
from training.evaluate import measures, targets
from training.finetune import Recipe, encode, save, train
from training.gate import Rules, Verdict
from training.grouping import hold_back, near_duplicates, settle
from training.preparation import clean, drop_duplicates, keep_apart

log = logging.getLogger(__name__)

HELD_BACK = 0.25
CORRECTED_SHARE = 0.2
"""Few corrections are repeated until they are about this share of what replay rows there are: seen three times among
seven hundred rows they would not be learned."""
REPLAYED = 600
RECIPE = Recipe(rank=16, alpha=32, learning_rates=(5e-4,), epochs=3, batch_size=32)
GATE_CORPORA = ("airline", "desk-en")


@dataclass(frozen=True)
class Outcome:
    """What a run came to: `promoted`, `kept`, `awaiting-approval`, `not-due` or `insufficient`, and why."""

    outcome: str
    reason: str
    version: str | None = None
    champion: str | None = None
    verdict: Verdict | None = None
    seconds: float = 0.0
    steps: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class Material:
    """Corrections to learn from, corrections to judge by with their groups, and rows to stay true on."""

    learned: list[Correction]
    held: list[Correction]
    held_groups: np.ndarray
    replayed: list[Row]
    validation: list[Row]
    gate: list[Row]


def retrain(settings: Settings, *, if_due: bool = False, dry_run: bool = False, say: Callable = log.info) -> Outcome:
    """Run the loop. Raises Locked when another run holds the lock; nothing changes unless a decision is reached."""
    started = time.monotonic()
    with suppress(OSError):
        os.nice(10)  # answering customers comes first
    database = Database(settings.database)
    database.migrate()
    try:
        with exclusive(settings.data_dir / "retrain.lock", "retraining"):
            outcome = _run(settings, database, if_due, dry_run, say)
    finally:
        database.close()
    return Outcome(**{**vars(outcome), "seconds": round(time.monotonic() - started, 1)})


def _run(settings: Settings, database: Database, if_due: bool, dry_run: bool, say: Callable) -> Outcome:
    versions = Versions(settings, database)
    versions.ensure_shipped()
    with database.read() as session:
        champion_id = queries.active_version(session)
        since = queries.feedback_since_last_attempt(session)
        corrections = queries.standing_corrections(session)
    if if_due and since < settings.retrain_min_corrections:
        reason = f"{since} corrections since the last attempt, {settings.retrain_min_corrections} make a run due"
        return Outcome("not-due", reason, champion=champion_id)
    attempt = _next_attempt(database)
    material = collect(corrections, seed=attempt, say=say)
    lacking = too_few(material, Rules())
    if lacking:
        return Outcome("insufficient", lacking, champion=champion_id)
    if not dry_run:
        with database.write() as session:
            attempt = queries.start_attempt(session)
    draft = versions.store.draft("challenger")
    try:
        manifest = make_challenger(settings, versions, draft, attempt, champion_id, material, say)
        champion = models.load(versions.store.folder(champion_id))
        verdict, metrics = judge(champion, models.load(draft), material, Rules(), say)
        manifest = manifest.model_copy(update={"verdict": verdict.as_dict(), "metrics": metrics})
        return _conclude(settings, database, versions, draft, manifest, verdict, material, attempt, dry_run)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _next_attempt(database: Database) -> int:
    with database.read() as session:
        return queries.latest_attempt(session) + 1


def collect(corrections: list[Correction], seed: int, say: Callable) -> Material:
    """Every correction and confirmation that stands, part of it held back; and corpus rows to replay and judge by."""
    settled, dropped = settle(corrections)
    groups = near_duplicates([one.text for one in settled]) if settled else np.array([], dtype=int)
    held = hold_back(settled, groups, HELD_BACK, seed)
    say(
        f"corrections: {len(corrections)} stand, {dropped} set aside because people disagree about the text, "
        f"{int(held.sum())} held back to judge by, {int((~held).sum())} to learn from"
    )
    gate_rows = [row for name in GATE_CORPORA for row in clean(corpora.load(name, "gate"))[0]]
    validation = clean(corpora.load("airline", "validation"))[0]
    return Material(
        learned=[one for one, out in zip(settled, held, strict=True) if not out],
        held=[one for one, out in zip(settled, held, strict=True) if out],
        held_groups=groups[held],
        replayed=replay(gate_rows + validation, seed, say),
        validation=validation,
        gate=gate_rows,
    )


def replay(others: list[Row], seed: int, say: Callable) -> list[Row]:
    """Rows for the shipped model to stay as it is on; none that equals a row of `others`.

    A sample of what it was trained on, and the project's own support messages: without these, sixty corrections of
    one kind spill over onto every message that shares their words and is nothing like a tweet.
    """
    own = corpora.load("replay-en", "train")
    rows, step = keep_apart(drop_duplicates(clean(corpora.load("airline", "train"))[0])[0], others)
    chosen = np.random.default_rng(seed).choice(len(rows), size=min(REPLAYED, len(rows)), replace=False)
    say(f"replay: {len(chosen)} of {step.kept:,} airline training rows, {len(own)} support messages")
    return [rows[index] for index in sorted(chosen)] + keep_apart(own, others)[0]


def too_few(material: Material, rules: Rules) -> str:
    """Why there is too little to decide on; empty when there is enough."""
    groups = len(np.unique(material.held_groups))
    if groups >= rules.held_back_groups:
        return ""
    enough = round(rules.held_back_groups / HELD_BACK)
    return (
        f"{len(material.learned) + len(material.held)} corrections make {groups} groups of texts to judge by, "
        f"{rules.held_back_groups} are needed: about {enough} corrections of different texts"
    )


def make_challenger(
    settings: Settings, versions: Versions, draft: Path, attempt: int, parent: str, material: Material, say: Callable
) -> Manifest:
    """A new adapter on the shipped model, from all corrections to learn from and the replayed rows."""
    base = checkpoint.locate_base(settings.base_model)
    shipped = manifests.verify(SHIPPED_MODEL)
    checkpoint.verify_base(base, shipped.base.sha256)
    for adapter in shipped.adapters:
        shutil.copytree(SHIPPED_MODEL / adapter, draft / f"shipped-{adapter}")
    inherited = [f"shipped-{adapter}" for adapter in shipped.adapters]
    start = checkpoint.assemble(base, [draft / name for name in inherited])
    say(f"training on {len(material.learned)} corrections and {len(material.replayed)} replayed rows")
    data = training_set(versions, shipped, material)
    model, history = train(start, data, None, RECIPE, draft / ".work")
    save(model, draft / "adapter")
    shutil.rmtree(draft / ".work")
    fingerprint = data_fingerprint(settings, material)
    details = {
        "parent": parent,
        "corrections": len(material.learned),
        "data": {
            "fingerprint": fingerprint,
            "corrections": len(material.learned),
            "held_back": len(material.held),
            "replayed": len(material.replayed),
        },
        "training": {"recipe": asdict(RECIPE), "packages": package_versions(), "history": history},
    }
    name = f"r{attempt:04d}-{fingerprint[:8]}"
    adapters = [*inherited, "adapter"]
    return build(draft, id=name, base=base, adapters=adapters, validation=material.validation, details=details, say=say)


def training_set(versions: Versions, shipped: Manifest, material: Material):
    """Corrections with their labels; replayed rows with the probabilities the shipped model gives them.

    Of the replayed rows, those that it reads rightly: where it is wrong there is nothing to keep. Held to its outputs
    rather than to the labels, the adapter has nothing to learn there and so changes little: Hinton et al. 2015,
    "Distilling the Knowledge in a Neural Network"; Li and Hoiem 2016, "Learning without Forgetting".
    """
    served = models.load(versions.store.folder(shipped.id))
    times = max(1, round(CORRECTED_SHARE * len(material.replayed) / len(material.learned)))
    corrected = [Row(one.text, one.label, "corrections") for one in material.learned] * times
    said = softmax(served.logits([row.text for row in material.replayed]))
    right = said.argmax(axis=1) == targets(material.replayed)
    kept = [row for row, keep in zip(material.replayed, right, strict=True) if keep]
    free = np.full((len(corrected), len(LABELS)), np.nan)
    return encode(corrected + kept, served.encoder, np.vstack([free, said[right]]).astype(np.float32))


def data_fingerprint(settings: Settings, material: Material) -> str:
    """One keyed hash over every row used, in an order of its own."""
    key = keys.secret(settings.data_dir)
    rows = [(one.text, one.label) for one in material.learned] + [(row.text, row.label) for row in material.replayed]
    hashes = sorted(keys.keyed_hash(key, "row", f"{label}\0{text}") for text, label in rows)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def judge(champion: Model, challenger: Model, material: Material, rules: Rules, say: Callable) -> tuple[Verdict, dict]:
    """The verdict on the files that serve and would serve, and the challenger's measures on the gate rows."""
    say(f"comparing on {len(material.gate):,} gate rows and {len(material.held)} held-back corrections")
    rows = material.gate
    wanted = targets(rows)
    before, after = (model.probabilities([row.text for row in rows]) for model in (champion, challenger))
    was_right, is_right = before.argmax(1) == wanted, after.argmax(1) == wanted
    held = [Row(one.text, one.label, "corrections") for one in material.held]
    held_before, held_after = (
        model.probabilities([row.text for row in held]).argmax(1) == targets(held) for model in (champion, challenger)
    )
    sources = np.array([row.source for row in rows])
    shown = [
        gate.report(source, was_right[sources == source], is_right[sources == source]) for source in np.unique(sources)
    ]
    deciding = [
        gate.not_worse(was_right, is_right, rules),
        gate.better(held_before, held_after, material.held_groups, rules),
    ]
    return gate.decide(deciding, shown), {"gate": measures(after, wanted)}


def _conclude(
    settings: Settings,
    database: Database,
    versions: Versions,
    draft: Path,
    manifest: Manifest,
    verdict: Verdict,
    material: Material,
    attempt: int,
    dry_run: bool,
) -> Outcome:
    """Publish and activate what won; of what lost, the reason stays."""
    outcome = "kept" if not verdict.promote else "awaiting-approval" if settings.approval == "lead" else "promoted"
    common = {"champion": manifest.parent, "verdict": verdict}
    if dry_run:
        return Outcome(outcome, f"dry run, nothing changed: {verdict.reason}", **common)
    if verdict.promote:
        manifests.write(draft, manifest)
        versions.store.publish(draft)
        learned = {one.id: one.label for one in material.learned}
        versions.register(manifest, learned, activate=outcome == "promoted", why=verdict.reason)
    version = manifest.id if verdict.promote else None
    with database.write() as session:
        queries.finish_attempt(session, id=attempt, outcome=outcome, reason=verdict.reason, version_id=version)
    return Outcome(outcome, verdict.reason, version=version, **common)
