"""The loop, once: collect, hold back, train, export, evaluate, decide, promote."""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from product import keys
from product import manifest as manifests
from product.inference import checkpoint
from product.inference import model as models
from product.inference.model import Model, softmax
from product.inference.text import reader
from product.locking import alone_with_corrections
from product.manifest import Expert, Manifest
from product.sentiment import LABELS
from product.settings import Settings
from product.storage import queries
from product.storage.database import Database
from product.storage.tables import now
from product.versions import Versions
from training import gate
from training.build import build_expert, copy_expert, finish, package_versions, with_neutral_where_known
from training.corpora import Row
from training.evaluate import measures, targets
from training.finetune import Recipe, encode, is_polar, save, train
from training.gate import Check, Rules, Verdict
from training.material import HELD_BACK, Lesson, Material, collect

log = logging.getLogger(__name__)

CORRECTED_SHARE = 0.2
"""Few corrections are repeated until they are about this share of what replay rows there are: seen three times among
seven hundred rows they would not be learned."""
OFTEN = 12
"""One correction is repeated this many times at most: a single one must not become a fifth of the lesson."""
RECIPE = Recipe(rank=16, alpha=32, learning_rate=4e-4, epochs=3, batch_size=32, hold=3.0)


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


def retrain(
    settings: Settings,
    *,
    if_due: bool = False,
    dry_run: bool = False,
    shadow: timedelta | None = None,
    say: Callable = log.info,
) -> Outcome:
    """Run the loop. Raises Locked when another run holds the lock; nothing changes unless a decision is reached.

    `shadow`: what is better reads in the champion's shadow for so long, and only then is promoted.
    """
    started = time.monotonic()
    with suppress(OSError):
        os.nice(10)  # answering customers comes first
    database = Database(settings.database)
    database.migrate()
    try:
        with alone_with_corrections(settings, database):
            outcome = _run(settings, database, if_due, dry_run, shadow, say)
    finally:
        database.close()
    return Outcome(**{**vars(outcome), "seconds": round(time.monotonic() - started, 1)})


def _run(
    settings: Settings, database: Database, if_due: bool, dry_run: bool, shadow: timedelta | None, say: Callable
) -> Outcome:
    versions = Versions(settings, database)
    versions.ensure_shipped()
    shipped = versions.installed()
    with database.read() as session:
        champion_id = queries.active_version(session)
        since = queries.feedback_since_last_attempt(session)
        known, corrections = queries.latest_event(session), queries.standing_corrections(session)
    if if_due and since < settings.retrain_min_corrections:
        reason = f"{since} corrections since the last attempt, {settings.retrain_min_corrections} make a run due"
        return Outcome("not-due", reason, champion=champion_id)
    attempt = _next_attempt(database)
    material = collect(settings, corrections, tuple(shipped.experts), seed=attempt, say=say)
    lacking = too_few(material, Rules())
    if not dry_run:
        with database.write() as session:
            attempt = queries.start_attempt(session, up_to=known)
            if lacking:  # recorded, or what is started by the clock would collect the same again and again
                queries.finish_attempt(session, id=attempt, outcome="insufficient", reason=lacking)
    if lacking:
        return Outcome("insufficient", lacking, champion=champion_id)
    draft = versions.store.draft("challenger")
    try:
        manifest = make_challenger(settings, versions, shipped, draft, attempt, champion_id, material, say)
        champion = models.load(versions.store.folder(champion_id))
        verdict, metrics = judge(champion, models.load(draft), material, Rules(), say)
        manifest = manifest.model_copy(update={"verdict": verdict.as_dict(), "metrics": metrics})
        return _conclude(settings, database, versions, draft, manifest, verdict, material, attempt, dry_run, shadow)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _next_attempt(database: Database) -> int:
    with database.read() as session:
        return queries.latest_attempt(session) + 1


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
    settings: Settings,
    versions: Versions,
    shipped: Manifest,
    draft: Path,
    attempt: int,
    parent: str,
    material: Material,
    say: Callable,
) -> Manifest:
    """Experts that there is a lesson for: the shipped ones with a new adapter. The others: as shipped, so that nothing
    stays learned from corrections that no longer stand."""
    experts, histories = {}, {}
    for language in shipped.experts:
        lesson = material.lessons.get(language)
        if lesson:
            experts[language], histories[language] = teach(settings, versions, shipped, language, lesson, draft, say)
        else:
            say(f"{language}: nothing to learn, so it is the shipped one")
            experts[language] = keep(versions, shipped.id, language, draft)
    fingerprint = data_fingerprint(settings, material)
    details = {
        "parent": parent,
        "corrections": len(material.learned),
        "data": {
            "fingerprint": fingerprint,
            "corrections": {language: len(lesson.learned) for language, lesson in material.lessons.items()},
            "held_back": len(material.held),
            "replayed": {language: len(lesson.replayed) for language, lesson in material.lessons.items()},
        },
        "training": {"recipe": asdict(RECIPE), "packages": package_versions(), "history": histories},
    }
    return finish(draft, f"r{attempt:04d}-{fingerprint[:8]}", experts, details)


def keep(versions: Versions, version: str, language: str, draft: Path) -> Expert:
    """The language's expert of a version as it is installed here, copied with all its hashes."""
    folder = versions.store.folder(version)
    return copy_expert(folder, manifests.verify(folder).experts[language], language, draft)


