"""Sentences for codes, in the reader's language. Program state is codes (product/codes.py); texts are made here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from product.codes import Reason
from product.identity import Actor
from product.texts import Texts

NOTHING = "–"
"""What a table cell shows for a value that does not exist."""


def reason(reason: Reason, texts: Texts) -> str:
    """The sentence for a reason. Lists of names are joined; a failed check is named by its own text."""
    values = {name: _joined(value, texts) for name, value in reason.values.items()}
    if "check" in reason.values:
        values["check"] = _failed_check(reason, texts)
    return texts(f"reason.{reason.code}", **values)


def reasons(reasons: Iterable[Reason], texts: Texts) -> str:
    """The sentences for several reasons, one after the other."""
    return texts("reason.separator").join(reason(each, texts) for each in reasons)


def reason_with_note(code: Reason, note: str, texts: Texts) -> str:
    """The sentence for a reason, with the note of the person who decided."""
    sentence = reason(code, texts)
    return texts("reason.separator").join([sentence, texts("reason.note", note=note)]) if note else sentence


def decision(codes: Iterable[Reason], actor: Actor, note: str, texts: Texts) -> str:
    """Why something was decided, who decided it where that is a person, and their note."""
    parts = [reasons(codes, texts)]
    if actor.is_person and (actor.name or actor.key):
        parts.append(texts("reason.actor", name=actor.name or actor.key))
    if note:
        parts.append(texts("reason.note", note=note))
    return texts("reason.separator").join(part for part in parts if part)


@dataclass(frozen=True)
class CheckTexts:
    """The cells of a check in the table of a verdict."""

    name: str
    champion: str
    challenger: str
    finding: str
    threshold: str


def check(check: Mapping[str, Any], texts: Texts) -> CheckTexts:
    """The texts of a stored check: `check.CODE.name`, `.champion`, `.challenger`, `.finding`, `.threshold`.

    A text gets the check's values, its subject and its numbers. Where there is no text for a cell, it shows NOTHING.
    """
    numbers = {name: check[name] for name in ("subject", "champion", "challenger", "threshold")}
    values = numbers | {name: _joined(value, texts) for name, value in check["values"].items()}
    cells = {cell: _cell(f"check.{check['code']}.{cell}", values, texts) for cell in CheckTexts.__annotations__}
    return CheckTexts(**cells)


def _cell(key: str, values: Mapping[str, Any], texts: Texts) -> str:
    if key not in texts.strings:
        return NOTHING
    try:
        return texts(key, **values)
    except (KeyError, TypeError, ValueError):  # a number that this check does not have
        return NOTHING


def _failed_check(reason: Reason, texts: Texts) -> str:
    values = dict(reason.values)
    numbers = {name: values.pop(name, None) for name in ("champion", "challenger", "threshold")}
    code, subject = values.pop("check"), values.pop("subject", "")
    cells = check({"code": code, "subject": subject, **numbers, "values": values}, texts)
    name = cells.name if cells.name != NOTHING else str(code)
    found = [cell for cell in (cells.finding, cells.threshold) if cell != NOTHING]
    return texts("reason.check", name=name, finding=texts("reason.list").join(found)) if found else name


def _joined(value: Any, texts: Texts) -> Any:
    if isinstance(value, list):
        return texts("reason.list").join(str(item) for item in value)
    return value
