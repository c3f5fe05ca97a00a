"""Every text in the language files is used."""

import ast
import re
from pathlib import Path

import product
from product.codes import CheckCode, CorpusProblem, FeedbackCode, ProbationCode, ReviewReason, RunCode
from product.texts import texts
from product.texts.rendering import CheckTexts

SOURCES = Path(product.__file__).parent
REASON_PARTS = {"separator", "list", "actor", "note", "check"}
"""Texts that sentences of reasons are built from."""


def key_patterns() -> list[re.Pattern[str]]:
    """A pattern for every string in the product's code; a value inserted into a string may be anything."""
    patterns = set()
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                patterns.add(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in node.values]
                patterns.add("".join(parts))
    # A string of insertions alone would match every key.
    return [re.compile(pattern) for pattern in patterns if re.search("[a-z]{3}", pattern)]


def test_every_key_occurs_in_the_code():
    patterns = key_patterns()
    assert [key for key in texts("en").strings if not any(pattern.fullmatch(key) for pattern in patterns)] == []


def test_every_key_of_a_coded_text_names_an_existing_code():
    keys = texts("en").strings
    for key in keys:
        family, _, name = key.partition(".")
        if family == "reason":
            assert name in {*FeedbackCode, *RunCode} | REASON_PARTS, key
        elif family == "probation":
            assert name in {*ProbationCode}, key
        elif family == "check" and not name.startswith(("subject.", "problem.")):
            assert name.split(".")[0] in {*CheckCode} and name.split(".")[-1] in CheckTexts.__annotations__, key
    problems = {key.removeprefix("check.problem.") for key in keys if key.startswith("check.problem.")}
    assert problems == {*CorpusProblem}
    reviewed = {key.removeprefix("review_reason_") for key in keys if key.startswith("review_reason_")}
    assert reviewed == {*ReviewReason}
