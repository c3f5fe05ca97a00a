"""My corrections: what a card shows, and that nobody sees or deletes the corrections of others."""

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
from tests.product.web.ui.test_desk import UNCLOSED, Markup
from tests.support.actors import BY_COMMAND, lead, visitor

T = texts("en")


@pytest.fixture
def client(application):
    with TestClient(build_app(application)) as client:
        yield client


@pytest.fixture
def give(application):
    """Store a correction, by default by the person behind the test client; returns its id."""

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


def listed(application, *ids, actor=None):
    actor = actor or visitor(application.client_key("testclient"))
    return application.my_corrections(actor=actor, ids=ids)


# What is listed


def test_corrections_are_listed_newest_first_with_the_agreement_of_the_active_version(application, give):
    first, second = give("bad bag"), give("good day", "positive")
    found = listed(application, first, second)
    assert [(item.text, item.receipt.label, item.receipt.agrees_now) for item in found] == [
        ("good day", "positive", True),
        ("bad bag", "neutral", False),
    ]
    assert found[0].comment == "so it is" and found[0].receipt.status == "pending"


def test_corrections_of_others_and_erased_and_unknown_ones_are_not_listed(application, give):
    own, other = give(), give(actor=visitor("other"))
    assert [item.receipt.feedback_id for item in listed(application, own, other, "f" * 32, "'", "")] == [own]
    application.erase_my_correction(feedback_id=own, actor=visitor(application.client_key("testclient")))
    assert listed(application, own) == []


def test_only_the_newest_corrections_are_listed(application, give, monkeypatch):
    monkeypatch.setattr("product.service.MAX_MY_CORRECTIONS", 2)
    ids = [give(f"bad bag {number}") for number in range(3)]
    assert {item.receipt.feedback_id for item in listed(application, *ids)} == set(ids[1:])


def test_without_a_model_the_agreement_is_unknown(application, engine, give):
    id = give()
    engine.version = None
    assert listed(application, id)[0].receipt.agrees_now is None


def test_a_card_shows_status_version_and_agreement(application, database, give):
    id = give()
    text = Markup(tab.corrections(listed(application, id), T)).text
    for words in ("bad bag", "You chose neutral; Attune had predicted negative.", "waiting for the next retraining"):
        assert words in text
    assert "Learnedno" in text.replace(" ", "") and "disagrees with you" in text
    learn(database, "r0001", id)
    text = Markup(tab.corrections(listed(application, id), T)).text
    assert "in version r0001" in text and "learned" in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("status", ["pending", "accepted", "quarantined", "learned", "rejected"])
def test_every_status_has_a_text(application, give, language, status):
    [item] = listed(application, give())
    item = replace(item, receipt=replace(item.receipt, status=status))
    assert texts(language)(f"status_{status}") in tab.corrections([item], texts(language))


def test_the_note_of_a_rejection_is_shown_and_no_other(application, give):
    id = give()
    application.decide(feedback_id=id, accept=False, by=lead("eve"))
    assert "Reason" not in tab.corrections(listed(application, id), T)
    application.decide(feedback_id=id, accept=False, by=lead("eve"), note="They were joking.")
    assert "<dt>Reason</dt><dd>They were joking.</dd>" in tab.corrections(listed(application, id), T)
    application.decide(feedback_id=id, accept=True, by=lead("eve"), note="No joke.")
    assert "No joke" not in tab.corrections(listed(application, id), T)


def test_a_confirmation_is_named_as_such(application, give):
    assert "You confirmed negative." in tab.corrections(listed(application, give(label="negative")), T)


def test_messages_never_become_markup(application, give):
    shown = Markup(tab.corrections(listed(application, give(UNCLOSED)), T))
    assert "script" not in shown.tags and "img" not in shown.tags
    assert UNCLOSED in shown.text


def test_the_notice_of_a_deletion_names_other_corrections_and_versions():
    notice = tab.deleted(ErasureScope(["p"], ["a"], ["b", "c"], ["r0001", "r0002"]), T)
    assert "deleted with it: 2." in notice and "Versions that learned it: r0001 and r0002." in notice
    assert tab.deleted(ErasureScope(["p"], ["a"], [], []), T) == T("my_corrections_deleted")


@pytest.mark.parametrize("kept", [None, "x", 7, {"a": 1}, [None, 7, "x", ["f" * 32], "F" * 32]])
def test_invalid_receipts_from_a_browser_are_dropped(kept):
    assert tab.valid_receipts(kept) == []


def test_receipts_of_browser_and_session_are_merged_without_duplicates(make_prediction):
    recent = Recent()
    for receipt in ("a" * 32, "", "b" * 32):
        recent.add(make_prediction()).receipt = receipt
    assert tab.with_session(["c" * 32, "a" * 32], recent) == ["c" * 32, "a" * 32, "b" * 32]


# On the page


def test_the_page_does_not_list_a_correction_of_others_even_with_its_receipt(client, give):
    own, other = give("bad bag in Xanadu"), give("bad bag in Avalon", actor=visitor("other"))
    listed = send(client, "on_list", [[own, other], None])
    assert "Xanadu" in listed and "Avalon" not in listed


def test_the_page_lists_only_corrections_whose_receipt_the_browser_has(client, give):
    give("bad bag in Xanadu")
    assert "Xanadu" not in send(client, "on_list", [[], None])


def test_deleting_removes_a_correction_from_list_and_database(application, client, give):
    own = give("bad bag in Xanadu")
    answer = send(client, "on_erase", [[own], None], event_data={"erase": own})
    assert "Permanently deleted" in answer and "Xanadu" not in answer
    assert application.receipt(own).status == "erased"


@pytest.mark.parametrize("event_data", [None, {}, {"erase": None}, {"erase": ["f"]}, "erase"])
def test_deleting_an_unknown_correction_is_refused(client, event_data):
    assert "no longer exists" in send(client, "on_erase", [[], None], event_data=event_data)


def test_a_correction_of_others_is_not_deleted(application, client, give):
    other = give(actor=visitor("other"))
    answer = send(client, "on_erase", [[other], None], event_data={"erase": other, "actor": "desk:other"})
    assert "no longer exists" in answer
    assert application.receipt(other).status == "pending"


def test_deleting_is_refused_while_a_retraining_runs(application, client, give):
    own = give()
    with exclusive(application.settings.data_dir / RETRAINING, "retraining"):
        assert "Try again in a few minutes" in send(client, "on_erase", [[own], None], event_data={"erase": own})
    assert application.receipt(own).status == "pending"


def test_a_session_forgets_the_message_of_a_deleted_correction(make_prediction):
    recent = Recent()
    kept, gone = recent.add(make_prediction()), recent.add(make_prediction())
    kept.receipt, gone.receipt = "a" * 32, "b" * 32
    recent.forget("b" * 32)
    assert recent.newest_first() == [kept]
