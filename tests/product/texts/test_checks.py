"""The gate's checks in words, in both languages."""

from dataclasses import astuple

import pytest

from product.codes import CheckCode, Reason, RunCode
from product.texts import LANGUAGES, rendering, texts
from product.texts.rendering import NOTHING

NUMBERS = {
    "rows": 1000,
    "groups": 30,
    "fixed": 5,
    "broken": 2,
    "difference": -0.02,
    "low": -0.03,
    "high": -0.01,
    "confidence": 0.95,
    "gain": 0.1,
    "p": 0.031,
    "correct_before": 90,
    "reviewed_broken": 1,
    "given": 70,
    "total": 135,
    "problem": "no such folder",
    "number": 1,
    "of": 3,
    "reasons": [{"code": "better", "values": {}}],
    "name": "a name",
    "finding": "a finding",
    "rule": "a rule",
}


def check(code: str, subject: str = "", threshold: float | None = 0.05, **values) -> dict:
    return {
        "code": code,
        "subject": subject,
        "champion": 0.91,
        "challenger": 0.89,
        "values": values or NUMBERS,
        "threshold": threshold,
        "passed": False,
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CheckCode)
def test_every_check_has_a_name_a_finding_and_a_threshold(language, code):
    cells = rendering.check(check(code, "language:en"), texts(language))
    assert NOTHING not in (cells.name, cells.finding, cells.threshold)


def test_differences_are_shown_in_percentage_points():
    cells = rendering.check(check("gate-rows", threshold=0.01), texts("en"))
    assert astuple(cells) == (
        "gate rows (1,000)",
        "91.0% correct",
        "89.0% correct",
        "-2.00 points (95% interval -3.00 to -1.00)",
        "interval entirely above -1",
    )


@pytest.mark.parametrize(
    ("language", "subject", "name"),
    [
        ("en", "language:zh", "Chinese messages (9)"),
        ("en", "label:negative", "labelled negative (9)"),
        ("en", "length:medium", "medium-length texts (9)"),
        ("en", "corpus:airline", "corpus airline (9)"),
        ("zh", "fairness:en", "英文公平性（9 条）"),
        ("zh", "behaviours:zh", "中文行为测试（9 条）"),
    ],
)
def test_a_slice_is_named_in_words(language, subject, name):
    assert rendering.check(check("slice", subject, rows=9, difference=0.0, p=1.0), texts(language)).name == name


def test_a_slice_with_too_few_rows_says_that_it_was_not_tested():
    cells = rendering.check(check("slice", "language:zh", threshold=None, rows=9, difference=-0.5), texts("en"))
    assert (cells.finding, cells.threshold) == ("-50.00 points (too few rows to test)", "shown only")


def test_a_number_that_does_not_exist_is_shown_as_nothing():
    empty = check("no-forgetting", rows=0, correct_before=0, broken=0, reviewed_broken=0) | {"champion": None}
    assert rendering.check(empty, texts("en")).champion == NOTHING


def test_an_earlier_attempt_gives_its_reasons():
    failed = Reason(RunCode.check_failed, {"check": "holdout-labels", "subject": "", **NUMBERS, "threshold": 0.35})
    cells = rendering.check(check("earlier-attempt", number=1, of=3, reasons=[failed.as_dict()]), texts("en"))
    assert cells.name == "training 1 of at most 3"
    assert cells.finding == rendering.reason(failed, texts("en"))


def test_a_failed_check_is_a_sentence_with_its_finding_and_what_is_required():
    numbers = {"rows": 200, "difference": -0.02, "p": 0.031, "threshold": 0.05, "champion": 1.0, "challenger": 0.98}
    failed = Reason(RunCode.check_failed, {"check": "slice", "subject": "language:en", **numbers})
    assert rendering.reason(failed, texts("en")) == (
        "Failed check: English messages (200): -2.00 points (p = 0.031); required: not significantly worse, "
        "p above 0.05."
    )


def test_a_stored_check_from_before_there_were_codes_is_shown_as_it_was():
    legacy = check("legacy", champion="9 right", challenger="8 right", name="rows", finding="worse", rule="not worse")
    assert astuple(rendering.check(legacy, texts("en"))) == ("rows", "9 right", "8 right", "worse", "not worse")
