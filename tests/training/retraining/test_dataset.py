"""What a run works with: which expert learns from a correction, what judges, what is replayed."""

from collections import Counter

import pytest

from product.settings.configuration import Settings
from tests.support.corrections import collect, correction, distinct_texts
from training.data import catalogue as corpora
from training.data.rows import Row
from training.retraining import dataset as material


@pytest.mark.parametrize(
    ("languages", "taught"), [(("en", "zh"), {"en": 1, "zh": 2}), (("en",), {"en": 3}), (("zh",), {"zh": 3})]
)
def test_a_correction_teaches_the_expert_that_reads_it(settings, small, languages, taught):
    texts = ["Where is it?", "我的包裹在哪里？", "坏了，没人管。"]
    learned = [correction(number, text, "neutral") for number, text in enumerate(texts)]
    lessons = material.make_lessons(settings, learned, languages, [], 1, print)
    assert {language: len(lesson.learned) for language, lesson in lessons.items()} == taught
    for language, lesson in lessons.items():
        assert {row.source for row in lesson.replayed} == {f"replay-{language}"}


def test_gate_rows_of_a_language_without_an_expert_are_not_counted(settings, small):
    rows, unmeasured = material.judging_rows(settings, ("en",), seed=1)
    assert {row.source for row in rows} == {"desk-en"}
    assert unmeasured["desk-zh"] == "no expert has learned zh"


def test_reviews_are_judged_by_where_they_lie_on_the_disk(tmp_path, monkeypatch, settings, small):
    rows = [Row(f"a film {number}", "negative", "imdb") for number in range(9)]
    monkeypatch.setattr(corpora, "load", lambda name, split, corpus_dir: rows if name == "imdb" else [])
    here = Settings(_env_file=None, data_dir=tmp_path, corpus_dir=str(tmp_path))
    found, unmeasured = material.judging_rows(here, ("en", "zh"), seed=1)
    # the first test's GATE_CORPORA takes five of them at most
    assert len(found) == 5 and not unmeasured


@pytest.mark.parametrize(("least", "replayed"), [(10, 40), (80, 80)])
def test_more_is_replayed_of_each_corpus_where_there_is_more_to_learn(monkeypatch, least, replayed):
    monkeypatch.setattr(material, "REPLAYED", {"en": {"replay-en": 30, "crowd": 10}})
    rows, spare = material.replay("en", "", [], least, 1, print)
    assert Counter(row.source for row in rows) == {"replay-en": replayed * 3 / 4, "crowd": replayed / 4}
    # twice the usual number, however much there is to learn, and none of those that are replayed anyway
    assert Counter(row.source for row in spare) == {"replay-en": 60, "crowd": 20}
    assert not {row.text for row in rows} & {row.text for row in spare}


# held: 0.4, 0.4, 0.25 of them; watched: none where a tenth of the rest is under forty, 0.1 of 450
@pytest.mark.parametrize(("given", "held", "watched"), [(80, 32, 0), (300, 120, 0), (600, 150, 45)])
def test_a_part_judges_a_part_of_many_stops_early_and_the_rest_teaches(settings, small, given, held, watched):
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(given))]
    found = collect(settings, given)
    stops = [row.text for row in found.lessons["en"].watched]
    assert (len(found.held), len(stops), len(found.learned)) == (held, watched, len(given) - held - watched)
    parts = [one.text for one in found.held] + stops + [one.text for one in found.learned]
    assert sorted(parts) == sorted(one.text for one in given)
    assert len(set(found.held_groups.tolist())) == held
    assert found.known == []


def test_what_the_champion_has_learned_judges_nothing_and_is_looked_at_where_it_still_stands(settings, small):
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(80))]
    # of the first fifty, the champion learned two with a label that their actor has changed since; one is gone
    before = {str(number): "negative" for number in range(50)} | {"3": "positive", "4": "neutral", "gone": "negative"}
    found = collect(settings, given, before=before)
    # 0.4 of 80 is 32, half of the thirty new ones is 15
    assert len(found.held) == 15
    assert all(int(one.id) >= 50 for one in found.held)
    assert [int(one.id) for one in found.known] == [0, 1, 2, *range(5, 50)]


def test_nothing_judges_where_there_are_fewer_new_texts_than_twice_the_least(settings, small):
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(19))]
    found = collect(settings, given, least=10)
    assert (found.held, len(found.held_groups), len(found.learned)) == ([], 0, 19)


def test_of_no_corrections_nothing_is_learned(settings, small):
    found = collect(settings, [])
    assert (found.lessons, found.held, found.known) == ({}, [], [])
    assert found.gate


def test_what_is_learned_again_is_what_was_known_and_what_is_new_only_judges(settings, small):
    texts = distinct_texts(12)
    given = [correction(number, text, "negative") for number, text in enumerate(texts)]
    # the text of the first is given again by somebody else; of the third the label has changed since
    given.append(correction(12, texts[0].upper(), "negative"))
    before = {"0": "negative", "1": "negative", "2": "positive", "gone": "negative"}
    found = material.collect_again(settings, given, ("en", "zh"), before=before, seed=1, say=print)
    assert [one.id for one in found.learned] == [one.id for one in found.known] == ["0", "1"]
    assert [int(one.id) for one in found.held] == list(range(3, 12))
    assert len(found.held_groups) == 9 and found.again and found.gate
