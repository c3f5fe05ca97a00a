"""The loop, once: collect, hold back, train, export, evaluate, decide, promote."""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np

from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.manifest import Expert, Manifest
from product.privacy import keys
from product.sentiment import Correction, Status
from product.settings.configuration import Settings
from product.settings.rules import GateRules
from product.storage.attempts import (
    announce_version,
    attempt_that_made,
    count_feedback_since_last_attempt,
    count_withdrawn,
    finish_attempt,
    latest_attempt_id,
    latest_event_id,
    start_attempt,
)
from product.storage.corrections import all_corrections, corrections_with_reason
from product.storage.database import Database
from product.storage.feedback import apply_trust_decisions
from product.storage.locks import Locked, corrections_lock
from product.storage.migrate import migrate
from product.storage.tables import now
from product.storage.versions import active_version, latest_activation, learned_labels
from product.versions.installer import ensure_shipped, installed_manifest
from product.versions.registry import Versions, record
from training.data.rows import Row
from training.modelling.packaging import complete_version, copy_expert, package_versions
from training.retraining import train as teaching
from training.retraining.compare import answered_rightly, judge
from training.retraining.dataset import RetrainDataset, collect, collect_again
from training.retraining.gate import Check, Verdict, source_ablation
from training.retraining.sources import decide_trust, large_sources, set_aside
from training.retraining.trust import TrustDecision

log = logging.getLogger(__name__)

SUSPECTS = 2
"""Large sources at most that a challenger is trained without, one after the other."""
TRIES = 3
"""Trainings at most of a challenger that learns nothing new, each in an order of its own: what of seventy learned words
breaks, and which gate rows turn, is chance in part, and the champion was as lucky as it was."""
HARMFUL = "Learning with this source makes the model worse elsewhere; without it, it does not."


@dataclass(frozen=True)
class Outcome:
    """What a run came to: `promoted`, `kept`, `awaiting-approval`, `not-due` or `insufficient`, and why."""

    outcome: str
    reason: str
    version: str | None = None
    champion: str | None = None
    verdict: Verdict | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict:
        return asdict(self)


def retrain(
    settings: Settings,
    *,
    if_due: bool = False,
    dry_run: bool = False,
    shadow: timedelta | None = None,
    say: Callable = log.info,
    attempt_as: Callable[..., "Run"] | None = None,
) -> Outcome:
    """Run the loop. Raises Locked when another run holds the lock; nothing changes unless a decision is reached.

    `if_due`: only where enough corrections came since the last attempt, and no other run is under way.
    `shadow`: what is better reads in the champion's shadow for so long, and only then is promoted; by default as long
    as the installation's setting says, which may be not at all.
    `attempt_as` makes the Run: a benchmark leaves steps of it out.
    """
    started = time.monotonic()
    shadow = timedelta(hours=settings.shadow_hours) if shadow is None else shadow
    with suppress(OSError):
        os.nice(10)  # answering customers comes first
    database = Database(settings.database)
    migrate(database)
    try:
        with corrections_lock(settings, database) as check_still_locked:
            outcome = _run(settings, database, if_due, dry_run, shadow, say, attempt_as or Run, check_still_locked)
    except Locked as reason:
        if not if_due:
            raise
        # Several clocks may start it: that another was first is no failure.
        outcome = Outcome("not-due", str(reason))
    finally:
        database.close()
    return Outcome(**{**vars(outcome), "seconds": round(time.monotonic() - started, 1)})


