"""Labels that a team already has, through the same checks as corrections and into the same tables.

The model is asked about each text, so that the row has the answer and the probabilities of any other prediction: it is
trained on and judged by like a correction. An actor's text has one prediction id wherever it stands, so that the same
file again, or the rest of one that was broken off, finds what is there.
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
from product.inference.prediction import predict_batch
from product.privacy import keys
from product.privacy.redact import redact_for_storage
from product.progress import report
from product.sentiment import MAX_TEXTS, InvalidInput, Prediction
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.predictions import save_predictions
from product.storage.tables import FeedbackRow, PredictionRow
from product.validation import MAX_ACTOR, check_label, check_length, check_text

LISTED = 20
"""Bad rows that a refusal names."""
CHECKING = "checking the file"


@dataclass(frozen=True)
class Given:
    """One row: the text as it is kept, and the label that the actor gives it."""

    number: int
    text: str
    label: str


@dataclass(frozen=True)
class Source:
    """A file, and how it is to be read."""

    path: Path
    actor: str
    text_column: str = "text"
    label_column: str = "label"


@dataclass(frozen=True)
class Plan:
    """A file that was looked through. `last` has for each prediction id the row that counts: the last with the text."""

    last: dict[str, int]
    rows: int
    bad: list[str] = field(default_factory=list)

    @property
    def repeated(self) -> int:
        return self.rows - len(self.last)


@dataclass(frozen=True)
class Imported:
    """How many texts are new, got another label, stood already as they are in the file, or were erased and stay so."""

    added: int
    changed: int
    unchanged: int
    erased: int


def prediction_id(key: bytes, actor: str, text: str) -> str:
    """32 hex digits, the same for the same actor and text. Keyed: a text is not to be guessed from its id."""
    return keys.keyed_hash(key, "import", f"{actor}\0{text}")[:32]


def check(source: Source, key: bytes, *, skip_bad: bool = False) -> Plan:
    """Look through the file. Nothing is stored and no model is asked.

    Raises InvalidInput for a file that cannot be read, and naming bad rows by number and column; with `skip_bad` the
    plan lists these.
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
            f"{source.path}: {len(bad):,} row(s) cannot be imported, so none is; mend them or say --skip-bad\n"
            + "\n".join(bad[:LISTED])
            + more
        )
    return Plan(last, rows, bad)


def check_actor(actor: str) -> None:
    """Raises InvalidInput for a name that is empty, too long, or could be somebody's who corrects in the product."""
    check_length("--actor", actor, MAX_ACTOR)
    if not actor.strip():
        raise InvalidInput("--actor: must not be empty.")
    if ":" in actor or "\x00" in actor:
        raise InvalidInput("--actor: no colon; one stands in the names of those who correct on the page or by REST.")


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
    text, label = (row.values.get(name) for name in (source.text_column, source.label_column))
    check_text(f"row {row.number}, {source.text_column}", text)
    label = label.strip().lower() if isinstance(label, str) else label
    check_label(label, f"row {row.number}, {source.label_column}")
    return Given(row.number, redact_for_storage(text), label)


def store(
    source: Source,
    plan: Plan,
    key: bytes,
    database: Database,
    scorer: Scorer,
) -> Imported:
    """Put the plan's rows into the database, batch by batch.

    What was committed before a kill or an error stays, and the same call again goes on from there. Raises NoModel,
    StorageUnavailable.
    """
    done, counts = 0, Counter()
    for batch in batches(_that_count(source, plan, key), MAX_TEXTS):
        counts += _store_batch(Actor(ActorKind.importer, name=source.actor), dict(batch), database, scorer)
        done += len(batch)
        report("importing", done, len(plan.last))
    return Imported(**{name: counts[name] for name in ("added", "changed", "unchanged", "erased")})


def _that_count(source: Source, plan: Plan, key: bytes) -> Iterator[tuple[str, Given]]:
    for row in read_rows(source.path):
        try:
            given = _given(source, row)
        except InvalidInput:
            continue
        id = prediction_id(key, source.actor, given.text)
        if plan.last.get(id) == given.number:
            yield id, given


def _store_batch(actor: Actor, batch: dict[str, Given], database: Database, scorer: Scorer) -> Counter:
    with database.read() as session:
        stored = _stored(session, actor, list(batch))
    new = _answers({id: given.text for id, given in batch.items() if id not in stored}, scorer)
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
    """Of the predictions that are there: whether the text still is, and the label the actor gave."""
    own = and_(FeedbackRow.prediction_id == PredictionRow.id, FeedbackRow.actor == actor)
    query = select(PredictionRow.id, PredictionRow.text != "", FeedbackRow.label)
    rows = session.execute(query.outerjoin(FeedbackRow, own).where(PredictionRow.id.in_(ids)))
    return {id: (bool(whole), label) for id, whole, label in rows}


def _kind(stored: tuple[bool, str | None] | None, given: Given) -> str:
    if stored is None:
        return "added"
    whole, label = stored
    if not whole:
        return "erased"
    return "unchanged" if label == given.label else "changed"


def _answers(texts: dict[str, str], scorer: Scorer) -> list[Prediction]:
    """The model's answers under the ids given."""
    if not texts:
        return []
    answers = predict_batch(scorer, list(texts.values()))
    return [replace(answer, id=id) for id, answer in zip(texts, answers, strict=True)]
