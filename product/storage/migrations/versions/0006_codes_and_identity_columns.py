"""Reasons become codes with values, people become three columns, and columns get their standard names."""

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from product.storage.migrations import sentences

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = sa.String(128)
JSON_COLUMNS = ("values", "reasons", "verdict")
Row = sa.RowMapping
Actor = tuple[str, str, str]
"""Kind, key and name."""
PRODUCT: Actor = ("product", "", "")
LABELS = "label IN ('negative', 'neutral', 'positive')"
STATUSES = "status IN ('pending', 'accepted', 'quarantined', 'learned', 'rejected', 'erased')"
CLIENT = re.compile(r"([0-9a-f]{12}):(.*)", re.DOTALL)
DESK = re.compile(r"desk:([0-9a-f]{12})")

RENAMED = [
    ("attempts", "up_to", "last_event_id"),
    ("attempts", "publishes", "publishing_version"),
    ("shadows", "until", "ends_at"),
    ("shadows", "read_to", "position_at"),
    ("shadows", "read_id", "position_id"),
    ("shadows", "read", "predictions_read"),
    ("shadows", "differed", "predictions_differing"),
]


def upgrade() -> None:
    for table, old, new in RENAMED:
        op.alter_column(table, old, new_column_name=new)
    _add_columns()
    # Events first: they still read the actors of corrections as they were.
    _convert(_events(), "feedback_events", _event_columns)
    _convert(_rows("feedback", "id", "actor", "status", "reviewed_by"), "feedback", _feedback_columns)
    _convert(_rows("activations", "id", "why"), "activations", _activation_columns)
    _convert(_rows("attempts", "id", "reason", "verdict"), "attempts", _attempt_columns)
    _convert(_rows("shadows", "id", "reason"), "shadows", lambda row: _reasons(row["reason"]))
    _convert(_rows("versions", "id", "verdict"), "versions", _version_columns)
    _finish_columns()


def downgrade() -> None:
    raise NotImplementedError("Sentences cannot be restored from codes. Restore a backup made before the upgrade.")


def _add_columns() -> None:
    """The new columns, nullable until they are filled."""
    for prefix in ("actor", "reviewer"):
        _add_actor("feedback", prefix)
    for table in ("feedback_events", "activations"):
        _add_actor(table, "actor")
        op.add_column(table, sa.Column("note", sa.Text()))
    op.add_column("feedback_events", sa.Column("code", sa.String(32)))
    op.add_column("feedback_events", sa.Column("values", sa.JSON()))
    for table in ("activations", "attempts", "shadows"):
        op.add_column(table, sa.Column("reasons", sa.JSON()))


def _add_actor(table: str, prefix: str) -> None:
    op.add_column(table, sa.Column(f"{prefix}_kind", sa.String(16)))
    op.add_column(table, sa.Column(f"{prefix}_key", NAME))
    op.add_column(table, sa.Column(f"{prefix}_name", NAME))


def _finish_columns() -> None:
    """Drop the old columns and forbid nulls in the new ones."""
    actor = ("actor_kind", "actor_key", "actor_name")
    with op.batch_alter_table("feedback", table_args=_checks("feedback")) as batch:
        batch.drop_constraint("uq_feedback_prediction_id_actor", type_="unique")
        batch.drop_column("actor")
        batch.drop_column("reviewed_by")
        _forbid_nulls(batch, *actor)
        batch.create_unique_constraint("uq_feedback_prediction_id_actor", ["prediction_id", *actor])
    with op.batch_alter_table("feedback_events") as batch:
        batch.drop_column("who")
        batch.drop_column("why")
        _forbid_nulls(batch, *actor, "code", "values", "note")
    with op.batch_alter_table("activations") as batch:
        batch.drop_column("why")
        _forbid_nulls(batch, *actor, "reasons", "note")
    for table in ("attempts", "shadows"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("reason")
            _forbid_nulls(batch, "reasons")


def _checks(table: str) -> tuple[sa.CheckConstraint, ...]:
    """Replacing a table on SQLite does not copy its check constraints."""
    return (
        sa.CheckConstraint(LABELS, name=op.f(f"ck_{table}_label")),
        sa.CheckConstraint(STATUSES, name=op.f(f"ck_{table}_status")),
    )


def _forbid_nulls(batch: Any, *columns: str) -> None:
    types: dict[str, Any] = {"code": sa.String(32), "note": sa.Text(), "actor_kind": sa.String(16)}
    for column in columns:
        kind = sa.JSON() if column in JSON_COLUMNS else types.get(column, NAME)
        batch.alter_column(column, existing_type=kind, nullable=False)


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, sa.JSON() if column in JSON_COLUMNS else None) for column in columns))