def _run(
    settings: Settings,
    database: Database,
    if_due: bool,
    dry_run: bool,
    shadow: timedelta,
    say: Callable,
    attempt_as: Callable[..., "Run"],
    check_still_locked: Callable[[], None],
) -> Outcome:
    versions = Versions(settings, database)
    ensure_shipped(settings, versions)
    if not dry_run:
        versions.discard_unrecorded()
    with database.read() as session:
        champion_id = active_version(session)
        since = count_feedback_since_last_attempt(session)
        known, attempt = latest_event_id(session), latest_attempt_id(session) + 1
    if if_due and since < settings.retrain_min_corrections:
        reason = f"{since} corrections since the last attempt, {settings.retrain_min_corrections} make a run due"
        return Outcome("not-due", reason, champion=champion_id)
    run = attempt_as(
        settings,
        database,
        versions,
        installed_manifest(versions.store),
        champion_id,
        attempt,
        dry_run,
        shadow,
        say,
        check_still_locked,
    )
    accepted = run.score_contributors()
    material = run.collect(accepted) if len(accepted) >= 2 * settings.gate.min_holdout_groups else None
    lacking = too_few(material, len(accepted), settings.gate)
    insufficient = lacking and not run.withdrawn()
    if not dry_run:
        with database.write() as session:
            run = replace(run, attempt=start_attempt(session, up_to=known))
            if insufficient:  # recorded, or what is started by the clock would collect the same again and again
                finish_attempt(session, id=run.attempt, outcome="insufficient", reason=lacking)
    if insufficient:
        return Outcome("insufficient", lacking, champion=champion_id)
    draft = versions.store.draft("challenger")
    try:
        if lacking:
            say(lacking)
            return run.conclude(run.learn_again(draft, accepted))
        return run.conclude(run.decide(draft, accepted, material))
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@dataclass(frozen=True)
class Challenger:
    """What was trained, in a folder of its own, and the verdict on it as it would serve; `right`: which gate rows it
    answers rightly, bool [rows]."""

    folder: Path
    manifest: Manifest
    verdict: Verdict
    material: RetrainDataset
    right: np.ndarray


