"""Every code has a sentence in every language, made from its values."""

import pytest

from product.codes import FeedbackCode, Reason, RunCode
from product.identity import PRODUCT, Actor, ActorKind
from product.texts import LANGUAGES, rendering, texts

VALUES = {
    FeedbackCode.learned: {"version": "v2"},
    FeedbackCode.not_learned: {"version": "v2"},
    FeedbackCode.contributor_contradicted: {"trust": 0.28},
    FeedbackCode.contributor_trusted: {"trust": 0.91},
    FeedbackCode.contributor_unproven: {"trust": 0.8},
    FeedbackCode.too_fast: {"limit": 60, "minutes": 10},
    FeedbackCode.outvoted: {"labels": ["neutral", "positive"]},
    FeedbackCode.over_share: {"share": 0.34},
    FeedbackCode.language_not_supported: {"language": "de"},
    FeedbackCode.legacy: {"text": "An old sentence."},
    RunCode.corrections_missing: {"count": 3, "needed": 50},
    RunCode.other_run_active: {"holder": "process 7"},
    RunCode.too_few_new_texts: {"accepted": 4, "needed": 30},
    RunCode.check_failed: {"check": "slice", "subject": "label:negative", "difference": -0.4, "p": 0.01, "rows": 400},
    RunCode.unmeasured: {"corpora": ["imdb_train", "zh_reviews_train"]},
    RunCode.active_version_changed: {"active": "v3", "champion": "v2"},
    RunCode.shadow_started: {"champion": "v2", "until": "2026-11-03 12:14"},
    RunCode.probation_failed: {
        "version": "v2",
        "mistakes_before": 6,
        "before": 300,
        "mistakes_after": 60,
        "after": 1300,
        "p": 9.2e-14,
    },
    RunCode.shadow_replaced: {"version": "v3"},
    RunCode.shadow_not_trusted: {"problem": "a file changed"},
    RunCode.shadow_progress: {"read": 1200, "champion": "v2", "differed": 34},
    RunCode.legacy: {"text": "An old sentence."},
}
"""The values of each code that has any."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [*FeedbackCode, *RunCode])
def test_every_code_has_a_sentence_in_every_language(code, language):
    sentence = rendering.reason(Reason(code, VALUES.get(code, {})), texts(language))
    assert sentence and "{" not in sentence and str(code) not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (FeedbackCode.contributor_trusted, ["91%"]),
        (FeedbackCode.outvoted, ["neutral", "positive"]),
        (RunCode.probation_failed, ["v2", "6", "300", "60", "1,300", "9.2e-14"]),
        (RunCode.shadow_progress, ["1,200", "v2", "34"]),
    ],
)
def test_the_values_of_a_reason_are_in_its_sentence(code, parts, language):
    sentence = rendering.reason(Reason(code, VALUES[code]), texts(language))
    assert all(part in sentence for part in parts)


def test_reasons_follow_one_another():
    reasons = [Reason(RunCode.dry_run), Reason(RunCode.shipped)]
    assert rendering.reasons(reasons, texts("en")) == "Dry run: nothing was changed. Shipped with the product."
    assert rendering.reasons(reasons, texts("zh")) == "试运行：未做任何更改。随产品发布。"


def test_a_decision_names_the_person_and_their_note():
    reasons, eve = [Reason(RunCode.promoted_by_command)], Actor(ActorKind.operator, name="eve")
    sentence = rendering.decision(reasons, eve, "it is {better}", texts("en"))
    assert sentence == "Promoted from the command line. Decided by eve. Reason given: it is {better}"
    assert rendering.decision(reasons, PRODUCT, "", texts("en")) == "Promoted from the command line."


def test_the_checks_of_an_old_verdict_are_shown_as_they_were():
    values = {"name": "gate rows", "champion": "86%", "challenger": "87%", "finding": "+1 point", "rule": "not worse"}
    empty = {"subject": "", "champion": None, "challenger": None, "threshold": None, "passed": True}
    cells = rendering.check({"code": "legacy", "values": values} | empty, texts("en"))
    assert cells == rendering.CheckTexts("gate rows", "86%", "87%", "+1 point", "not worse")