def teach(
    settings: Settings,
    versions: Versions,
    shipped: Manifest,
    language: str,
    lesson: Lesson,
    draft: Path,
    say: Callable,
) -> tuple[Expert, list[dict]]:
    """A new adapter on the shipped expert, from the corrections to learn from and the replayed rows; and the history
    of its training."""
    home = versions.store.folder(shipped.id)
    before = shipped.experts[language]
    base = checkpoint.find_base(before, language, settings.base_model)
    parts = copy_expert(home, before, language, draft).parts
    say(f"{language}: training on {len(lesson.learned)} corrections and {len(lesson.replayed)} replayed rows")
    data = training_set(models.load(home).experts[language], lesson)
    model, history = train(
        checkpoint.assemble(base, [draft / part for part in parts]), data, None, RECIPE, draft / ".work"
    )
    # Numbered, as a version that has learned from corrections may itself be the shipped one.
    adapter = f"{language}/corrections-{len(parts)}"
    save(model, draft / adapter)
    shutil.rmtree(draft / ".work")
    expert = build_expert(
        draft,
        language,
        base=base,
        base_name=before.base.name if before.base else "",
        parts=[*parts, adapter],
        tokenizer=home / before.tokenizer,
        validation=lesson.validation,
        calibration=(before.temperature, tuple(before.bias)),
        max_tokens=before.max_tokens,
        float_layers=before.serving.float_layers,
        say=say,
    )
    return expert, history


def training_set(served: models.Expert, lesson: Lesson):
    """Corrections with their labels; replayed rows with the probabilities the shipped expert gives them.

    Of the replayed rows, those that it reads rightly: where it is wrong there is nothing to keep. Held to its outputs
    rather than to the labels, the adapter has nothing to learn there and so changes little: Hinton et al. 2015,
    "Distilling the Knowledge in a Neural Network"; Li and Hoiem 2016, "Learning without Forgetting".
    """
    times = round(CORRECTED_SHARE * len(lesson.replayed) / len(lesson.learned))
    corrected = [Row(one.text, one.label, "corrections") for one in lesson.learned] * min(max(1, times), OFTEN)
    said = softmax(served.logits([row.text for row in lesson.replayed]))
    right = said.argmax(axis=1) == targets(lesson.replayed)
    kept = [row for row, keep in zip(lesson.replayed, right, strict=True) if keep]
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
    held = [Row(one.text, one.label, "corrections") for one in material.held]
    before, after = (model.probabilities([row.text for row in rows]) for model in (champion, challenger))
    was_right, is_right = right(before, rows), right(after, rows)
    held_before, held_after = (
        right(model.probabilities([row.text for row in held]), held) for model in (champion, challenger)
    )
    sources = np.array([row.source for row in rows])
    shown = [
        gate.report(source, was_right[sources == source], is_right[sources == source]) for source in np.unique(sources)
    ]
    deciding = [
        gate.not_worse(was_right, is_right, rules),
        gate.better(held_before, held_after, material.held_groups, rules),
    ]
    # Rows of a language whose expert did not change would hide what happened to the others.
    read_by = np.array([reader(row.text, tuple(challenger.experts)) for row in rows])
    for language in material.lessons:
        part = read_by == language
        deciding.append(gate.not_harmed(f"gate rows read in {language}", was_right[part], is_right[part], rules))
    verdict = gate.decide(deciding, shown + [unmeasured(*each) for each in material.unmeasured.items()])
    three = np.array([not is_polar(row) for row in rows])
    return verdict, {"gate": measures(after[three], targets(rows)[three])}


def right(scores: np.ndarray, rows: list[Row]) -> np.ndarray:
    """Which rows the scores [rows, 3] answer rightly, bool [rows]; between two classes where the corpus has no more."""
    return with_neutral_where_known(scores, rows).argmax(axis=1) == targets(rows)


def unmeasured(name: str, reason: str) -> Check:
    """A corpus that says nothing this time, and why."""
    return Check(f"  {name}", "–", "–", f"unmeasured: {reason}", "shown only", None)


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
    shadow: timedelta | None,
) -> Outcome:
    """Publish and activate what won; of what lost, the reason stays."""
    waits = settings.approval == "lead" or shadow
    outcome = "kept" if not verdict.promote else "awaiting-approval" if waits else "promoted"
    common, reason = {"champion": manifest.parent, "verdict": verdict}, verdict.reason
    if dry_run:
        return Outcome(outcome, f"dry run, nothing changed: {reason}", **common)
    until = now() + shadow if shadow and verdict.promote else None
    if until:
        reason += f"; reads in the shadow of {manifest.parent} until {until:%Y-%m-%d %H:%M} UTC"
    if verdict.promote:
        manifests.write(draft, manifest)
        versions.store.publish(draft)
        learned = {one.id: one.label for one in material.learned}
        activate = outcome == "promoted"
        versions.register(manifest, learned, activate, why=reason, probation=True, shadow_until=until)
    version = manifest.id if verdict.promote else None
    with database.write() as session:
        queries.finish_attempt(session, id=attempt, outcome=outcome, reason=reason, version_id=version)
    return Outcome(outcome, reason, version=version, **common)