@dataclass(frozen=True)
class Run:
    """One attempt: its steps in their order."""

    settings: Settings
    database: Database
    versions: Versions
    shipped: Manifest
    champion: str
    attempt: int
    dry_run: bool
    shadow: timedelta
    say: Callable
    check_still_locked: Callable[[], None] = lambda: None
    """Raises Locked where another run may have been under way beside this one."""

    def score_contributors(self) -> list[Correction]:
        """What may teach, oldest first; what became of every correction is stored, for who gave it to read."""
        with self.database.read() as session:
            as_of, corrections = now(), all_corrections(session)
            harmful = corrections_with_reason(session, why=HARMFUL)
        found = decide_trust(self.settings, self.versions, self.shipped, corrections, self.attempt, self.say)
        found |= dict.fromkeys(
            set_aside(corrections, harmful, self.settings.source_trust), TrustDecision(Status.quarantined, HARMFUL)
        )
        if not self.dry_run:
            changes = {id: (one.status, one.why) for id, one in found.items()}
            with self.database.write() as session:
                apply_trust_decisions(session, changes, as_of=as_of)
        return [one for one in corrections if found[one.id].status == Status.accepted]

    def collect(self, accepted: list[Correction], how: Callable[..., RetrainDataset] | None = None) -> RetrainDataset:
        with self.database.read() as session:
            before = learned_labels(session, version_id=self.champion)
            # What is replayed beside it is then what was replayed, and little of it breaks by chance.
            seed = attempt_that_made(session, version_id=self.champion) if how else None
        how = how or partial(collect, least=self.settings.gate.min_holdout_groups)
        languages = tuple(self.shipped.experts)
        return how(self.settings, accepted, languages, before=before, seed=seed or self.attempt, say=self.say)

    def withdrawn(self) -> int:
        """How many of the corrections that the champion has learned were turned down or erased since."""
        with self.database.read() as session:
            return count_withdrawn(session, version_id=self.champion)

    def learn_again(self, draft: Path, accepted: list[Correction]) -> Challenger:
        """A challenger without what was withdrawn and without anything new: it need not be better than the champion,
        and whoever takes a word back must not have to wait until there is enough to learn."""
        self.say(f"{self.withdrawn()} of what {self.champion} has learned was turned down or erased: learning without")
        material, failed = self.collect(accepted, collect_again), []
        for turn in range(TRIES):
            found = self.challenge(draft / f"again-{turn}", material, turn)
            if found.verdict.promote or turn == TRIES - 1:
                break
            failed.append(found.verdict.reason)
            self.say(f"not this one: {found.verdict.reason}; once more in another order")
        tries = [
            Check(f"  order {turn}", "–", "–", why, f"one of {TRIES} must do", None)
            for turn, why in enumerate(failed, 1)
        ]
        return with_checks(found, tries)

    def decide(self, draft: Path, accepted: list[Correction], material: RetrainDataset) -> Challenger:
        """Train and judge, with and without each large source; and without what was withdrawn where nothing better
        comes."""
        found = self.challenge(draft / "all", material)
        if found.verdict.promote or found.verdict.harms:
            found, accepted = self.exclude_harmful_contributor(draft, accepted, found)
        if not found.verdict.promote and self.withdrawn():
            again = self.learn_again(draft, accepted)
            found = again if again.verdict.promote else found
        return found

    def exclude_harmful_contributor(
        self, draft: Path, accepted: list[Correction], found: Challenger
    ) -> tuple[Challenger, list[Correction]]:
        """The challenger that has learned nothing from a large source that is to blame, whose words are set aside, and
        what may still teach. To blame is one without which a challenger that does harm would pass, or with which the
        gate rows are read worse than without."""
        checks: list[Check] = []
        for number, source in enumerate(large_sources(accepted, self.settings.source_trust)[:SUSPECTS]):
            own = [one for one in accepted if one.source == source]
            others = [one for one in accepted if one.source != source]
            self.say(f"once more without {source}, who gave {len(own)} of {len(accepted)} corrections")
            second = self.collect(others)
            if too_few(second, len(others), self.settings.gate):
                continue
            folder, wins = draft / f"without-{number}", found.verdict.promote
            without = None if wins else self.challenge(folder, second)
            answered = without.right if without else self.train_ablation(draft / "train_ablation", second)
            shutil.rmtree(draft / "train_ablation", ignore_errors=True)
            check = source_ablation(found.right, answered, len(own), len(accepted), self.settings.gate)
            # Where the challenger does harm, blame is by the whole verdict on the one without, and this is only shown.
            checks.append(check if wins else replace(check, passed=None))
            if (wins and check.passed) or (without and not without.verdict.promote):
                continue
            without = without or self.challenge(folder, second)
            self.quarantine_contributor(own)
            # The verdict is on the one without the source, which passes or fails by its own lines.
            shown = [replace(each, passed=None) for each in checks]
            reason = f"{without.verdict.reason}; without a source that does harm, which is set aside now"
            return with_checks(without, shown, reason), others
        return with_checks(found, checks), accepted

    def train_ablation(self, folder: Path, material: RetrainDataset) -> np.ndarray:
        """Which gate rows a challenger of a single training answers rightly, bool [rows]: to compare by, in half the
        time."""
        folder.mkdir()
        make_challenger(
            self.settings, self.versions, self.shipped, folder, self.attempt, self.champion, material, self.say, runs=1
        )
        return answered_rightly(models.load(folder), material.gate)

    def challenge(self, folder: Path, material: RetrainDataset, turn: int = 0) -> Challenger:
        """A challenger in a new folder, judged as it would serve. `turn`: trained in the same order as any other of
        this number."""
        folder.mkdir()
        manifest = make_challenger(
            self.settings,
            self.versions,
            self.shipped,
            folder,
            self.attempt,
            self.champion,
            material,
            self.say,
            turn=turn,
        )
        champion, challenger = models.load(self.versions.store.folder(self.champion)), models.load(folder)
        shipped = models.load(self.versions.store.folder(self.shipped.id)) if self.shipped.id != self.champion else None
        verdict, metrics, answered = judge(champion, challenger, material, self.settings.gate, self.say, shipped)
        return Challenger(folder, manifest.model_copy(update={"metrics": metrics}), verdict, material, answered)

    def quarantine_contributor(self, corrections: list[Correction]) -> None:
        if not self.dry_run:
            changes = {one.id: (Status.quarantined, HARMFUL) for one in corrections}
            with self.database.write() as session:
                apply_trust_decisions(session, changes)

    def conclude(self, found: Challenger) -> Outcome:
        """Publish and activate what won; of what lost, the reason stays. All that the database is told of it, it is
        told at once, so that whoever is killed here has decided nothing or everything."""
        verdict, material = found.verdict, found.material
        manifest = found.manifest.model_copy(update={"verdict": verdict.as_dict()})
        reason, version = verdict.reason, manifest.id if verdict.promote else None
        if self.dry_run:
            with self.database.read() as session:
                outcome = self.outcome_of(verdict, active_version(session))
            told = f"dry run, nothing changed: {reason}"
            return Outcome(outcome, told, champion=manifest.parent, verdict=verdict)
        self.check_still_locked()
        if version:
            manifests.write(found.folder, manifest)
            self.say(f"publishing {version}")
            with self.database.write() as session:
                announce_version(session, id=self.attempt, version_id=version)
            self.versions.store.publish(found.folder)
            self.say(f"recording {version}")
        with self.database.write() as session:
            active = latest_activation(session, lock=True).version_id
            outcome = self.outcome_of(verdict, active)
            if version and active != self.champion:
                reason += f"; but {active} was made active meanwhile, with which it was not compared"
            if version:
                until = now() + self.shadow if self.shadow else None
                if until:
                    reason += f"; reads in the shadow of {manifest.parent} until {until:%Y-%m-%d %H:%M} UTC"
                record(
                    session,
                    manifest,
                    {one.id: one.label for one in material.learned},
                    activate=outcome == "promoted",
                    why=reason,
                    # Its parent has learned what it is to be without.
                    probation=not material.again,
                    shadow_until=until,
                )
            finish_attempt(
                session,
                id=self.attempt,
                outcome=outcome,
                reason=reason,
                version_id=version,
                verdict=verdict.as_dict(),
            )
        return Outcome(outcome, reason, version=version, champion=manifest.parent, verdict=verdict)

    def outcome_of(self, verdict: Verdict, active: str | None) -> str:
        """What becomes of a challenger, where `active` is what serves now."""
        if not verdict.promote:
            return "kept"
        waits = self.settings.approval == "lead" or self.shadow or active != self.champion
        return "awaiting-approval" if waits else "promoted"


