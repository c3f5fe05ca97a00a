import sqlite3
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from product.codes import OmittedPart
from product.identity import Actor
from product.sentiment import AttuneError, InvalidInput, NotFound, StorageUnavailable
from product.storage.tables import FeedbackRow, PredictionRow
from product.texts import LANGUAGES, choose_language, texts
from product.web.ui import cards
from product.web.ui.desk import EXAMPLES, correct_entry, read_message
from product.web.ui.session import MAX_ENTRIES, Recent
from tests.support.actors import visitor

T = texts("en")
UNCLOSED = """<img src=x onerror='alert(2)' data-key="x"""
"""Markup that is stored: without an end it is no HTML, of which only the text is kept."""
ATTACK = """<script>alert(1)</script><img src=x onerror='alert(2)'></blockquote>" data-key="x"""


class Markup(HTMLParser):
    """The tags and the text of a piece of HTML."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def recent() -> Recent:
    return Recent()


def actor() -> Actor:
    return visitor("test")


# Texts


def test_both_languages_have_the_same_keys():
    assert texts("en").strings.keys() == texts("zh").strings.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_contains_markup(language):
    assert not [text for text in texts(language).strings.values() if set(text) & set('<>&"')]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_can_be_analysed(language, application):
    for name in EXAMPLES:
        assert read_message(application, texts(language)(f"example_{name}_text"), T).id


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("de,zh;q=0.7,en;q=0.3", "zh"),
        ("fr", "en"),
        ("en;q=0.1, zh-TW", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=nonsense", "en"),
    ],
)
def test_the_language_is_the_one_the_browser_prefers(header, language):
    assert choose_language(header) == language


# Cards


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0"), (0.0049, "<1"), (0.006, "1"), (0.924, "92"), (0.994, "99"), (0.9951, ">99"), (1.0, "100")],
)
def test_only_certainty_is_shown_as_0_or_100_per_cent(share, shown):
    assert cards.percent(share) == shown


def test_result_shows_label_confidence_scores_route_and_version(make_prediction):
    shown = Markup(cards.result(make_prediction(label="negative"), T, ["en"])).text
    for text in ("Negative", "75% confidence", "usually right", "12%", "an agent", "v1"):
        assert text in shown


def test_unknown_routes_and_languages_have_a_fallback_text(make_prediction):
    prediction = replace(make_prediction(), route="<b>new</b>", language="xx")
    shown = Markup(cards.result(prediction, T, ["en"]))
    assert "new" not in shown.text
    assert "code xx" in shown.text


@pytest.mark.parametrize("truncated", [True, False])
def test_result_warns_when_the_text_was_truncated(make_prediction, truncated):
    prediction = replace(make_prediction(), truncated=truncated)
    assert (T("truncated") in cards.result(prediction, T, ["en"])) is truncated


def test_result_says_what_was_left_out(make_prediction):
    prediction = replace(make_prediction(), omitted=("quoted-reply", "signature"))
    assert "Left out: quoted reply, signature" in cards.result(prediction, T, ["en"])
    assert "未分析：引用的邮件、签名" in cards.result(prediction, texts("zh"), ["en"])
    assert "Left out" not in cards.result(make_prediction(), T, ["en"])


@pytest.mark.parametrize("part", OmittedPart)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_part_that_can_be_left_out_has_a_name(make_prediction, part, language):
    t = texts(language)
    prediction = replace(make_prediction(), omitted=(part.value,))
    assert t("omitted_other") not in cards.result(prediction, t, ["en"])


@pytest.mark.parametrize(
    ("language", "learned", "notice"),
    [
        ("zh", ["en"], "trained on English messages only"),
        ("de", ["en", "zh"], "trained on English and Chinese messages only"),
    ],
)
@pytest.mark.parametrize("supported", [True, False])
def test_result_warns_when_the_model_has_not_learned_the_language(
    make_prediction, language, learned, notice, supported
):
    prediction = replace(make_prediction(), language=language, supported=supported)
    shown = cards.result(prediction, T, learned)
    assert (notice in shown) is not supported
    assert ("Check the result yourself" in shown) is not supported
    assert (T("route_reason_unsupported") in shown) is not supported


@pytest.mark.parametrize("reader", LANGUAGES)
def test_the_confidence_of_a_language_that_was_not_learned_is_shown_as_not_reliable(make_prediction, reader):
    t = texts(reader)
    german = replace(make_prediction(), language="de", confidence=0.95, supported=False)
    learned, other = (cards.result(prediction, t, ["en"]) for prediction in (make_prediction(), german))
    assert t("reliability_none") in other and t("reliability_high") not in other
    assert t("language_de") in other
    assert t("reliability_none") not in learned


def test_a_message_never_becomes_markup(make_prediction, recent):
    harmless = cards.result(make_prediction(text="harmless"), T, ["en"])
    attacked = cards.result(make_prediction(text=ATTACK), T, ["en"])
    assert Markup(attacked).tags == Markup(harmless).tags
    assert ATTACK in Markup(attacked).text
    entry = recent.add(make_prediction(text=ATTACK))
    row = Markup(cards.recent([entry], None, T))
    assert "script" not in row.tags and "img" not in row.tags
    assert "script" not in Markup(cards.problem(ATTACK)).tags + Markup(cards.spoken(ATTACK)).tags


def test_snippet_is_one_line_of_limited_length():
    assert cards.snippet("a\n b\t c") == "a b c"
    assert cards.snippet("x" * 91) == "x" * 89 + "…"


def test_the_list_shows_the_feedback_on_each_message(make_prediction, recent):
    entry = recent.add(make_prediction(label="neutral"))
    assert cards.recent_state(entry, T) == "no feedback yet"
    entry.label = "neutral"
    assert cards.recent_state(entry, T) == "confirmed"
    entry.label = "positive"
    assert cards.recent_state(entry, T) == "corrected to positive"
    assert cards.recent_state(recent.add(make_prediction(id=None)), T) == "not saved"


# The session


def test_a_session_keeps_the_newest_entries(make_prediction, recent):
    entries = [recent.add(make_prediction(text=str(number))) for number in range(MAX_ENTRIES + 2)]
    assert [entry.prediction.text for entry in recent.newest_first()] == [str(n) for n in range(MAX_ENTRIES + 1, 1, -1)]
    assert recent.get(entries[0].key) is None
    assert recent.get(entries[-1].key) is entries[-1]
    assert recent.get(None) is None


# Analysing


@pytest.mark.parametrize("message", ["", "  \n\t ", None, 7, {"path": "/etc/passwd"}])
def test_an_empty_message_is_refused_and_not_stored(application, count, message):
    with pytest.raises(InvalidInput, match="1 to 10,000 characters"):
        read_message(application, message, T)
    assert count(PredictionRow) == 0


def test_the_longest_message_is_accepted_and_one_character_more_refused(application, count):
    assert read_message(application, "x" * 10_000, T).id
    with pytest.raises(InvalidInput, match="10,001 characters; the limit is 10,000"):
        read_message(application, "x" * 10_001, T)
    assert count(PredictionRow) == 1


def test_a_lone_surrogate_is_refused_in_the_readers_language(application):
    with pytest.raises(InvalidInput) as refusal:
        read_message(application, "bad \ud83d", texts("zh"))
    assert str(refusal.value) == texts("zh")("message_invalid")


def test_without_a_model_a_message_is_refused(application, engine):
    engine.version = None
    with pytest.raises(AttuneError, match="No model is loaded yet"):
        read_message(application, "good", T)


# Correcting


def test_correction_is_stored_and_noted_in_the_entry(application, database, recent):
    entry = recent.add(read_message(application, "good grief", T))
    correct_entry(application, entry, "negative", actor=actor, comment=" sarcasm ", t=T)
    with database.read() as session:
        row = session.query(FeedbackRow).one()
        assert (row.id, row.label, row.actor, row.comment) == (entry.receipt, "negative", visitor("test"), "sarcasm")
    assert (entry.label, entry.status) == ("negative", "pending")
    shown = Markup(cards.outcome(entry, T)).text
    assert "Saved: negative." in shown and entry.receipt[:8] in shown


def test_later_feedback_replaces_the_earlier(application, database, recent):
    entry = recent.add(read_message(application, "good", T))
    for label in ("negative", "neutral"):
        correct_entry(application, entry, label, actor=actor, comment="", t=T)
    with database.read() as session:
        assert [row.label for row in session.query(FeedbackRow)] == ["neutral"]
    assert entry.label == "neutral"


def test_a_session_remembers_a_comment_as_stored(application, recent):
    entry = recent.add(read_message(application, "bad bag", T))
    correct_entry(application, entry, "neutral", actor=actor, comment="ask ann@example.com", t=T)
    assert entry.comment == "ask [email]"


def test_comment_over_the_limit_is_refused_and_nothing_stored(application, count, recent):
    entry = recent.add(read_message(application, "good", T))
    with pytest.raises(InvalidInput, match="2,001 characters; the limit is 2,000"):
        correct_entry(application, entry, "neutral", actor=actor, comment="x" * 2_001, t=T)
    assert count(FeedbackRow) == 0 and not entry.label


def test_correcting_a_deleted_message_is_refused(application, recent, make_prediction):
    entry = recent.add(make_prediction(id="f" * 32))
    with pytest.raises(NotFound, match="Analyse it again"):
        correct_entry(application, entry, "neutral", actor=actor, comment="", t=T)


def test_with_a_locked_database_messages_are_predicted_and_feedback_is_refused(application, recent):
    stored = recent.add(read_message(application, "good", T))
    lock = sqlite3.connect(application.settings.data_dir / "attune.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        entry = recent.add(read_message(application, "bad", T))
        assert (entry.prediction.label, entry.prediction.id) == ("negative", None)
        assert T("prediction_not_stored") in Markup(cards.outcome(entry, T)).text
        with pytest.raises(StorageUnavailable, match="Not saved"):
            correct_entry(application, stored, "neutral", actor=actor, comment="", t=T)
        assert not stored.label
    finally:
        lock.close()
