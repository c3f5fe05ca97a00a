"""Sentences for codes, in the reader's language. Program state is codes (product/codes.py); texts are made here."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
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
    if "language" in values:
        values["language"] = texts.first(f"language_{values['language']}", "language_code", code=values["language"])
    if "check" in reason.values:
        values["check"] = _failed_check(reason, texts)
    return texts(f"reason.{reason.code}", **values)


def probation(result: Reason, texts: Texts) -> str:
    """The sentence for what a check of a version on probation found."""
    return texts(f"probation.{result.code}", **result.values)


def reasons(reasons: Iterable[Reason], texts: Texts) -> str:
    """The sentences for several reasons, one after the other."""
    return texts("reason.separator").join(reason(item, texts) for item in reasons)


def reason_with_note(code: Reason, note: str, texts: Texts) -> str:
    """The sentence for a reason, with the note of the person who decided."""
    sentence = reason(code, texts)
    return texts("reason.separator").join([sentence, texts("reason.note", note=note)]) if note else sentence


def decision(codes: Iterable[Reason], actor: Actor, note: str, texts: Texts) -> str:
    """Why something was decided, who decided it if that is a person, and their note."""
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

    A text gets the check's values, its subject and its numbers. If it needs a number that the check does not have, the
    text of the untested check is used (`check.CODE.untested.finding`); without one, the cell shows NOTHING.
    """
    values = _check_values(check, texts)
    cells = {cell: _cell(check["code"], cell, values, texts) for cell in CheckTexts.__annotations__}
    return CheckTexts(**cells)


POINTS = {
    "difference": "points",
    "low": "low_points",
    "high": "high_points",
    "threshold": "threshold_points",
}
"""Fractions that texts show in percentage points, and the names they have there."""


def _check_values(check: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    numbers = {name: check[name] for name in ("subject", "champion", "challenger", "threshold")}
    values = numbers | {name: _joined(value, texts) for name, value in check["values"].items()}
    points = {POINTS[name]: 100 * values[name] for name in POINTS if isinstance(values.get(name), int | float)}
    if "problem" in values:  # verdicts stored before there were codes have a sentence
        values["problem"] = texts.strings.get(f"check.problem.{values['problem']}", values["problem"])
    return values | points | {"subject_name": _subject_name(check["subject"], texts)}


def _subject_name(subject: str, texts: Texts) -> str:
    """A subject such as `language:en` in words; names without a text, such as those of corpora, stay as they are."""
    kind, _, name = subject.partition(":")
    key = f"check.subject.{kind}"
    if key not in texts.strings:
        return subject
    return texts(key, name=texts.strings.get(f"check.subject.{name}", name))


def _cell(code: str, cell: str, values: Mapping[str, Any], texts: Texts) -> str:
    for key in (f"check.{code}.{cell}", f"check.{code}.untested.{cell}"):
        if key in texts.strings:
            with suppress(KeyError, TypeError, ValueError):  # a number that this check does not have
                return texts(key, **values)
    return NOTHING


def _failed_check(reason: Reason, texts: Texts) -> str:
    values = dict(reason.values)
    numbers = {name: values.pop(name, None) for name in ("champion", "challenger", "threshold")}
    code, subject = values.pop("check"), values.pop("subject", "")
    cells = check({"code": code, "subject": subject, **numbers, "values": values}, texts)
    if NOTHING in (cells.name, cells.finding, cells.threshold):
        return cells.name if cells.name != NOTHING else str(code)
    return texts("reason.check", name=cells.name, finding=cells.finding, threshold=cells.threshold)


def _joined(value: Any, texts: Texts) -> Any:
    """A list as one string: its names, or the sentences of its stored reasons."""
    if not isinstance(value, list):
        return value
    if value and isinstance(value[0], dict):
        return reasons((Reason.from_dict(item) for item in value), texts)
    return texts("reason.list").join(str(item) for item in value)