def with_checks(found: Challenger, checks: list[Check], reason: str = "") -> Challenger:
    """The challenger with further lines to its verdict, and another reason if so; neither changes what it is."""
    verdict = replace(found.verdict, checks=[*found.verdict.checks, *checks], reason=reason or found.verdict.reason)
    return replace(found, verdict=verdict)


def too_few(material: RetrainDataset | None, accepted: int, rules: GateRules) -> str:
    """Why there is too little to decide on; empty when there is enough. `material`: None where nothing was collected,
    as so few corrections cannot be."""
    if material and len(np.unique(material.held_groups)) >= rules.min_holdout_groups:
        return ""
    return (
        f"of {accepted} corrections that may teach, too few are on different texts that the model has not learned yet: "
        f"{rules.min_holdout_groups} are needed to judge by, and as many to learn from"
    )


def make_challenger(
    settings: Settings,
    versions: Versions,
    shipped: Manifest,
    draft: Path,
    attempt: int,
    parent: str,
    material: RetrainDataset,
    say: Callable,
    runs: int = teaching.RUNS,
    turn: int = 0,
) -> Manifest:
    """Experts that there is a lesson for: the shipped ones with a new adapter. The others: as shipped, so that nothing
    stays learned from corrections that no longer stand."""
    experts, histories, replayed = {}, {}, {}
    for language in shipped.experts:
        lesson = material.lessons.get(language)
        if lesson:
            experts[language], histories[language], replayed[language] = teaching.teach(
                settings, versions, shipped, language, lesson, draft, say, runs, turn
            )
        else:
            say(f"{language}: nothing to learn, so it is the shipped one")
            experts[language] = keep(versions, shipped.id, language, draft)
    rows = row_fingerprints(settings, material, replayed)
    fingerprint = hashlib.sha256("".join(rows).encode()).hexdigest()
    details = {
        "parent": parent,
        "corrections": len(material.learned),
        "data": {
            "fingerprint": fingerprint,
            "rows": rows,
            "corrections": {language: len(lesson.learned) for language, lesson in material.lessons.items()},
            "held_back": len(material.held),
            "replayed": {language: len(each) for language, each in replayed.items()},
        },
        "training": {
            "recipe": asdict(teaching.RECIPE),
            "runs": runs,
            "step": teaching.STEP,
            "packages": package_versions(),
            "history": histories,
        },
    }
    return complete_version(draft, f"r{attempt:04d}-{fingerprint[:8]}", experts, details)


def keep(versions: Versions, version: str, language: str, draft: Path) -> Expert:
    """The language's expert of a version as it is installed here, copied with all its hashes."""
    folder = versions.store.folder(version)
    return copy_expert(folder, manifests.verify(folder).experts[language], language, draft)


def row_fingerprints(settings: Settings, material: RetrainDataset, replayed: Mapping[str, Sequence[Row]]) -> list[str]:
    """A keyed hash of every row used and its label, 64 bits in hex, sorted: whoever has a row and this installation's
    key can tell whether a version has seen it, and nobody can tell the row from it."""
    key = keys.secret(settings.data_dir)
    rows: list[Row | Correction] = [*material.learned]
    for language, lesson in material.lessons.items():
        rows += [*replayed[language], *teaching.watched_rows(lesson)]
    return sorted(keys.keyed_hash(key, "row", f"{row.label}\0{row.text}")[:16] for row in rows)
