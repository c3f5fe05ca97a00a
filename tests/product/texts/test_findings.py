"""Sentences for drift findings: every code and bin has one, in both languages."""

import pytest

from product.codes import DriftCode, Reason, ReferenceCode, ReferenceProblem
from product.drift.counts import BINS, LANGUAGES, MEASURES
from product.drift.findings import bin_values
from product.texts import LANGUAGES as READERS
from product.texts import texts
from product.texts.findings import bin_name, finding_sentence, measure_name, reference_sentence

VALUES = {
    ReferenceCode.training: {"model": "m-1"},
    ReferenceCode.first_weeks: {"until": "2026-W23"},
    ReferenceCode.none: {"needed": 1_500},
    ReferenceProblem.unreadable: {"error": "E"},
    ReferenceProblem.malformed: {"error": "E"},
    ReferenceProblem.other_scheme: {"found": 1, "expected": 2},
    ReferenceProblem.other_model: {"found": "m-1", "expected": "m-2"},
}


@pytest.mark.parametrize("reader", READERS)
def test_every_measure_and_bin_has_a_name_of_its_own(reader):
    t = texts(reader)
    assert len({measure_name(measure, t) for measure in MEASURES}) == len(MEASURES)
    for measure, size in (BINS | {"language": len(LANGUAGES)}).items():
        if measure != "vocabulary":
            names = {bin_name({"measure": measure} | bin_values(measure, index), t) for index in range(size)}
            assert len(names) == size


@pytest.mark.parametrize("reader", READERS)
def test_every_code_has_a_sentence_of_its_own(reader):
    t = texts(reader)
    findings = {finding_sentence(Reason(code, {"measure": "label", "rows": 9}), t) for code in DriftCode}
    assert len(findings) == len(DriftCode)
    references = [Reason(code, VALUES[code]) for code in ReferenceCode]
    assert len({reference_sentence(reference, None, t) for reference in references}) == len(ReferenceCode)
    fallbacks = [Reason(code, VALUES.get(code, {})) for code in ReferenceProblem]
    assert len({reference_sentence(references[0], fallback, t) for fallback in fallbacks}) == len(ReferenceProblem)


@pytest.mark.parametrize(
    ("reader", "sentence"),
    [
        ("en", "length: large change; largest increase: 20 to 39 characters, from 12% to >99%"),
        ("zh", "消息长度：变化很大；增加最多的是“20 至 39 个字符”，从 12% 到 >99%"),
    ],
)
def test_a_finding_names_the_bin_that_grew_most_with_its_shares(reader, sentence):
    values = {"measure": "length", "rows": 9, "was": 0.12, "now": 0.999, "low": 20, "high": 39}
    assert finding_sentence(Reason(DriftCode.drifted, values), texts(reader)) == sentence
