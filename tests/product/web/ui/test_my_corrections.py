"""My corrections: what is told of them, and that nobody sees or deletes another's."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from product.feedback.erasure import ErasureScope
from product.storage.locks import RETRAINING, exclusive
from product.storage.versions import NewVersion, activate_version, add_version
from product.texts import texts
from product.web.server import build_app
from product.web.ui import my_corrections as tab
from product.web.ui.session import Recent
from tests.product.web.test_server import send
from tests.product.web.ui.test_desk import ATTACK, Markup
from tests.support.actors import BY_COMMAND, lead, visitor

T = texts("en")


@pytest.fixture
def client(application):
    with TestClient(build_app(application)) as client:
        yield client


@pytest.fixture
def give(application):
    """A correction of `bad bag`, or of another text, to neutral; by default by who uses the test's client."""

    def correct(text="bad bag", label="neutral", actor=None):
        [answer] = application.predict([text])
        actor = actor or visitor(application.client_key("testclient"))
        return application.correct(prediction_id=answer.id, label=label, actor=actor, comment="so it is")[0]

    return correct


def learn(database, version, id, label="neutral"):
    with database.write() as session:
        add_version(
            session, NewVersion(id=version, parent=None, corrections=1, metrics={}, verdict={}, learned={id: label})
        )
        activate_version(session, version, BY_COMMAND)


def owned(application, *ids, actor=None):
    actor = actor or visitor(application.client_key("testclient"))
    return application.my_corrections(actor=actor, ids=ids)


# What is listed


def test_one_s_own_are_listed_the_last_first_with_what_the_model_says_now(application, give):
    first, second = give("bad bag"), give("good day", "positive")
    found = owned(application, first, second)
    assert [(own.text, own.receipt.label, own.receipt.agrees_now) for own in found] == [
        ("good day", "positive", True),
        ("bad bag", "neutral", False),
    ]
    assert found[0].comment == "so it is" and found[0].receipt.status == "pending"


def test_another_s_and_erased_and_unknown_ones_are_not_listed(application, give):
    own, other = give(), give(actor=visitor("other"))
    assert [each.receipt.feedback_id for each in owned(application, own, other, "f" * 32, "'", "")] == [own]
    application.erase_own(feedback_id=own, actor=visitor(application.client_key("testclient")))
    assert owned(application, own) == []


def test_of_many_the_last_are_listed(application, give, monkeypatch):
    monkeypatch.setattr("product.service.MAX_MY_CORRECTIONS", 2)
    ids = [give(f"bad bag {number}") for number in range(3)]
    assert {each.receipt.feedback_id for each in owned(application, *ids)} == set(ids[1:])


def test_without_a_model_the_agreement_is_left_open(application, engine, give):
    id = give()
    engine.version = None
    assert owned(application, id)[0].receipt.agrees_now is None


def test_a_card_tells_status_version_and_agreement_in_plain_words(application, database, give):
    id = give()
    text = Markup(tab.corrections(owned(application, id), T)).text
    for words in ("bad bag", "You chose neutral; Attune had predicted negative.", "waiting for the next retraining"):
        assert words in text
    assert "not yet" in text and "disagrees with you" in text
    learn(database, "r0001", id)
    text = Markup(tab.corrections(owned(application, id), T)).text
    assert "in version r0001" in text and "learned" in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("status", ["pending", "accepted", "quarantined", "learned", "rejected"])
def test_every_status_is_told_in_words(application, give, language, status):
    [own] = owned(application, give())
    own = replace(own, receipt=replace(own.receipt, status=status))
    assert texts(language)(f"status_{status}") in tab.corrections([own], texts(language))


