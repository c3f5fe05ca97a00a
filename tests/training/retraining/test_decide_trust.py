"""Trust decisions on real texts, with features from the shipped model or made up."""

import logging
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from product.inference import manifest as manifests
from product.inference.text.language import expert_for
from product.sentiment import LABELS, Correction, Status
from product.settings.configuration import SHIPPED_MODEL
from product.settings.rules import SourceTrustRules
from tests.support.actors import contributor
from training.data import catalogue as corpora
from training.data.rows import Row
from training.retraining import label_quality
from training.retraining.label_quality import CrossValidatedQuality, decide_trust, no_label_quality
from training.retraining.train import ShippedVersion

HONEST = ("anna", "ben", "carl", "dora")
CORRECTIONS_EACH = 24
RULES = SourceTrustRules()


@pytest.fixture
def shipped_here(installation):
    """The shipped version as installed for the tests."""
    manifest = manifests.read(SHIPPED_MODEL)
    return ShippedVersion(installation / "versions" / manifest.id, manifest, "")


@pytest.fixture
def not_installed(tmp_path):
    """The shipped version's manifest without its folder, for tests that read no text with a model."""
    return ShippedVersion(tmp_path, manifests.read(SHIPPED_MODEL), "")


def correction(number: int, row: Row, actor: str, label: str = "") -> Correction:
    """A minute apart, so that nobody is too fast."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return Correction(
        str(number), str(number), row.text, label or row.label, "neutral", contributor(actor), "pending", "v1", at
    )


def another(label: str) -> str:
    return LABELS[(LABELS.index(label) + 1) % 3]


def four_honest_and_one_who_flips(language: str) -> list[Correction]:
    """Support messages of all three labels; each contributor corrects texts of their own."""
    rows = [
        row
        for row in corpora.load(f"replay-{language}", "train", corpus_dir="")
        if expert_for(row.text, ("en", "zh")) == language
    ]
    by_label = [[row for row in rows if row.label == label][: CORRECTIONS_EACH * 5 // 3] for label in LABELS]
    rows = [row for three in zip(*by_label, strict=True) for row in three]
    actors = (*HONEST, "mallory") * CORRECTIONS_EACH
    return [
        correction(number, row, actor, another(row.label) if actor == "mallory" else "")
        for number, (row, actor) in enumerate(zip(rows, actors, strict=True))
    ]


def both_languages() -> tuple[list[Correction], list[Correction]]:
    return four_honest_and_one_who_flips("en"), four_honest_and_one_who_flips("zh")


def share_accepted(given: list[Correction], decisions: dict, *actors: str) -> float:
    accepted = [decisions[one.id].status == Status.accepted for one in given if one.actor.name in actors]
    return sum(accepted) / len(accepted)


def test_a_contributor_who_flips_labels_is_not_accepted_and_honest_ones_are(shipped_here, caplog):
    caplog.set_level(logging.INFO)
    given = four_honest_and_one_who_flips("en")
    decisions = decide_trust(shipped_here, given, RULES, 1)
    assert set(decisions) == {one.id for one in given}
    assert share_accepted(given, decisions, "mallory") == 0
    assert share_accepted(given, decisions, *HONEST) >= 0.9
    assert caplog.messages[0] == "en: reading 120 corrections to score their contributors"
    assert caplog.messages[-1].startswith("corrections: 120 by 5 contributors: ")


def corner_features(shipped, language: str, texts: list[str]) -> np.ndarray:
    """In place of a model: features by the label that the corpus gives a text."""
    right = {row.text: LABELS.index(row.label) for row in corpora.load(f"replay-{language}", "train", corpus_dir="")}
    return 3 * np.eye(3)[[right[text] for text in texts]]


def test_corrections_in_each_language_are_read_by_their_own_expert(not_installed, monkeypatch):
    read = {}

    def features(shipped, language, texts):
        read[language] = texts
        return corner_features(shipped, language, texts)

    monkeypatch.setattr(label_quality, "expert_features", features)
    english, chinese = (given[:60] for given in both_languages())
    mixed = [one for pair in zip(english, chinese, strict=True) for one in pair]
    mixed = [correction(number, Row(one.text, one.label, ""), one.actor.name) for number, one in enumerate(mixed)]
    decisions = decide_trust(not_installed, mixed, RULES, 1)
    assert read == {"en": [one.text for one in english], "zh": [one.text for one in chinese]}
    assert share_accepted(mixed, decisions, "mallory") == 0
    assert share_accepted(mixed, decisions, *HONEST) >= 0.9


def test_each_correction_gets_the_quality_of_its_own_label(not_installed, monkeypatch):
    monkeypatch.setattr(label_quality, "expert_features", corner_features)
    mixed = [one for pair in zip(*both_languages(), strict=True) for one in pair]
    quality = CrossValidatedQuality.of(not_installed, mixed, np.arange(len(mixed)), 1)(np.full(len(mixed), 0.8))
    flips = np.array([one.actor.name == "mallory" for one in mixed])
    assert quality[flips].max() < 1 / 3 < quality[~flips].min()


def replay_texts(count: int, *actors: str) -> list[Correction]:
    rows = corpora.load("replay-en", "train", corpus_dir="")[:count]
    return [correction(number, row, actors[number % len(actors)]) for number, row in enumerate(rows)]


def test_with_two_contributors_no_text_is_read(not_installed, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(label_quality, "expert_features", None)
    decisions = decide_trust(not_installed, replay_texts(4, "anna", "ben"), RULES, 1)
    assert {decision.status for decision in decisions.values()} == {Status.accepted}
    assert caplog.messages == ["corrections: 4 by 2 contributors: 4 accepted"]


def test_the_log_counts_decisions_in_the_order_of_the_statuses(not_installed, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(CrossValidatedQuality, "of", lambda *_: no_label_quality)
    given = replay_texts(3, "0", "1", "2")
    text, at = corpora.load("replay-en", "train", corpus_dir="")[3].text, given[0].created_at
    given.append(
        Correction("3", "3", text, "neutral", "negative", contributor("0"), "rejected", "v1", at, reviewed=True)
    )
    decide_trust(not_installed, given, RULES, 1)
    # three contributors without any evidence
    assert caplog.messages == ["corrections: 4 by 3 contributors: 3 pending, 1 rejected"]


def test_without_corrections_there_are_no_decisions(not_installed):
    assert decide_trust(not_installed, [], RULES, 1) == {}


def test_without_a_classifier_every_label_is_equally_likely():
    assert no_label_quality(np.ones(2)).tolist() == [1 / 3, 1 / 3]


@pytest.mark.parametrize(("min_contributors", "status"), [(3, Status.accepted), (2, Status.pending)])
def test_the_rules_of_the_installation_decide(shipped_here, min_contributors, status):
    rules = SourceTrustRules(min_contributors=min_contributors, prior_trust=0.6)
    given = [correction(number, Row(f"text {number}", "negative", ""), HONEST[number % 2]) for number in range(4)]
    decisions = decide_trust(shipped_here, given, rules, 1)
    assert {decision.status for decision in decisions.values()} == {status}
