"""One challenger of a retraining run: how it is made, compared and, if the gate lets it pass, published."""

import hashlib
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from product.codes import Outcome, Reason, RunCode
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from product.privacy import keys
from product.sentiment import Correction
from product.settings.configuration import Settings
from product.storage.attempts import announce_version, finish_attempt
from product.storage.database import Database
from product.storage.tables import now
from product.storage.versions import Activation, active_version, latest_activation
from product.texts import rendering, texts
from product.versions.registry import Versions, record
from training.data.rows import Row
from training.modelling.packaging import complete_version, copy_expert, package_versions
from training.retraining import train
from training.retraining.compare import Comparison, References, ScoredModel, compare, correct_rows
from training.retraining.dataset import RetrainDataset
from training.retraining.gate import Check, Verdict
from training.retraining.train import DEFAULT_PLAN, ShippedVersion, TrainingPlan, train_expert

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunContext:
    """What every step of a retraining run needs to know."""

    settings: Settings
    database: Database
    versions: Versions
    shipped: Manifest
    champion: str
    """The version that is active when the run starts."""
    attempt: int
    dry_run: bool = False
    shadow: timedelta = timedelta()
    """How long a challenger that passes first runs in shadow mode; 0 for not at all."""
    check_still_locked: Callable[[], None] = lambda: None
    """Raises Locked where another run may have worked at the same time."""

    @property
    def shipped_version(self) -> ShippedVersion:
        return ShippedVersion(self.versions.store.folder(self.shipped.id), self.shipped, self.settings.base_model)


@dataclass(frozen=True)
class Challenger:
    """A trained version in a draft folder, with the gate's verdict on it."""

    folder: Path
    manifest: Manifest
    verdict: Verdict
    dataset: RetrainDataset
    correct: np.ndarray
    """Which gate rows it labels correctly, bool [gate rows]."""

    def with_checks(self, checks: Sequence[Check], *reasons: Reason) -> "Challenger":
        """With further checks and reasons in its verdict; neither changes the decision."""
        verdict = replace(
            self.verdict, checks=[*self.verdict.checks, *checks], reasons=[*self.verdict.reasons, *reasons]
        )
        return replace(self, verdict=verdict)


@dataclass(frozen=True)
class RunResult:
    """What a retraining run decided, and why."""

    outcome: Outcome
    reasons: list[Reason]
    version: str | None = None
    champion: str | None = None
    verdict: Verdict | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def reason(self) -> str:
        """The reasons as English sentences."""
        return rendering.reasons(self.reasons, texts("en"))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the reasons as a sentence and as codes."""
        return {
            "outcome": str(self.outcome),
            "reason": self.reason,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "version": self.version,
            "champion": self.champion,
            "verdict": self.verdict.as_dict() if self.verdict else None,
            "seconds": self.seconds,
        }


def load_references(context: RunContext) -> References:
    """The versions that every challenger of the run is compared with."""
    champion = ScoredModel(models.load(context.versions.store.folder(context.champion)))
    if context.shipped.id == context.champion:
        return References(champion)
    return References(champion, ScoredModel(models.load(context.versions.store.folder(context.shipped.id))))


def challenge(
    context: RunContext, references: References, folder: Path, dataset: RetrainDataset, seed_offset: int = 0
) -> Challenger:
    """Make a challenger in a new folder, and compare it as it would serve.

    `seed_offset`: challengers with the same offset read their rows in the same order.
    """
    manifest = make_challenger(context, folder, dataset, TrainingPlan(seed_offset=seed_offset))
    challenger = ScoredModel(models.load(folder))
    comparison: Comparison = compare(references, challenger, dataset, context.settings.gate)
    manifest = manifest.model_copy(update={"metrics": comparison.metrics})
    return Challenger(folder, manifest, comparison.verdict, dataset, comparison.correct)


def train_ablation(context: RunContext, folder: Path, dataset: RetrainDataset) -> np.ndarray:
    """Which gate rows a challenger of a single training labels correctly, bool [gate rows].

    It shows what a contributor does to the model in half the time. Its folder is deleted.
    """
    try:
        make_challenger(context, folder, dataset, TrainingPlan(trainings=1))
        return correct_rows(ScoredModel(models.load(folder)), dataset.gate_rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_challenger(
    context: RunContext, folder: Path, dataset: RetrainDataset, plan: TrainingPlan = DEFAULT_PLAN
) -> Manifest:
    """Train the experts that have corrections, in a new folder. The other experts are the shipped ones, so that nothing
    stays learned from corrections that are no longer accepted."""
    folder.mkdir(exist_ok=True)
    experts: dict[str, Expert] = {}
    histories, replayed = {}, {}
    for language in context.shipped.experts:
        training_set = dataset.training_sets.get(language)
        if training_set:
            trained = train_expert(context.shipped_version, language, training_set, folder, plan)
            experts[language], histories[language] = trained.expert, trained.history
            replayed[language] = trained.replayed
        else:
            log.info("%s: nothing to learn; the shipped expert is kept", language)
            experts[language] = keep_expert(context.versions, context.shipped.id, language, folder)
    rows = row_fingerprints(context.settings, dataset, replayed)
    fingerprint = hashlib.sha256("".join(rows).encode()).hexdigest()
    details = {
        "parent": context.champion,
        "corrections": len(dataset.corrections),
        "data": {
            "fingerprint": fingerprint,
            "rows": rows,
            "corrections": {
                language: len(training_set.corrections) for language, training_set in dataset.training_sets.items()
            },
            "holdout": len(dataset.holdout),
            "replayed": {language: len(language_rows) for language, language_rows in replayed.items()},
        },
        "training": {
            "recipe": asdict(train.RECIPE),
            "runs": plan.trainings,
            "step": train.KEPT_UPDATE,
            "packages": package_versions(),
            "history": histories,
        },
    }
    return complete_version(folder, f"r{context.attempt:04d}-{fingerprint[:8]}", experts, details)


def keep_expert(versions: Versions, version: str, language: str, folder: Path) -> Expert:
    """Copy the language's expert of an installed version, with all its hashes."""
    source = versions.store.folder(version)
    return copy_expert(source, manifests.verify(source).experts[language], language, folder)


