"""Run the loop on simulated corrections, without some of its parts, and measure the active version."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import select

from benchmarks.people import SimulatedCorrection
from product.codes import FeedbackCode, Reason, RunCode
from product.identity import Actor, ActorKind
from product.inference import model as models
from product.inference.engine import Engine
from product.inference.model import Model
from product.inference.prediction import predict_batch
from product.privacy.redact import redact_for_storage
from product.sentiment import Correction
from product.storage.corrections import all_corrections
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.predictions import save_predictions
from product.storage.tables import FeedbackRow, LearnedRow
from product.versions.registry import Versions
from training.data.rows import Row
from training.retraining.challenger import Challenger, RunContext, RunResult
from training.retraining.compare import ScoredModel, correct_rows
from training.retraining.dataset import RetrainDataset
from training.retraining.gate import Verdict
from training.retraining.loop import Run

PARTS = ("replay", "trust", "gate")
"""Parts of the loop that a trial can leave out."""
INTERVAL = timedelta(minutes=3)
"""Time between two corrections."""


class Trial(Run):
    """A retraining run without the parts named in `without`.

    `observe` is called with the final challenger, whatever the outcome.
    """

    def __init__(
        self,
        context: RunContext,
        without: tuple[str, ...] = (),
        observe: Callable[[Model], None] = lambda model: None,
    ):
        super().__init__(context)
        self.without, self.observe = without, observe

    def score_contributors(self) -> list[Correction]:
        if "trust" not in self.without:
            return super().score_contributors()
        with self.context.database.read() as session:
            return all_corrections(session)

    def collect(self, accepted: list[Correction], nothing_new: bool = False) -> RetrainDataset:
        dataset = super().collect(accepted, nothing_new)
        if "replay" not in self.without:
            return dataset
        training_sets = {
            language: replace(training_set, replay_rows=[], replay_pool=[])
            for language, training_set in dataset.training_sets.items()
        }
        return replace(dataset, training_sets=training_sets)

    def challenge(self, folder: Path, dataset: RetrainDataset, seed_offset: int = 0) -> Challenger:
        challenger = super().challenge(folder, dataset, seed_offset)
        if "gate" not in self.without:
            return challenger
        return replace(challenger, verdict=Verdict(True, [Reason(RunCode.better)], challenger.verdict.checks))

    def exclude_harmful_contributor(
        self, draft: Path, accepted: list[Correction], challenger: Challenger
    ) -> tuple[Challenger, list[Correction]]:
        if "gate" in self.without:
            return challenger, accepted
        return super().exclude_harmful_contributor(draft, accepted, challenger)

    def conclude(self, challenger: Challenger) -> RunResult:
        self.observe(models.load(challenger.folder))
        return super().conclude(challenger)


def active_model(versions: Versions) -> Model:
    return models.load(versions.store.folder(versions.active()))


def submit(
    versions: Versions, database: Database, corrections: list[SimulatedCorrection], first_number: int = 0
) -> dict[str, bool]:
    """Predict each message with the active version and store its correction, INTERVAL apart.

    Returns, by the correction's id, whether its contributor is hostile.
    """
    engine = Engine(active_model(versions))
    start = datetime.now(UTC) - timedelta(days=60)
    try:
        predictions = predict_batch(engine, [redact_for_storage(correction.row.text) for correction in corrections])
    finally:
        engine.close()
    hostile = {}
    with database.write() as session:
        save_predictions(session, predictions)
        for number, (correction, prediction) in enumerate(
            zip(corrections, predictions, strict=True), start=first_number
        ):
            id, _ = save_feedback(
                session,
                prediction_id=prediction.id,
                label=correction.label,
                actor=Actor(ActorKind.importer, name=correction.actor),
                comment="",
                code=FeedbackCode.given,
            )
            session.get(FeedbackRow, id).created_at = start + number * INTERVAL
            hostile[id] = correction.hostile
    return hostile


def learned_shares(database: Database, active: str, hostile: dict[str, bool]) -> dict:
    """Counts and shares (0 to 1) of hostile corrections that the active version has learned, and of honest corrections
    that it has not because they are pending or quarantined. The holdout counts as neither."""
    with database.read() as session:
        learned = set(session.scalars(select(LearnedRow.feedback_id).where(LearnedRow.version_id == active)))
        status = dict(session.execute(select(FeedbackRow.id, FeedbackRow.status)).tuples().all())
    hostile_ids = [id for id, is_hostile in hostile.items() if is_hostile]
    honest_ids = [id for id, is_hostile in hostile.items() if not is_hostile]
    excluded = [id for id in honest_ids if status[id] in ("pending", "quarantined") and id not in learned]
    hostile_learned = sum(id in learned for id in hostile_ids)
    return {
        "hostile": len(hostile_ids),
        "hostile_learned": round(hostile_learned / len(hostile_ids), 4) if hostile_ids else None,
        "honest_excluded": round(len(excluded) / len(honest_ids), 4),
    }


def measure(versions: Versions, domain: list[Row], others: dict[str, list[Row]]) -> dict:
    """Accuracy (0 to 1) of the active version on the domain, on each other set, and the mean over the others."""
    model = active_model(versions)
    sets = {name: accuracy(model, rows) for name, rows in others.items()}
    return {
        "version": model.version,
        "domain": accuracy(model, domain),
        "elsewhere": round(float(np.mean(list(sets.values()))), 4) if sets else None,
        "sets": sets,
    }


def accuracy(model: Model, rows: list[Row]) -> float:
    return round(float(correct_rows(ScoredModel(model), rows).mean()), 4)
