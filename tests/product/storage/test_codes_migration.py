"""A database of revision 0005 with every kind of row: what its sentences and names become, and that it can be used."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, create_engine, insert, select, text

from product.codes import CheckCode, FeedbackCode, Outcome, Reason, RunCode
from product.feedback import erasure
from product.feedback.exporter import export
from product.feedback.review_queue import review_queue
from product.identity import PRODUCT, Actor, ActorKind
from product.service import Application
from product.storage.attempts import get_attempt
from product.storage.corrections import corrections_with_code
from product.storage.database import Database
from product.storage.feedback import get_feedback
from product.storage.migrate import migrate
from product.storage.tables import ActivationRow, ShadowRow
from product.storage.versions import active_version, get_version
from product.texts import rendering, texts
from tests.support.actors import lead, visitor

DUMP = Path(__file__).with_name("every_kind_of_row.sql")
KEY, OTHER_KEY = "0123456789ab", "ba9876543210"
CRM = ActorKind.token, "crm"
PROGRESS = Reason(RunCode.shadow_progress, {"read": 1200, "champion": "r0001-a", "differed": 34})
BETTER = Reason(RunCode.better)


@pytest.fixture(scope="module")
def old_file(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("old") / "attune.db"
    connection = sqlite3.connect(file)
    connection.executescript(DUMP.read_text(encoding="utf-8"))
    connection.close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, old_file, tmp_path):
    """The old database, migrated."""
    if request.param == "sqlite":
        file = tmp_path / "attune.db"
        file.write_bytes(old_file.read_bytes())
        database = Database(f"sqlite:///{file}")
    else:
        database = Database(request.getfixturevalue("postgresql_url"))
        migrate(database, to="0005")
        copy_rows(f"sqlite:///{old_file}", database.url)
    migrate(database)
    yield database
    database.close()


def copy_rows(source: str, target) -> None:
    """Copy the rows of all tables, parents first."""
    old, new, metadata = create_engine(source), create_engine(target), MetaData()
    metadata.reflect(old)
    with old.connect() as reading, new.begin() as writing:
        for table in metadata.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = [in_utc(row) for row in reading.execute(select(table)).mappings()]
            writing.execute(insert(Table(table.name, MetaData(), autoload_with=writing)), rows)
            if "id" in table.c and table.c.id.type.python_type is int:
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                writing.execute(text(f"SELECT setval({sequence}, (SELECT max(id) FROM {table.name}))"))


def in_utc(row) -> dict:
    return {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in row.items()}


@pytest.fixture
def application(settings, database, engine) -> Application:
    return Application(settings, database, engine)


def feedback_id(number: int) -> str:
    return f"{number:032x}"


@pytest.mark.parametrize(
    ("number", "actor"),
    [
        (1, visitor(KEY)),
        (2, visitor(KEY, "anna")),
        (3, visitor(KEY, "anonymous")),
        (4, Actor(*CRM, "anna")),
        (5, Actor(*CRM, "a:b")),
        (6, Actor(ActorKind.importer, name="team")),
        (7, lead("eve")),
        (8, Actor(ActorKind.lead, OTHER_KEY)),
        (26, Actor(ActorKind.erased, feedback_id(26))),
    ],
)
def test_contributors_become_kind_key_and_name(database, number, actor):
    with database.read() as session:
        assert get_feedback(session, id=feedback_id(number)).actor == actor


@pytest.mark.parametrize(
    ("number", "reviewer"),
    [
        (1, None),
        (7, lead("eve")),
        (8, Actor(ActorKind.lead, OTHER_KEY)),
        (9, lead("eve")),
        (11, Actor(ActorKind.operator, name="frank")),
        (26, None),
    ],
)
def test_reviewers_become_kind_key_and_name(database, number, reviewer):
    with database.read() as session:
        assert get_feedback(session, id=feedback_id(number)).reviewer == reviewer


@pytest.mark.parametrize(
    ("number", "status", "code", "values"),
    [
        (1, "pending", FeedbackCode.given, {}),
        (6, "pending", FeedbackCode.imported, {}),
        (13, "quarantined", FeedbackCode.contributor_contradicted, {"trust": 0.28}),
        (14, "accepted", FeedbackCode.too_few_contributors, {}),
        (15, "learned", FeedbackCode.learned, {"version": "r0001-a"}),
        (16, "pending", FeedbackCode.contributor_unproven, {"trust": 0.8}),
        (17, "quarantined", FeedbackCode.outvoted, {"labels": ["positive"]}),
        (18, "quarantined", FeedbackCode.outvoted, {"labels": ["neutral", "positive"]}),
        (19, "quarantined", FeedbackCode.disputed, {}),
        (20, "pending", FeedbackCode.too_fast, {"limit": 60, "minutes": 10}),
        (21, "pending", FeedbackCode.over_share, {"share": 0.5}),
        (22, "quarantined", FeedbackCode.harmful_contributor, {}),
        (23, "accepted", FeedbackCode.accepted_by_reviewer, {}),
        (24, "rejected", FeedbackCode.rejected_by_reviewer, {}),
        (25, "quarantined", FeedbackCode.legacy, {"text": "A sentence of an older release."}),
        (26, "erased", FeedbackCode.erased_by_operator, {}),
        (27, "erased", FeedbackCode.erased_by_contributor, {}),
    ],
)
def test_the_last_sentence_of_a_history_becomes_a_code(database, number, status, code, values):
    with database.read() as session:
        last = get_feedback(session, id=feedback_id(number)).history[-1]
        assert (last.status, last.reason, last.note) == (status, Reason(code, values), "")


def test_a_history_keeps_its_order_and_actors(database):
    with database.read() as session:
        history = get_feedback(session, id=feedback_id(15)).history
        events = [(event.actor, event.reason.code, event.reason.values) for event in history]
    learned, not_learned = "learned-by-version", "not-learned-by-version"
    assert events[:2] == [(Actor(*CRM, "anna"), "given", {}), (PRODUCT, "contributor-trusted", {"trust": 0.91})]
    assert events[2:4] == [
        (PRODUCT, learned, {"version": "r0001-a"}),
        (PRODUCT, not_learned, {"version": "attune-5"}),
    ]


@pytest.mark.parametrize(
    ("number", "actor", "code", "note"),
    [
        (7, lead("eve"), FeedbackCode.given_by_lead, ""),
        (8, Actor(ActorKind.lead, OTHER_KEY), FeedbackCode.given_by_lead, "It is praise."),
        (10, lead("eve"), FeedbackCode.decided_by_lead, "They were joking."),
        (11, Actor(ActorKind.operator, name="frank"), FeedbackCode.decided_by_lead, "Asked her."),
        (12, Actor(ActorKind.lead, OTHER_KEY), FeedbackCode.decided_by_lead, ""),
    ],
)
def test_a_reason_written_by_a_lead_becomes_a_note(database, number, actor, code, note):
    with database.read() as session:
        event = get_feedback(session, id=feedback_id(number)).history[1]
        assert (event.actor, event.reason, event.note) == (actor, Reason(code), note)


def test_the_history_of_an_erased_correction_names_no_person(database):
    with database.read() as session:
        history = get_feedback(session, id=feedback_id(26)).history
        events = [(event.actor, event.code, event.note) for event in history]
    erased = Actor(ActorKind.erased, feedback_id(26))
    assert events == [(erased, "removed", ""), (erased, "removed", ""), (PRODUCT, "erased-by-operator", "")]


def test_activations_get_reasons_and_the_actor_who_decided(database):
    with database.read() as session:
        found = [(row.actor, row.reasons, row.note) for row in session.query(ActivationRow).order_by(ActivationRow.id)]
    operator = Actor(ActorKind.operator)
    values = {"version": "r0001-a", "mistakes_before": 6, "before": 300, "mistakes_after": 60, "after": 300}
    assert found == [
        (PRODUCT, [Reason(RunCode.shipped)], ""),
        (PRODUCT, [BETTER], ""),
        (operator, [Reason(RunCode.rolled_back_by_command)], ""),
        (Actor(ActorKind.operator, name="eve"), [Reason(RunCode.promoted_by_command)], "read the table"),
        (PRODUCT, [Reason(RunCode.probation_failed, values | {"p": 9.2e-14})], ""),
        (operator, [Reason(RunCode.promoted_by_command)], ""),
    ]


FAILED = Reason(
    RunCode.check_failed,
    {"check": "slice", "subject": "label:negative", "threshold": 0.05, "rows": 400, "difference": -0.4, "p": 2.1e-48},
)
UNMEASURED = Reason(RunCode.unmeasured, {"corpora": ["imdb_train"]})
CHANGED = Reason(RunCode.active_version_changed, {"active": "attune-5"})
STARTED = Reason(RunCode.shadow_started, {"champion": "r0001-a", "until": "2026-11-03 12:14"})


@pytest.mark.parametrize(
    ("id", "outcome", "reasons"),
    [
        (1, Outcome.promoted, [BETTER]),
        (2, Outcome.kept, [FAILED, UNMEASURED]),
        (3, Outcome.insufficient, [Reason(RunCode.too_few_new_texts, {"accepted": 4, "needed": 30})]),
        (4, Outcome.kept, [FAILED, Reason(RunCode.harmful_contributor_excluded), UNMEASURED]),
        (5, Outcome.awaiting_approval, [Reason(RunCode.not_worse_without_withdrawn), CHANGED, UNMEASURED]),
        (6, Outcome.kept, [Reason(RunCode.legacy, {"text": "What an older release said."})]),
        (12, Outcome.awaiting_approval, [BETTER, STARTED]),
        (13, None, []),
    ],
)
def test_attempts_get_reasons(database, id, outcome, reasons):
    with database.read() as session:
        attempt = get_attempt(session, id=id)
        assert (attempt.outcome, attempt.reasons) == (outcome, reasons)


def test_attempts_keep_the_last_event_and_the_version_they_announced(database):
    with database.read() as session:
        killed = get_attempt(session, id=13)
        assert (killed.last_event_id, killed.publishing_version) == (57, "killed-1")


def test_shadows_get_reasons(database):
    with database.read() as session:
        found = {row.version_id: (row.outcome, row.reasons) for row in session.query(ShadowRow)}
    changed = Reason(RunCode.active_version_changed, {"active": "attune-5", "champion": "r0001-a"})
    assert found == {
        "x1": ("promoted", [Reason(RunCode.shadow_promoted_early), PROGRESS]),
        "x2": ("awaiting-approval", [changed, PROGRESS]),
        "x3": ("awaiting-approval", [Reason(RunCode.shadow_not_trusted, {"problem": "v2: a file changed"}), PROGRESS]),
        "x4": ("awaiting-approval", [Reason(RunCode.shadow_finished_lead_decides), PROGRESS]),
        "x5": ("promoted", [Reason(RunCode.shadow_finished), PROGRESS]),
        "y1": ("awaiting-approval", [Reason(RunCode.shadow_replaced, {"version": "y2"})]),
        "y2": (None, []),
    }


def check(code: str, subject: str, sides: tuple, values: dict, threshold: float | None, passed: bool | None) -> dict:
    champion, challenger = sides
    numbers = {"champion": champion, "challenger": challenger, "threshold": threshold}
    return {"code": code, "subject": subject, "values": values, "passed": passed, **numbers}


CHECKED = [
    check(
        "gate-rows",
        "",
        (0.86, 0.862),
        {"rows": 2000, "difference": 0.002, "confidence": 0.95, "low": -0.0004, "high": 0.0044},
        0.01,
        True,
    ),
    check(
        "gate-rows-shipped",
        "attune-5",
        (0.85, 0.862),
        {"rows": 2000, "difference": 0.012, "confidence": 0.95, "low": 0.007, "high": 0.017},
        0.01,
        True,
    ),
    check(
        "holdout-labels", "", (0.3, 0.8), {"rows": 54, "groups": 27, "fixed": 14, "broken": 0, "p": 3.1e-05}, 0.35, True
    ),
    check("holdout-probabilities", "", (0.78, 0.379), {"groups": 27, "gain": 0.401, "p": 4.9e-47}, 0.05, True),
    check(
        "no-forgetting",
        "",
        (0.83, 0.83),
        {"rows": 12, "correct_before": 10, "broken": 0, "reviewed_broken": 0},
        0.02,
        True,
    ),
    check("slice", "language:en", (0.8, 0.9), {"rows": 400, "difference": 0.1, "p": 1.0}, 0.05, True),
    check("slice", "label:negative", (0.9, 0.5), {"rows": 400, "difference": -0.4, "p": 2.1e-48}, 0.05, False),
    check("slice", "length:short", (0.5, 0.5), {"rows": 20, "difference": 0.0}, None, None),
    check("slice", "length:medium", (0.5, 0.5), {"rows": 400, "difference": 0.0, "p": 1.0}, 0.05, True),
    check("slice", "corpus:airline", (0.7, 0.7), {"rows": 500, "difference": 0.0, "p": 1.0}, 0.05, True),
    check("slice", "fairness:en", (0.9, 0.9), {"rows": 300, "difference": 0.0, "p": 1.0}, 0.05, True),
    check("slice", "behaviours:zh", (0.9, 0.9), {"rows": 300, "difference": 0.0, "p": 1.0}, 0.05, True),
    check("corpus-unmeasured", "imdb_train", (None, None), {"problem": "it is not on this computer"}, None, None),
    check("source-ablation", "", (0.86, 0.85), {"given": 70, "total": 135, "difference": -0.01, "p": 1.0}, 0.01, True),
]
FORGOT = {"rows": 12, "correct_before": 10, "broken": 5, "reviewed_broken": 0}
TURNED_DOWN = {"code": "check-failed", "values": {"check": "no-forgetting", "subject": "", "threshold": 0.1} | FORGOT}
WITHOUT_ROWS = {"rows": 0, "groups": 0, "fixed": 0, "broken": 0, "p": 1.0}
AGAIN = [
    check("holdout-labels-not-worse", "", (None, None), WITHOUT_ROWS, 0.05, True),
    check(
        "holdout-labels-not-worse",
        "",
        (0.5, 0.5),
        {"rows": 20, "groups": 20, "fixed": 0, "broken": 0, "p": 1.0},
        0.05,
        True,
    ),
    check(
        "no-forgetting",
        "",
        (0.83, 0.5),
        {"rows": 12, "correct_before": 10, "broken": 4, "reviewed_broken": 4},
        1.0,
        True,
    ),
    check(
        "no-forgetting",
        "",
        (None, None),
        {"rows": 0, "correct_before": 0, "broken": 0, "reviewed_broken": 0},
        0.02,
        True,
    ),
    check("earlier-attempt", "", (None, None), {"number": 1, "of": 3, "reasons": [TURNED_DOWN]}, None, None),
]


def test_the_checks_of_a_verdict_become_codes_and_numbers(database):
    with database.read() as session:
        checks = get_attempt(session, id=2).verdict["checks"]
        again = get_version(session, id="r0005-b").verdict["checks"]
    assert checks == CHECKED
    assert all(expected in again for expected in AGAIN)
    assert {found["code"] for found in [*checks, *again]} == set(CheckCode) - {CheckCode.legacy}


# The migrated database in use


def test_receipts_work_after_the_migration(application):
    receipt = application.receipt(feedback_id(10))
    assert (receipt.status, receipt.label, receipt.agrees_now) == ("rejected", "neutral", True)
    assert [(change.status, change.reason.code) for change in receipt.history] == [
        ("pending", "given"),
        ("rejected", "decided-by-lead"),
    ]


def test_the_review_queue_lists_what_is_open(database):
    with database.read() as session:
        items = review_queue(session, [], 50)
    assert {item.corrections[0].feedback_id for item in items if item.reason == "quarantined"} >= {feedback_id(13)}
    assert {item.text: item.challenger for item in items if item.reason == "shadow"} == {"shadow message": "neutral"}


def test_corrections_are_exported_with_their_handles(database, tmp_path):
    file = tmp_path / "corrections.jsonl"
    with database.read() as session:
        assert export(session, file) == 25
    content = file.read_text(encoding="utf-8")
    handles = (f"desk:{KEY}", f"{KEY}:anna", "crm:a:b", "team", "lead:eve")
    assert all(f'"actor": "{handle}"' in content for handle in handles)


def test_a_contributor_is_erased_by_their_handle(database):
    with database.write() as session:
        erasure.erase(session, erasure.scope_of_actor(session, "crm:carl"))
    with database.read() as session:
        history = get_feedback(session, id=feedback_id(11)).history
        assert [(event.code, event.note) for event in history] == [
            ("removed", ""),
            ("removed", ""),
            ("erased-by-operator", ""),
        ]


def test_a_contributor_found_harmful_before_the_migration_is_still_known(database):
    with database.read() as session:
        assert corrections_with_code(session, FeedbackCode.harmful_contributor) == {feedback_id(22)}


def test_versions_are_listed_and_every_reason_has_a_sentence(application, database):
    assert {version["id"] for version in application.versions() if version["active"]} == {"r0001-a"}
    with database.read() as session:
        assert active_version(session) == "r0001-a"
        reasons = [reason for row in session.query(ActivationRow) for reason in row.reasons]
        reasons += [reason for number in range(1, 14) for reason in get_attempt(session, id=number).reasons]
    for language in ("en", "zh"):
        assert all(rendering.reason(reason, texts(language)) for reason in reasons)