def row_fingerprints(settings: Settings, dataset: RetrainDataset, replayed: Mapping[str, Sequence[Row]]) -> list[str]:
    """A keyed hash of every row used and its label, 64 bits in hex, sorted.

    With a row and this installation's key one can tell whether a version has seen the row; a row cannot be recovered
    from its hash.
    """
    key = keys.secret(settings.data_dir)
    rows: list[Row | Correction] = [*dataset.corrections]
    for language, training_set in dataset.training_sets.items():
        rows += [*replayed[language], *train.early_stopping_rows(training_set)]
    return sorted(keys.keyed_hash(key, "row", f"{row.label}\0{row.text}")[:16] for row in rows)


def conclude(context: RunContext, challenger: Challenger) -> RunResult:
    """Publish and activate a challenger that passed, and record the attempt.

    Everything that the database learns of the decision is in one transaction: a run that is killed here has decided
    nothing or everything.
    """
    verdict, manifest = challenger.verdict, challenger.manifest
    manifest = manifest.model_copy(update={"verdict": verdict.as_dict()})
    if context.dry_run:
        with context.database.read() as session:
            outcome = decide_outcome(context, verdict, active_version(session))
        reasons = [*verdict.reasons, Reason(RunCode.dry_run)]
        return RunResult(outcome, reasons, champion=manifest.parent, verdict=verdict)
    context.check_still_locked()
    version = manifest.id if verdict.promote else None
    if version:
        publish(context, challenger.folder, manifest)
    reasons = list(verdict.reasons)
    with context.database.write() as session:
        activation = latest_activation(session, lock=True)
        active = activation.version_id if activation else None
        outcome = decide_outcome(context, verdict, active)
        if version and active != context.champion:
            reasons.append(
                Reason(RunCode.active_version_changed, {"active": active or "", "champion": context.champion})
            )
        if version:
            shadow_until = now() + context.shadow if context.shadow else None
            if shadow_until:
                values = {"champion": manifest.parent or "", "until": f"{shadow_until:%Y-%m-%d %H:%M}"}
                reasons.append(Reason(RunCode.shadow_started, values))
            record(
                session,
                manifest,
                {correction.id: correction.label for correction in challenger.dataset.corrections},
                # Probation could bring back the parent, which has learned the withdrawn corrections.
                Activation(reasons, probation=not challenger.dataset.nothing_new)
                if outcome == Outcome.promoted
                else None,
                shadow_until=shadow_until,
            )
        finish_attempt(
            session,
            id=context.attempt,
            outcome=outcome,
            reasons=reasons,
            version_id=version,
            verdict=verdict.as_dict(),
        )
    return RunResult(outcome, reasons, version=version, champion=manifest.parent, verdict=verdict)


def publish(context: RunContext, folder: Path, manifest: Manifest) -> None:
    """Complete the challenger's folder and give it its name. The version is announced first, so that the folder can be
    deleted if the run is killed before it is recorded."""
    manifests.write(folder, manifest)
    log.info("publishing %s", manifest.id)
    with context.database.write() as session:
        announce_version(session, id=context.attempt, version_id=manifest.id)
    context.versions.store.publish(folder)
    log.info("recording %s", manifest.id)


def decide_outcome(context: RunContext, verdict: Verdict, active: str | None) -> Outcome:
    """What becomes of a challenger, where `active` is the version that serves now."""
    if not verdict.promote:
        return Outcome.kept
    waits = context.settings.approval == "lead" or context.shadow or active != context.champion
    return Outcome.awaiting_approval if waits else Outcome.promoted
