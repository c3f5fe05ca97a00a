"""Sources judged on real texts by the shipped model; and what is done with languages, on features made up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from product.inference import manifest as manifests
from product.inference.text import expert_for
from product.sentiment import LABELS, Correction, Status
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.settings.rules import SourceTrustRules
from product.versions.registry import Versions
from training.data import catalogue as corpora
from training.data.rows import Row
from training.retraining import sources
from training.retraining.sources import decide_trust, large_sources, nobody, set_aside

HONEST = ("anna", "ben", "carl", "dora")
EACH = 24


@pytest.fixture
def shipped_manifest():
    return manifests.read(SHIPPED_MODEL)


@pytest.fixture
def versions(settings, database):
    """Without any version's folder: of those who only judge what is made up."""
    return Versions(settings, database)


def correction(number: int, row: Row, actor: str, label: str = "") -> Correction:
    """A minute apart: nobody hurries."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return Correction(str(number), str(number), row.text, label or row.label, "neutral", actor, "pending", "v1", at)


def another(label: str) -> str:
    return LABELS[(LABELS.index(label) + 1) % 3]


def four_honest_and_one_who_flips(language: str) -> list[Correction]:
    """Support messages of the three labels in turn: each source has a word on texts of its own."""
    rows = [
        row
        for row in corpora.load(f"replay-{language}", "train", corpus_dir="")
        if expert_for(row.text, ("en", "zh")) == language
    ]
    by_label = [[row for row in rows if row.label == label][: EACH * 5 // 3] for label in LABELS]
    rows = [row for three in zip(*by_label, strict=True) for row in three]
    actors = (*HONEST, "mallory") * EACH
    return [
        correction(number, row, actor, another(row.label) if actor == "mallory" else "")
        for number, (row, actor) in enumerate(zip(rows, actors, strict=True))
    ]


def share_accepted(given: list[Correction], found: dict, *actors: str) -> float:
    own = [found[one.id].status == Status.accepted for one in given if one.actor in actors]
    return sum(own) / len(own)


def test_who_flips_labels_does_not_teach_and_who_is_honest_does(installation, database, shipped_manifest):
    settings = Settings(_env_file=None, data_dir=installation)
    given, said = four_honest_and_one_who_flips("en"), []
    found = decide_trust(settings, Versions(settings, database), shipped_manifest, given, 1, said.append)
    assert set(found) == {one.id for one in given}
    assert share_accepted(given, found, "mallory") == 0
    assert share_accepted(given, found, *HONEST) >= 0.9
    assert said[0] == "en: reading 120 corrections to weigh their sources"
    assert said[-1].startswith("corrections: 120 of 5 sources: ")


def corners(settings, versions, shipped, language: str, texts: list[str]) -> np.ndarray:
    """In place of a model: features by what the corpus says of a text."""
    meant = {row.text: LABELS.index(row.label) for row in corpora.load(f"replay-{language}", "train", corpus_dir="")}
    return 3 * np.eye(3)[[meant[text] for text in texts]]


def test_the_corrections_of_each_language_are_read_by_its_own_expert(settings, versions, shipped_manifest, monkeypatch):
    read = {}

    def features(settings, versions, shipped, language, texts):
        read[language] = texts
        return corners(settings, versions, shipped, language, texts)

    monkeypatch.setattr(sources, "_features", features)
    english, chinese = (four_honest_and_one_who_flips(name)[:60] for name in ("en", "zh"))
    given = [one for pair in zip(english, chinese, strict=True) for one in pair]
    given = [correction(number, Row(one.text, one.label, ""), one.actor) for number, one in enumerate(given)]
    found = decide_trust(settings, versions, shipped_manifest, given, 1, print)
    assert read == {"en": [one.text for one in english], "zh": [one.text for one in chinese]}
    assert share_accepted(given, found, "mallory") == 0
    assert share_accepted(given, found, *HONEST) >= 0.9


def test_the_judge_gives_each_correction_its_own_probability(settings, versions, shipped_manifest, monkeypatch):
    monkeypatch.setattr(sources, "_features", corners)
    english, chinese = (four_honest_and_one_who_flips(name) for name in ("en", "zh"))
    given = [one for pair in zip(english, chinese, strict=True) for one in pair]
    judge = sources.judge_of(settings, versions, shipped_manifest, given, np.arange(len(given)), 1, print)
    quality = judge(np.full(len(given), 0.8))
    flips = np.array([one.actor == "mallory" for one in given])
    assert quality[flips].max() < 1 / 3 < quality[~flips].min()


def test_where_there_are_two_sources_no_text_is_read(settings, versions, shipped_manifest, monkeypatch):
    monkeypatch.setattr(sources, "_features", None)
    rows = corpora.load("replay-en", "train", corpus_dir="")[:4]
    given = [correction(number, row, ("anna", "ben")[number % 2]) for number, row in enumerate(rows)]
    said = []
    found = decide_trust(settings, versions, shipped_manifest, given, 1, said.append)
    assert {one.status for one in found.values()} == {Status.accepted}
    assert said == ["corrections: 4 of 2 sources: 4 accepted"]


def test_what_became_of_corrections_is_counted_in_the_order_of_the_statuses(
    settings, versions, shipped_manifest, monkeypatch
):
    monkeypatch.setattr(sources, "judge_of", lambda *given: nobody)
    rows = corpora.load("replay-en", "train", corpus_dir="")[:4]
    given = [correction(number, row, str(number)) for number, row in enumerate(rows[:3])]
    at = given[0].created_at
    given.append(Correction("3", "3", rows[3].text, "neutral", "negative", "0", "rejected", "v1", at, reviewed=True))
    said = []
    decide_trust(settings, versions, shipped_manifest, given, 1, said.append)
    # three newcomers, of whom nothing is known
    assert said == ["corrections: 4 of 3 sources: 3 pending, 1 rejected"]


def test_nothing_is_judged_where_nothing_was_said(settings, versions, shipped_manifest):
    assert decide_trust(settings, versions, shipped_manifest, [], 1, print) == {}


def test_nobody_gives_every_label_a_third():
    assert nobody(np.ones(2)).tolist() == [1 / 3, 1 / 3]


def test_the_numbers_of_the_installation_are_those_that_sources_are_judged_by(installation, database, shipped_manifest):
    """Two sources are too few to weigh, so that what each says teaches, unless the installation asks for no more."""
    given = [correction(number, Row(f"text {number}", "negative", ""), HONEST[number % 2]) for number in range(4)]
    for least, status in ((3, Status.accepted), (2, Status.pending)):
        settings = Settings(
            _env_file=None, data_dir=installation, source_trust={"min_contributors": least, "prior_trust": 0.6}
        )
        found = decide_trust(settings, Versions(settings, database), shipped_manifest, given, 1, print)
        assert {one.status for one in found.values()} == {status}


def given_by(**counts: int) -> list[Correction]:
    row = Row("late", "negative", "")
    return [correction(0, row, actor) for actor, count in counts.items() for _ in range(count)]


@pytest.mark.parametrize(
    ("counts", "large"),
    [
        ({"anna": 30, "ben": 70}, ["ben", "anna"]),  # a fifth of 100 is 20, but 30 are the least
        ({"anna": 29, "ben": 71}, ["ben"]),
        ({"anna": 60, "ben": 59, "carl": 181}, ["carl", "anna"]),  # a fifth of 300 is 60
        ({"anna": 50}, []),  # without it there would be nothing
        ({}, []),
    ],
)
def test_large_sources_gave_thirty_and_a_fifth_and_not_all(counts, large):
    assert large_sources(given_by(**counts), SourceTrustRules()) == large


def decided(number: int, actor: str, status: str) -> Correction:
    return replace(correction(number, Row("text", "neutral", "test"), actor), status=status, reviewed=True)


@pytest.mark.parametrize(("accepted", "rejected", "aside"), [(4, 3, {"0", "1"}), (5, 0, set())])
def test_a_source_that_did_harm_stays_aside_until_a_reviewer_accepted_five_of_its_words(accepted, rejected, aside):
    given = [
        correction(0, Row("then", "neutral", "test"), "mallory"),
        correction(1, Row("since", "neutral", "test"), "mallory"),
    ]
    given += [correction(2, Row("other", "neutral", "test"), "anna")]
    given += [decided(10 + number, "mallory", "accepted") for number in range(accepted)]
    given += [decided(20 + number, "mallory", "rejected") for number in range(rejected)]
    assert set_aside(given, {"0"}, SourceTrustRules()) == aside
