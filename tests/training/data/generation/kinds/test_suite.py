"""Composed cases of the behavioural suite: what they consist of, and that no training row is among them."""

import re
from collections import Counter

import pytest

from product.message.characters import visible
from training.data import catalogue
from training.data.generation import composition, templates
from training.data.generation.kinds.drawing import forms, letters, unseen_parts
from training.data.generation.kinds.suite import capabilities, composed_cases
from training.data.generation.kinds.words import LENGTHS, LONG
from training.data.generation.templates import LANGUAGES, read_templates, template_texts

WRAPPED = ("quoted-thread", "signature-and-disclaimer", "html", "invisible-characters")


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="module")
def cases(language):
    return composed_cases(language)


def of(cases, capability):
    return [case for case in cases if case.capability == capability]


def test_capabilities_have_120_to_160_different_cases_from_all_of_their_families(language, cases):
    counts = Counter(case.capability for case in cases)
    assert set(counts) == set(capabilities(language))
    assert {name: count for name, count in counts.items() if not 120 <= count <= 160} == {}
    for name, families in capabilities(language).items():
        found = of(cases, name)
        assert len({case.texts for case in found}) == len(found)
        assert {case.family for case in found} == {family.name for family in families}


def training_texts(language):
    """Texts from which training rows are made or which are training rows."""
    for split in ("train", "validation", "gate"):
        for texts in composition.parts(language, split).values():
            yield from texts
    for corpus in (f"replay-{language}", f"desk-{language}"):
        for split in ("train", "validation", "test"):
            try:
                yield from (row.text for row in catalogue.load(corpus, split, corpus_dir=""))
            except catalogue.CorpusUnavailable:
                continue
    for capability in read_templates(f"train-{language}")["capabilities"].values():
        for template in capability["templates"]:
            yield from template_texts(template)
    yield from (row.text for row in composition.rows(language, "train", 3000, seed=1))
    yield from (row.text for row in templates.training_rows(language, 60, seed=1))


def test_no_case_and_no_part_of_one_is_a_training_text(language, cases):
    taken = {letters(visible(text)) for text in training_texts(language)}
    parts = [text for texts in unseen_parts(language).values() for text in texts]
    assert len(parts) > 1700
    assert [text for text in parts if letters(text) in taken] == []
    assert [case.texts[0] for case in cases if letters(visible(case.texts[0])) in taken] == []


def test_texts_that_differ_in_case_and_punctuation_alone_count_as_the_same():
    assert letters("Refund received.") == letters("refund received") != letters("refund received 2")
    assert letters("👌 ") == "👌" and letters("退货运费谁出？") == "退货运费谁出"


def test_a_case_contains_a_part_of_the_test_lists_unless_symbols_stand_alone(language, cases):
    parts = [text.strip() for texts in unseen_parts(language).values() for text in texts]
    plain = [case for case in cases if case.capability not in (*WRAPPED, *LONG) and "alone" not in case.family]
    for case in plain[::7]:
        assert any(part.rstrip(".。").lower() in case.texts[0].lower() for part in parts), case


def test_a_quoted_thread_has_a_reply_and_what_an_agent_wrote_in_the_opposite_tone(language, cases):
    sorry = re.compile("sorry|apologi|regret|unfortunately|抱歉|歉|遗憾|遺憾|不便", re.IGNORECASE)
    quoted = of(cases, "quoted-thread")
    assert {case.label for case in quoted} == {"negative", "neutral", "positive"}
    agents = [
        case.texts[0].rsplit("55120", 1)[-1] for case in quoted if case.label == "negative" and "55120" in case.texts[0]
    ]
    assert agents and not any(sorry.search(text) for text in agents)
    assert all(sorry.search(case.texts[0]) for case in quoted if case.label != "negative")
    assert len({case.family for case in quoted}) == 3 * len(forms()["quoted"][language])


def test_html_keeps_the_markup_of_its_form_and_escapes_the_text(cases):
    pages = of(cases, "html")
    assert any("<style>p.error {color:red; margin:0}</style>" in case.texts[0] for case in pages)
    assert not any("{text}" in case.texts[0] for case in pages)


def test_words_with_invisible_characters_are_a_test_part_without_them(language, cases):
    parts = {text for texts in unseen_parts(language).values() for text in texts}
    for case in of(cases, "invisible-characters"):
        assert case.texts[0] not in parts
        assert visible(case.texts[0]) in {visible(part) for part in parts}


def test_a_complaint_in_a_long_message_stands_where_the_family_says(language, cases):
    lists = unseen_parts(language)
    complaints = {
        text.strip().rstrip(".。!！?？")
        for name in ("failure", "not_received", "feeling_negative", "negated_negative", "threat")
        for text in lists[name]
    }
    for case in of(cases, "complaint-in-long-message")[:27]:
        text = case.texts[0]
        places = [text.find(part) / len(text) for part in complaints if len(part) > 12 and part in text]
        low, high = {"start": (0, 0.02), "middle": (0.35, 0.65), "end": (0.9, 1)}[case.family.rsplit(" ", 1)[1]]
        assert not places or any(low <= place <= high for place in places), case.family


def test_long_messages_have_about_the_words_that_their_family_names(language, cases):
    for case in of(cases, "complaint-in-long-message"):
        words = LENGTHS[case.family.split(" words")[0] + " words"]
        found = len(case.texts[0]) / 1.6 if language == "zh" else len(case.texts[0].split())
        assert 0.85 * words <= found <= 1.2 * words + 40, case.family


def test_ratings_that_stand_alone_have_their_own_spelling_and_the_label_of_their_family(cases):
    alone = [case for case in of(cases, "ratings") if case.family.endswith("alone")]
    labels = {"low": "negative", "middle": "neutral", "high": "positive"}
    assert alone and all(case.label == labels[case.family.split(",")[0]] for case in alone)


def test_only_chinese_mixes_in_english_words():
    assert "code-mixed" in capabilities("zh") and "code-mixed" not in capabilities("en")
