"""References: what can be read back, and what is refused with which code."""

import json

import pytest

from product.codes import ReferenceProblem
from product.drift.reference import BadReference, read_reference, reference_from, write_reference
from tests.support.drifting import mix, reference


def problem(change) -> ReferenceProblem:
    """The code with which a reference is refused after a change to its content."""
    content = reference(mix(3, 2, 1)).to_dict()
    change(content)
    with pytest.raises(BadReference) as refusal:
        reference_from(content)
    return refusal.value.reason.code


def test_a_reference_is_read_as_it_was_written(tmp_path):
    before = reference(mix(3, 2, 1))
    write_reference(tmp_path / "new" / "reference.json", before)
    assert read_reference(tmp_path / "new" / "reference.json", "m-1") == before


def test_the_file_keeps_the_names_that_older_files_have():
    content = json.loads(json.dumps(reference(mix(3, 2, 1)).to_dict()))
    assert list(content) == ["scheme", "model", "origin", "counts", "until"]
    assert list(content["counts"]) == ["language", "sides"]


def test_a_reference_counted_by_another_scheme_is_refused():
    assert problem(lambda content: content.update(scheme=0)) == ReferenceProblem.other_scheme


@pytest.mark.parametrize(
    "change",
    [lambda content: content.pop("counts"), lambda content: content["counts"]["sides"].pop("zh")],
    ids=["no counts", "no counts of an expert"],
)
def test_a_reference_without_a_part_is_refused(change):
    assert problem(change) == ReferenceProblem.malformed


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["counts"].update(language=[1, 2]),
        lambda content: content["counts"].update(language=[1, 2, 0.5]),
        lambda content: content["counts"]["sides"]["en"].update(label=[-1, 2, 3]),
        lambda content: content.update(origin="rumour"),
    ],
    ids=["too few bins", "a fraction", "a negative number", "an unknown origin"],
)
def test_a_reference_with_invalid_counts_is_refused(change):
    assert problem(change) == ReferenceProblem.invalid_counts


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, ReferenceProblem.missing), ("", ReferenceProblem.unreadable), ("[]", ReferenceProblem.malformed)],
)
def test_a_file_that_is_no_reference_is_refused(tmp_path, content, code):
    file = tmp_path / "reference.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BadReference) as refusal:
        read_reference(file, "m-1")
    assert refusal.value.reason.code == code


def test_a_reference_of_another_model_is_refused_with_both_names(tmp_path):
    write_reference(tmp_path / "reference.json", reference(mix(3, 2, 1), model="other-1"))
    with pytest.raises(BadReference) as refusal:
        read_reference(tmp_path / "reference.json", "m-1")
    assert refusal.value.reason.as_dict() == {
        "code": "other-model",
        "values": {"found": "other-1", "expected": "m-1"},
    }
