"""A retraining run, from top to bottom: collect corrections, train a challenger, compare it with the champion, decide.

docs/retraining.md explains the run to its users.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import numpy as np

from product.codes import FeedbackCode, Outcome, Reason, RunCode
from product.sentiment import Correction, Status
from product.settings.configuration import Settings
from product.storage.attempts import (
    attempt_that_made,
    count_feedback_since_last_attempt,
    count_withdrawn,
    finish_attempt,
    latest_attempt_id,
    latest_event_id,
    start_attempt,
)
from product.storage.corrections import all_corrections, corrections_with_code
from product.storage.database import Database
from product.storage.feedback import apply_trust_decisions
from product.storage.locks import Locked, corrections_lock
from product.storage.migrate import migrate
from product.storage.tables import now
from product.storage.versions import active_version, learned_labels
from product.versions.installer import ensure_shipped, installed_manifest
from product.versions.registry import Versions
from training.retraining import challenger as challengers
from training.retraining import gate, trust
from training.retraining.challenger import Challenger, RunContext, RunResult
from training.retraining.compare import References
from training.retraining.dataset import DatasetRequest, RetrainDataset, collect_dataset, collect_without_new, too_few
from training.retraining.gate import Check
from training.retraining.label_quality import decide_trust

log = logging.getLogger(__name__)

MAX_ABLATIONS = 2
"""Large contributors that a challenger is trained without, one at a time."""
MAX_ATTEMPTS = 3
"""Trainings of a challenger that learns nothing new, each in another order. Which of seventy learned corrections break
and which gate rows change is partly chance, and the champion is the one that was lucky."""


def retrain(
    settings: Settings,
    *,
    if_due: bool = False,
    dry_run: bool = False,
    shadow: timedelta | None = None,
    make_run: "Callable[[RunContext], Run] | None" = None,
) -> RunResult:
    """Retrain once. Raises Locked when another run holds the lock; nothing changes unless a decision is reached.

    `if_due`: only if enough corrections came since the last attempt, and no other run is active.
    `shadow`: how long a challenger that passes first runs in shadow mode; by default as in the settings.
    `make_run`: makes the run; benchmarks leave out steps with it.
    """
    started = time.monotonic()
    shadow = timedelta(hours=settings.shadow_hours) if shadow is None else shadow
    with suppress(OSError):
        os.nice(10)  # serving comes first
    database = Database(settings.database)
    migrate(database)
    try:
        with corrections_lock(settings, database) as check_still_locked:
            context = start_context(settings, database, dry_run, shadow, check_still_locked)
            result = run_attempt(context, if_due, make_run or Run)
    except Locked as reason:
        if not if_due:
            raise
        # Several schedulers may start a run; that another one was first is no failure.
        result = RunResult(Outcome.not_due, [Reason(RunCode.other_run_active, {"holder": str(reason)})])
    finally:
        database.close()
    return replace(result, seconds=round(time.monotonic() - started, 1))


def start_context(
    settings: Settings, database: Database, dry_run: bool, shadow: timedelta, check_still_locked: Callable[[], None]
) -> RunContext:
    """The state at the start of a run, with the shipped model installed."""
    versions = Versions(settings, database)
    ensure_shipped(settings, versions)
    if not dry_run:
        versions.discard_unrecorded()
    with database.read() as session:
        champion, attempt = active_version(session) or "", latest_attempt_id(session) + 1
    shipped = installed_manifest(versions.store)
    return RunContext(settings, database, versions, shipped, champion, attempt, dry_run, shadow, check_still_locked)


def run_attempt(context: RunContext, if_due: bool, make_run: "Callable[[RunContext], Run]") -> RunResult:
    """Decide whether there is enough to train on; if so, train, compare and conclude."""
    settings, database = context.settings, context.database
    with database.read() as session:
        count, latest_event = count_feedback_since_last_attempt(session), latest_event_id(session)
    if if_due and count < settings.retrain_min_corrections:
        missing = Reason(RunCode.corrections_missing, {"count": count, "needed": settings.retrain_min_corrections})
        return RunResult(Outcome.not_due, [missing], champion=context.champion)
    run = make_run(context)
    accepted = run.score_contributors()
    enough_to_split = len(accepted) >= 2 * settings.gate.min_holdout_groups
    dataset = run.collect(accepted) if enough_to_split else None
    lacking = too_few(dataset, len(accepted), settings.gate)
    insufficient = lacking is not None and not run.count_withdrawn()
    if not context.dry_run:
        with database.write() as session:
            context = replace(context, attempt=start_attempt(session, last_event_id=latest_event))
            if lacking and insufficient:  # recorded, or a scheduled run would collect the same again and again
                finish_attempt(session, id=context.attempt, outcome=Outcome.insufficient, reasons=[lacking])
        run = make_run(context)
    if lacking and insufficient:
        return RunResult(Outcome.insufficient, [lacking], champion=context.champion)
    draft = context.versions.store.draft("challenger")
    try:
        if dataset is None or lacking:
            log.info("too few new texts to train on, but corrections were withdrawn")
            return run.conclude(run.retrain_without_withdrawn(draft, accepted))
        return run.conclude(run.find_challenger(draft, accepted, dataset))
    finally:
        shutil.rmtree(draft, ignore_errors=True)


class Run:
    """The steps of one attempt, in their order."""

    def __init__(self, context: RunContext):
        self.context = context

    @cached_property
    def references(self) -> References:
        """Loaded and scored once for all challengers of the run."""
        return challengers.load_references(self.context)

    def score_contributors(self) -> list[Correction]:
        """Decide about every correction, store the decisions, and return what is accepted, oldest first."""
        context, rules = self.context, self.context.settings.source_trust
        with context.database.read() as session:
            as_of, corrections = now(), all_corrections(session)
            harmful = corrections_with_code(session, FeedbackCode.harmful_contributor)
        decisions = decide_trust(context.shipped_version, corrections, rules, context.attempt)
        decisions |= trust.exclude_harmful(corrections, harmful, rules)
        decisions |= trust.hold_unsupported(corrections, decisions, tuple(context.shipped.experts))
        if not context.dry_run:
            changes = {id: (decision.status, decision.reason) for id, decision in decisions.items()}
            with context.database.write() as session:
                apply_trust_decisions(session, changes, as_of=as_of)
        return [correction for correction in corrections if decisions[correction.id].status == Status.accepted]

    def collect(self, accepted: list[Correction], nothing_new: bool = False) -> RetrainDataset:
        """The dataset of accepted corrections; `nothing_new`: only those that the champion has learned."""
        context = self.context
        with context.database.read() as session:
            learned = learned_labels(session, version_id=context.champion)
            # The champion's own seed draws the replay rows that it was trained with, so that few predictions change.
            champion_seed = attempt_that_made(session, version_id=context.champion) if nothing_new else None
        seed = champion_seed or context.attempt
        request = DatasetRequest(context.settings, tuple(context.shipped.experts), learned, seed)
        return (collect_without_new if nothing_new else collect_dataset)(request, accepted)

    def count_withdrawn(self) -> int:
        """How many corrections that the champion has learned were rejected or erased since."""
        with self.context.database.read() as session:
            return count_withdrawn(session, version_id=self.context.champion)

    def find_challenger(self, draft: Path, accepted: list[Correction], dataset: RetrainDataset) -> Challenger:
        """Train and compare, without a large contributor that does harm. If nothing passes and corrections were
        withdrawn, fall back to the champion's corrections without them."""
        challenger = self.challenge(draft / "all", dataset)
        if challenger.verdict.promote or challenger.verdict.harms:
            challenger, accepted = self.exclude_harmful_contributor(draft, accepted, challenger)
        if not challenger.verdict.promote and self.count_withdrawn():
            fallback = self.retrain_without_withdrawn(draft, accepted)
            challenger = fallback if fallback.verdict.promote else challenger
        return challenger

    def challenge(self, folder: Path, dataset: RetrainDataset, seed_offset: int = 0) -> Challenger:
        return challengers.challenge(self.context, self.references, folder, dataset, seed_offset)

    def train_ablation(self, folder: Path, dataset: RetrainDataset) -> np.ndarray:
        return challengers.train_ablation(self.context, folder, dataset)

    def exclude_harmful_contributor(
        self, draft: Path, accepted: list[Correction], challenger: Challenger
    ) -> tuple[Challenger, list[Correction]]:
        """Train without each large contributor, and quarantine the first one that is to blame.

        A contributor is to blame if the challenger passes only without them or, where it passes anyway, if it labels
        the gate rows significantly worse with them. Returns the challenger to decide on and what remains accepted.
        """
        rules, passes = self.context.settings, challenger.verdict.promote
        checks: list[Check] = []
        for number, source in enumerate(trust.large_contributors(accepted, rules.source_trust)[:MAX_ABLATIONS]):
            given = [correction for correction in accepted if correction.source == source]
            others = [correction for correction in accepted if correction.source != source]
            log.info("training without %s, who gave %d of %d corrections", source, len(given), len(accepted))
            dataset = self.collect(others)
            if too_few(dataset, len(others), rules.gate):
                continue
            folder = draft / f"without-{number}"
            without = None if passes else self.challenge(folder, dataset)
            correct = without.correct if without else self.train_ablation(draft / "ablation", dataset)
            check = gate.source_ablation(challenger.correct, correct, len(given), len(accepted), rules.gate)
            # Where the challenger fails anyway, the verdict on the one without decides, and this check is only shown.
            checks.append(check if passes else replace(check, passed=None))
            if (passes and check.passed) or (without and not without.verdict.promote):
                continue
            without = without or self.challenge(folder, dataset)
            self.quarantine_contributor(given)
            # The challenger without the contributor passes or fails by its own checks.
            shown = [replace(shown_check, passed=None) for shown_check in checks]
            return without.with_checks(shown, Reason(RunCode.harmful_contributor_excluded)), others
        return challenger.with_checks(checks), accepted

    def quarantine_contributor(self, corrections: list[Correction]) -> None:
        if not self.context.dry_run:
            reason = Reason(FeedbackCode.harmful_contributor)
            changes = {correction.id: (Status.quarantined, reason) for correction in corrections}
            with self.context.database.write() as session:
                apply_trust_decisions(session, changes)

    def retrain_without_withdrawn(self, draft: Path, accepted: list[Correction]) -> Challenger:
        """A challenger with what the champion has learned, without withdrawn corrections. It need only be as good as
        the champion: taking a correction back must not wait until there is enough to learn."""
        log.info("retraining without %d withdrawn corrections", self.count_withdrawn())
        dataset = self.collect(accepted, nothing_new=True)
        earlier: list[Check] = []
        for number in range(MAX_ATTEMPTS):
            challenger = self.challenge(draft / f"without-withdrawn-{number}", dataset, number)
            if challenger.verdict.promote:
                break
            if number < MAX_ATTEMPTS - 1:
                earlier.append(gate.earlier_attempt(number + 1, MAX_ATTEMPTS, challenger.verdict))
                log.info("turned down by the gate; training again in another order")
        return challenger.with_checks(earlier)

    def conclude(self, challenger: Challenger) -> RunResult:
        return challengers.conclude(self.context, challenger)
