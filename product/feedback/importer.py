"""Imports labels that a team already has, with the same checks as corrections and into the same tables.

The model predicts every text, so that an imported label has a prediction like any correction. The prediction id follows
from the contributor and the text: importing a file twice is safe, and an interrupted import continues where it stopped.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from product.codes import FeedbackCode
from product.files.reading import Row, batches, read_heading, read_rows
from product.identity import Actor, ActorKind
from product.inference.engine import Scorer
from product.inference.prediction import as_read, predict_batch
from product.privacy import keys
from product.progress import report
from product.sentiment import MAX_TEXTS, InvalidInput, Prediction
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.predictions import save_predictions
from product.storage.tables import FeedbackRow, PredictionRow
from product.validation import MAX_ACTOR, check_label, check_length, check_text

LISTED = 20
"""Invalid rows that an error message names."""
CHECKING = "checking the file"


@dataclass(frozen=True)
class Given:
    """A row: the text as it is stored, and its label."""

    number: int
    text: str
    label: str


@dataclass(frozen=True)
class Source:
    """A file, the contributor it is imported for, and the names of its columns."""

    path: Path
    actor: str
    text_column: str = "text"
    label_column: str = "label"


@dataclass(frozen=True)
class Plan:
    """A checked file. `last`: prediction id to the number of the row that counts, the last one with that text."""

    last: dict[str, int]
    rows: int
    bad: list[str] = field(default_factory=list)

    @property
    def repeated(self) -> int:
        return self.rows - len(self.last)


@dataclass(frozen=True)
class Imported:
    """How many texts were added, got another label, were already stored, or stay erased."""

    added: int
    changed: int
    unchanged: int
    erased: int


def prediction_id(key: bytes, actor: str, text: str) -> str:
    """32 hex digits that depend on contributor and text. The hash is keyed, so that texts cannot be guessed from it."""
    return keys.keyed_hash(key, "import", f"{actor}\0{text}")[:32]


def check(source: Source, key: bytes, *, skip_bad: bool = False) -> Plan:
    """Check every row of the file. Nothing is stored, and the model is not used.

    Raises InvalidInput if the file cannot be read, or if rows are invalid, naming them by number and column. With
    `skip_bad`, the plan lists invalid rows instead.
    """
    check_actor(source.actor)
    _check_columns(source)
    last, rows, bad = {}, 0, []
    for seen, row in enumerate(read_rows(source.path)):
        if seen % 1_000 == 0:
            report(CHECKING, seen)
        try:
            given = _given(source, row)
        except InvalidInput as problem:
            bad.append(str(problem))
        else:
            last[prediction_id(key, source.actor, given.text)] = given.number
            rows += 1
    report(CHECKING, rows + len(bad), rows + len(bad))
    if bad and not skip_bad:
        more = f"\n… and {len(bad) - LISTED:,} more" if len(bad) > LISTED else ""
        raise InvalidInput(
            f"{source.path}: {len(bad):,} row(s) are invalid, so nothing was imported; correct them or use --skip-bad\n"
            + "\n".join(bad[:LISTED])
            + more
        )
    return Plan(last, rows, bad)


def check_actor(actor: str) -> None:
    """Raises InvalidInput for a name that is empty, too long, or looks like the handle of another contributor."""
    check_length("--actor", actor, MAX_ACTOR)
    if not actor.strip():
        raise InvalidInput("--actor: must not be empty.")
    if ":" in actor or "\x00" in actor:
        raise InvalidInput(
            "--actor: must not contain a colon or a NUL character; a colon marks contributors of the page and the API."
        )


def _check_columns(source: Source) -> None:
    if source.path.suffix.lower() == ".csv":
        heading = read_heading(source.path)
        for name in (source.text_column, source.label_column):
            if name not in heading:
                raise InvalidInput(f"{source.path}: has no column {name!r}; its columns are {', '.join(heading)}.")


def _given(source: Source, row: Row) -> Given:
    """Raises InvalidInput naming row and column."""
    if row.problem:
        raise InvalidInput(f"row {row.number}: {row.problem}.")
    text = check_text(f"row {row.number}, {source.text_column}", row.values.get(source.text_column))
    label = row.values.get(source.label_column)
    label = label.strip().lower() if isinstance(label, str) else label
    label = check_label(label, f"row {row.number}, {source.label_column}")
    return Given(row.number, as_read(text).text, label)


def store(source: Source, plan: Plan, key: bytes, database: Database, scorer: Scorer) -> Imported:
    """Store the plan's rows, one transaction per batch. After an interruption, the same call continues.

    Raises NoModel, StorageUnavailable.
    """
    done, counts = 0, Counter[str]()
    for batch in batches(_rows_to_store(source, plan, key), MAX_TEXTS):
        counts += _store_batch(Actor(ActorKind.importer, name=source.actor), dict(batch), database, scorer)
        done += len(batch)
        report("importing", done, len(plan.last))
    return Imported(**{name: counts[name] for name in ("added", "changed", "unchanged", "erased")})


def _rows_to_store(source: Source, plan: Plan, key: bytes) -> Iterator[tuple[str, Given]]:
    for row in read_rows(source.path):
        try:
            given = _given(source, row)
        except InvalidInput:
            continue
        id = prediction_id(key, source.actor, given.text)
        if plan.last.get(id) == given.number:
            yield id, given


def _store_batch(actor: Actor, batch: dict[str, Given], database: Database, scorer: Scorer) -> Counter[str]:
    with database.read() as session:
        stored = _stored(session, actor, list(batch))
    new = _predict({id: given.text for id, given in batch.items() if id not in stored}, scorer)
    kinds = {id: _kind(stored.get(id), given) for id, given in batch.items()}
    if set(kinds.values()) & {"added", "changed"}:
        with database.write() as session:
            if new:
                save_predictions(session, new, imported=True)
            for id, given in batch.items():
                if kinds[id] in ("added", "changed"):
                    save_feedback(
                        session,
                        prediction_id=id,
                        label=given.label,
                        actor=actor,
                        comment="",
                        code=FeedbackCode.imported,
                    )
    return Counter(kinds.values())


def _stored(session: Session, actor: Actor, ids: list[str]) -> dict[str, tuple[bool, str | None]]:
    """Stored predictions by id: whether the text still exists, and the contributor's label."""
    theirs = and_(FeedbackRow.prediction_id == PredictionRow.id, FeedbackRow.actor == actor)
    query = select(PredictionRow.id, PredictionRow.text != "", FeedbackRow.label)
    rows = session.execute(query.outerjoin(FeedbackRow, theirs).where(PredictionRow.id.in_(ids)))
    return {id: (bool(has_text), label) for id, has_text, label in rows}


def _kind(stored: tuple[bool, str | None] | None, given: Given) -> str:
    if stored is None:
        return "added"
    has_text, label = stored
    if not has_text:
        return "erased"
    return "unchanged" if label == given.label else "changed"


def _predict(texts: dict[str, str], scorer: Scorer) -> list[Prediction]:
    """Predictions with the given ids."""
    if not texts:
        return []
    predictions = predict_batch(scorer, list(texts.values()))
    return [replace(prediction, id=id) for id, prediction in zip(texts, predictions, strict=True)]