def _rows(name: str, *columns: str) -> sa.Select[Any]:
    return sa.select(_table(name, *columns))


def _events() -> sa.Select[Any]:
    events = _table("feedback_events", "id", "feedback_id", "status", "who", "why")
    feedback = _table("feedback", "id", "actor")
    return sa.select(events, feedback.c.actor).join(feedback, feedback.c.id == events.c.feedback_id)


def _convert(rows: sa.Select[Any], name: str, convert: Callable[[Row], dict[str, Any]]) -> None:
    """Fill the new columns of each row with what `convert` makes of the old ones."""
    connection = op.get_bind()
    changes = [{"row_id": row["id"]} | convert(row) for row in connection.execute(rows).mappings().all()]
    if changes:
        columns = [column for column in changes[0] if column != "row_id"]
        table = _table(name, "id", *columns)
        update = sa.update(table).where(table.c.id == sa.bindparam("row_id"))
        connection.execute(update.values({column: sa.bindparam(column) for column in columns}), changes)


# What old rows become.


def _feedback_columns(row: Row) -> dict[str, Any]:
    erased = row["status"] == "erased"
    actor = ("erased", row["id"], "") if erased else contributor(row["actor"])
    decided_by = row["reviewed_by"]
    return _named("actor", actor) | _named("reviewer", reviewer(decided_by) if decided_by else (None, None, None))


def _event_columns(row: Row) -> dict[str, Any]:
    who, why, note = row["who"], row["why"], ""
    if who == "erased" and not why:
        return _event_values(("erased", row["feedback_id"], ""), {"code": "removed", "values": {}})
    reason = sentences.feedback_reason(why)
    if who == "attune":
        return _event_values(PRODUCT, reason)
    if row["status"] not in ("accepted", "rejected"):
        return _event_values(contributor(who), reason)
    if reason["code"] == "legacy":
        code = "given-by-lead" if who == row["actor"] else "decided-by-lead"
        reason, note = {"code": code, "values": {}}, why
    return _event_values(reviewer(who), reason, note)


def _event_values(actor: Actor, reason: sentences.Content, note: str = "") -> dict[str, Any]:
    return _named("actor", actor) | {"code": reason["code"], "values": reason["values"], "note": note}


def _activation_columns(row: Row) -> dict[str, Any]:
    if decided := sentences.decision(row["why"]):
        code, name, note = decided
        return _named("actor", ("operator", "", name)) | {"reasons": [{"code": code, "values": {}}], "note": note}
    return _named("actor", PRODUCT) | _reasons(row["why"]) | {"note": ""}


def _attempt_columns(row: Row) -> dict[str, Any]:
    return _reasons(row["reason"]) | _version_columns(row)


def _version_columns(row: Row) -> dict[str, Any]:
    return {"verdict": sentences.convert_verdict(row["verdict"]) if row["verdict"] else row["verdict"]}


def _reasons(sentence: str) -> dict[str, Any]:
    return {"reasons": sentences.run_reasons(sentence)}


def _named(prefix: str, actor: tuple[str | None, ...]) -> dict[str, str | None]:
    return dict(zip((f"{prefix}_kind", f"{prefix}_key", f"{prefix}_name"), actor, strict=True))


def contributor(actor: str) -> Actor:
    """Who corrected: `desk:KEY` and `KEY:NAME` for a client, `lead:…`, `TOKEN:NAME`, or the name of an import."""
    if found := DESK.fullmatch(actor):
        return "client", found[1], ""
    if found := CLIENT.fullmatch(actor):
        return "client", found[1], found[2]
    if actor.startswith("lead:"):
        return reviewer(actor)
    token, separator, name = actor.partition(":")
    return ("token", token, name) if separator else ("import", "", actor)


def reviewer(who: str) -> Actor:
    """Who decided: `lead:NAME`, `lead:desk:KEY` where no name was given, or the name at the command line."""
    if not who.startswith("lead:"):
        return "operator", "", who
    name = who.removeprefix("lead:")
    found = DESK.fullmatch(name)
    return ("lead", found[1], "") if found else ("lead", "", name)