def test_a_lead_s_own_reason_for_turning_a_word_down_is_told_and_no_other(application, give):
    id = give()
    application.decide(feedback_id=id, accept=False, by=lead("eve"))
    assert "Reason" not in tab.corrections(owned(application, id), T)
    application.decide(feedback_id=id, accept=False, by=lead("eve"), note="They were joking.")
    assert "<dt>Reason</dt><dd>They were joking.</dd>" in tab.corrections(owned(application, id), T)
    application.decide(feedback_id=id, accept=True, by=lead("eve"), note="No joke.")
    assert "No joke" not in tab.corrections(owned(application, id), T)


def test_a_confirmation_is_called_one(application, give):
    assert "You confirmed negative." in tab.corrections(owned(application, give(label="negative")), T)


def test_what_was_written_never_becomes_markup(application, give):
    shown = Markup(tab.corrections(owned(application, give(ATTACK)), T))
    assert "script" not in shown.tags and "img" not in shown.tags
    assert ATTACK in shown.text


def test_what_went_is_told_with_other_people_s_and_versions():
    told = tab.deleted(ErasureScope(["p"], ["a"], ["b", "c"], ["r0001", "r0002"]), T)
    assert "deleted with it: 2." in told and "Versions that learned it: r0001 and r0002." in told
    assert tab.deleted(ErasureScope(["p"], ["a"], [], []), T) == T("my_corrections_deleted")


@pytest.mark.parametrize("kept", [None, "x", 7, {"a": 1}, [None, 7, "x", ["f" * 32], "F" * 32]])
def test_what_a_browser_says_that_it_keeps_may_be_anything(kept):
    assert tab.valid_receipts(kept) == []


def test_the_browser_keeps_the_session_s_receipts_each_once(make_prediction):
    recent = Recent()
    for receipt in ("a" * 32, "", "b" * 32):
        recent.add(make_prediction()).receipt = receipt
    assert tab.with_session(["c" * 32, "a" * 32], recent) == ["c" * 32, "a" * 32, "b" * 32]


# On the page


def test_the_page_lists_one_s_own_and_not_another_s_whose_receipt_it_names(client, give):
    own, other = give("bad bag in Xanadu"), give("bad bag in Avalon", actor=visitor("other"))
    listed = send(client, "on_list", [[own, other], None])
    assert "Xanadu" in listed and "Avalon" not in listed


def test_the_page_does_not_list_what_its_browser_has_no_receipt_of(client, give):
    give("bad bag in Xanadu")
    assert "Xanadu" not in send(client, "on_list", [[], None])


def test_deleting_takes_one_s_own_out_of_the_list_and_the_database(application, client, give):
    own = give("bad bag in Xanadu")
    answer = send(client, "on_erase", [[own], None], event_data={"erase": own})
    assert "Permanently deleted" in answer and "Xanadu" not in answer
    assert application.receipt(own).status == "erased"


@pytest.mark.parametrize("event_data", [None, {}, {"erase": None}, {"erase": ["f"]}, "erase"])
def test_deleting_what_is_not_there_says_so(client, event_data):
    assert "no longer exists" in send(client, "on_erase", [[], None], event_data=event_data)


def test_another_s_correction_is_not_deleted_whatever_the_page_says(application, client, give):
    other = give(actor=visitor("other"))
    answer = send(client, "on_erase", [[other], None], event_data={"erase": other, "actor": "desk:other"})
    assert "no longer exists" in answer
    assert application.receipt(other).status == "pending"


def test_while_a_retraining_runs_deleting_says_when_to_come_back(application, client, give):
    own = give()
    with exclusive(application.settings.data_dir / RETRAINING, "retraining"):
        assert "Try again in a few minutes" in send(client, "on_erase", [[own], None], event_data={"erase": own})
    assert application.receipt(own).status == "pending"


def test_a_session_forgets_the_message_whose_correction_was_deleted(make_prediction):
    recent = Recent()
    kept, gone = recent.add(make_prediction()), recent.add(make_prediction())
    kept.receipt, gone.receipt = "a" * 32, "b" * 32
    recent.forget("b" * 32)
    assert recent.newest_first() == [kept]
