"""The migrations build the tables of the models and convert old rows."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, create_engine, inspect, text

from product.storage.attempts import count_feedback_since_last_attempt
from product.storage.corrections import all_corrections
from product.storage.database import Database
from product.storage.migrate import MIGRATIONS, migrate
from product.storage.predictions import first_prediction_at
from product.storage.tables import FeedbackRow, Table
from tests.support.actors import contributor
from tests.support.stored import get_prediction


def test_migrations_build_the_tables_of_the_models(settings, database):
    with create_engine(settings.database).connect() as connection:
        options = {"compare_type": True, "target_metadata": Table.metadata}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Table.metadata) == []


def test_migrations_build_the_check_constraints_of_the_models(settings, database):
    """Alembic's comparison leaves check constraints out."""
    found = inspect(create_engine(settings.database))
    for table in Table.metadata.sorted_tables:
        built = {check["name"]: check["sqltext"] for check in found.get_check_constraints(table.name)}
        described = {
            str(check.name): str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)
        }
        assert built == described


def test_migrating_twice_keeps_the_rows(database, application, count):
    [prediction] = application.predict(["bad flight"])
    application.correct(prediction_id=prediction.id, label="neutral", actor=contributor("ann"))
    migrate(database)
    assert count(FeedbackRow) == 1


def test_predictions_from_before_0002_are_not_imported(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/attune.db")
    migrate(database, to="0001")
    with database.write() as session:
        columns = "id, created_at, text, label, negative, neutral, positive, language, route, truncated, model_version"
        values = "'p1', '2026-01-01 12:00:00', 'bad bag', 'negative', 1, 0, 0, 'en', 'urgent', false, 'v1'"
        session.execute(text(f"INSERT INTO predictions ({columns}) VALUES ({values})"))
    migrate(database)
    with database.read() as session:
        row = get_prediction(session, id="p1")
        assert (row.text, row.imported) == ("bad bag", False)
        assert first_prediction_at(session) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    database.close()


def test_corrections_from_before_0003_are_not_reviewed(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/attune.db")
    migrate(database, to="0002")
    with database.write() as session:
        columns = "id, created_at, text, label, negative, neutral, positive, language, route, truncated, model_version"
        values = "'p1', '2026-01-01 12:00:00', 'bad bag', 'negative', 1, 0, 0, 'en', 'urgent', false, 'v1'"
        session.execute(text(f"INSERT INTO predictions ({columns}) VALUES ({values})"))
        columns = "id, prediction_id, actor, label, comment, status, created_at, updated_at"
        values = "'f1', 'p1', 'ann', 'neutral', '', 'pending', '2026-01-01 12:00:00', '2026-01-01 12:00:00'"
        session.execute(text(f"INSERT INTO feedback ({columns}) VALUES ({values})"))
    migrate(database)
    with database.read() as session:
        [correction] = all_corrections(session)
        assert (correction.id, correction.label, correction.reviewed) == ("f1", "neutral", False)


def test_an_attempt_from_before_0004_has_read_the_events_before_its_start(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/attune.db")
    migrate(database, to="0002")
    with database.write() as session:
        columns = "id, created_at, text, label, negative, neutral, positive, language, route, truncated, model_version"
        values = "'p1', '2026-01-01 12:00:00', 'bad bag', 'negative', 1, 0, 0, 'en', 'urgent', false, 'v1'"
        session.execute(text(f"INSERT INTO predictions ({columns}, imported) VALUES ({values}, false)"))
        columns = "id, prediction_id, actor, label, comment, status, created_at, updated_at"
        given = "'negative', '', 'pending', '2026-01-01 12:00:00', '2026-01-01 12:00:00'"
        for id, actor, at in (("f1", "ann", "2026-01-01"), ("f2", "bob", "2026-01-03")):
            session.execute(text(f"INSERT INTO feedback ({columns}) VALUES ('{id}', 'p1', '{actor}', {given})"))
            event = f"'{id}', 'pending', '{at} 12:00:00', '{actor}', 'test'"
            session.execute(text(f"INSERT INTO feedback_events (feedback_id, status, at, who, why) VALUES ({event})"))
        columns, moment = "id, started_at, finished_at, outcome, reason", "'2026-01-02 12:00:00'"
        session.execute(text(f"INSERT INTO attempts ({columns}) VALUES (1, {moment}, {moment}, 'kept', '')"))
    migrate(database)
    with database.read() as session:
        assert count_feedback_since_last_attempt(session) == 1
    database.close()


def test_a_downgrade_from_0006_is_refused_with_a_remedy():
    codes = ScriptDirectory(str(MIGRATIONS)).get_revision("0006")
    with pytest.raises(NotImplementedError, match="Restore a backup"):
        codes.module.downgrade()
