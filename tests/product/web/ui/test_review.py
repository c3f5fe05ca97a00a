"""The Review tab: its cards, its buttons, and who may see it."""

import re

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from product.sentiment import InvalidInput, NotFound
from product.service import Application
from product.storage.tables import FeedbackRow
from product.texts import texts
from product.web.server import build_app
from product.web.ui import review
from tests.product.web.test_server import send
from tests.product.web.ui.test_desk import ATTACK, UNCLOSED, Markup
from tests.support.actors import contributor, lead, visitor

T = texts("en")
HERE = "http://127.0.0.1:7860"


@pytest.fixture
def clicks(application):
    """Click a button of the queue as the lead Eve; returns the notice."""
    return lambda why="", **clicked: review.decide(application, clicked, lead("eve"), why, T)


@pytest.fixture
def feedback_ids(database):
    def ids() -> list[str]:
        with database.read() as session:
            return [row.id for row in session.query(FeedbackRow)]

    return ids


def client_at(application, url=HERE, **headers) -> TestClient:
    return TestClient(build_app(application), base_url=url, headers=headers)


def with_settings(application, **more) -> Application:
    return Application(application.settings.model_copy(update=more), application.database, application.engine)


# Cards


def test_a_message_without_feedback_has_a_button_for_each_label(application):
    [answer] = application.predict(["where is it"])
    shown = review.queue(application.review_queue(), T)
    assert "where is it" in shown and "Attune predicted neutral (Negative 12% · Neutral 75%" in shown
    assert shown.count(f"data-do='label' data-id='{answer.id}'") == 3


def test_a_disputed_message_lists_each_correction_with_two_buttons(application):
    [answer] = application.predict(["bad bag"])
    for actor, label in (("ann", "positive"), ("bob", "neutral")):
        application.correct(prediction_id=answer.id, label=label, actor=contributor(actor), comment=f"so says {actor}")
    shown = review.queue(application.review_queue(), T)
    text = Markup(shown).text
    assert "ann · crm chose positive" in text and "bob · crm chose neutral" in text and "so says ann" in text
    assert shown.count("data-do='accept'") == shown.count("data-do='reject'") == 2
    assert "data-do='label'" not in shown


def test_messages_names_and_comments_never_become_markup(application):
    for text, actor, comment in ((UNCLOSED, ATTACK, ATTACK), ("harmless", "harmless", "harmless")):
        [answer] = application.predict([text])
        application.correct(prediction_id=answer.id, label="neutral", actor=contributor(actor), comment=comment)
        application.correct(prediction_id=answer.id, label="positive", actor=contributor("bob"))
    both = Markup(review.queue(application.review_queue(), T))
    assert "script" not in both.tags and "img" not in both.tags
    assert UNCLOSED in both.text
    assert both.text.count(ATTACK) == 2  # the actor, the comment


def test_an_empty_queue_says_what_appears_in_it(application):
    assert "Nothing to review" in review.queue([], T)


# Buttons


def test_a_label_is_stored_as_the_leads_accepted_correction(application, database, clicks):
    [answer] = application.predict(["bad bag"])
    assert "Saved the label neutral: “bad bag”" in clicks(do="label", id=answer.id, label="neutral")
    with database.read() as session:
        [row] = session.query(FeedbackRow)
        assert (row.label, row.actor, row.reviewer, row.status) == ("neutral", lead("eve"), lead("eve"), "accepted")


@pytest.mark.parametrize(("do", "status"), [("accept", "accepted"), ("reject", "rejected")])
def test_a_decision_is_stored(application, clicks, do, status):
    [answer] = application.predict(["bad bag"])
    id, *_ = application.correct(prediction_id=answer.id, label="neutral", actor=contributor("ann"))
    assert "bad bag" in clicks(do=do, id=id, why="asked ann@example.com")
    receipt = application.receipt(id)
    assert (receipt.status, receipt.history[-1].note) == (status, "asked [email]")


@pytest.mark.parametrize(
    ("do", "offer", "status"), [("accept", "Reject instead", "rejected"), ("reject", "Accept instead", "accepted")]
)
def test_the_notice_of_a_decision_has_a_button_that_reverses_it(application, clicks, do, offer, status):
    [answer] = application.predict(["bad bag"])
    id, *_ = application.correct(prediction_id=answer.id, label="neutral", actor=contributor("ann"))
    notice = clicks(do=do, id=id)
    [reverse] = re.findall(rf"data-do='(\w+)' data-id='{id}'>{offer}<", notice)
    clicks(do=reverse, id=id)
    assert application.receipt(id).status == status


def test_a_lead_can_undo_a_label(application, database, clicks):
    [answer] = application.predict(["bad bag"])
    notice = clicks(do="label", id=answer.id, label="neutral")
    [(reverse, id)] = re.findall(r"data-do='(\w+)' data-id='(\w+)'>Undo<", notice)
    clicks(do=reverse, id=id)
    assert application.receipt(id).status == "rejected"


@pytest.mark.parametrize(
    ("clicked", "refusal"),
    [
        ({}, InvalidInput),
        ({"do": "erase", "id": "f" * 32}, InvalidInput),
        ({"do": "label", "id": "f" * 32}, InvalidInput),
        ({"do": "label", "id": "f" * 32, "label": "neutral"}, NotFound),
        ({"do": "accept", "id": ["f"]}, NotFound),
    ],
)
def test_an_unknown_button_or_id_stores_nothing(count, clicks, clicked, refusal):
    with pytest.raises(refusal):
        clicks(**clicked)
    assert count(FeedbackRow) == 0


@pytest.mark.parametrize(
    ("name", "who"),
    [("  Eve \n M ", "lead:Eve M"), ("", "lead:1"), (None, "lead:1"), ("x" * 99, "lead:" + "x" * 60)],
)
def test_the_reviewer_is_the_given_name_or_the_client_key(name, who):
    assert review.reviewer(name, visitor("1")).handle == who


# Who may see the queue


def test_on_the_servers_machine_the_queue_is_shown_and_decisions_are_stored(application, feedback_ids):
    [answer] = application.predict(["bad Xanadu"])
    with client_at(application) as client:
        assert "Xanadu" in send(client, "on_review", [None])
        clicked = {"do": "label", "id": answer.id, "label": "neutral"}
        assert "Saved the label neutral" in send(client, "on_decide", ["Eve", " not \n bad ", None], event_data=clicked)
    [id] = feedback_ids()
    history = [(change.reason.code, change.note) for change in application.receipt(id).history]
    assert history == [("given", ""), ("given-by-lead", "not bad")]


@pytest.mark.parametrize(
    ("more", "url", "headers"),
    [
        ({"server_name": "0.0.0.0"}, HERE, {}),
        ({}, HERE, {"X-Forwarded-For": "203.0.113.7"}),
        ({}, "http://evil.example.com", {}),
        ({"lead_password": SecretStr("geheim")}, HERE, {}),
    ],
)
def test_without_the_lead_role_the_queue_is_not_sent_and_nothing_is_stored(application, count, more, url, headers):
    [answer] = application.predict(["bad Xanadu"])
    clicked = {"do": "label", "id": answer.id, "label": "neutral"}
    with client_at(with_settings(application, **more), url, **headers) as client:
        answers = [send(client, "on_review", [None]), send(client, "on_decide", ["Eve", "", None], event_data=clicked)]
        answers += [client.get("/").text, client.get("/config").text]
    assert "Xanadu" not in "".join(answers) and "geheim" not in "".join(answers)
    assert count(FeedbackRow) == 0


def test_signing_in_shows_the_queue_to_that_session(application):
    application.predict(["bad Xanadu"])
    with client_at(with_settings(application, lead_password=SecretStr("geheim"), server_name="0.0.0.0")) as client:
        assert "Wrong password" in send(client, "on_sign_in", ["guess", None])
        assert "Xanadu" not in send(client, "on_review", [None])
        assert "Xanadu" in send(client, "on_sign_in", ["geheim", None])
        assert "Xanadu" in send(client, "on_review", [None])


@pytest.mark.parametrize("password", [None, 7, {"path": "/etc/passwd"}, ["geheim"]])
def test_a_password_of_another_type_is_refused(application, password):
    application.predict(["bad Xanadu"])
    with client_at(with_settings(application, lead_password=SecretStr("geheim"))) as client:
        assert "Xanadu" not in send(client, "on_sign_in", [password, None])


def test_after_too_many_wrong_passwords_the_right_one_is_refused_too(application):
    application.predict(["bad Xanadu"])
    with client_at(with_settings(application, lead_password=SecretStr("geheim"))) as client:
        for _ in range(5):
            send(client, "on_sign_in", ["guess", None])
        answer = send(client, "on_sign_in", ["geheim", None])
    assert "15 minutes" in answer and "Xanadu" not in answer


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        (visitor("0123456789ab", "anna"), "anna · 0123456789ab"),
        (contributor("anna"), "anna · crm"),
        (visitor("0123456789ab"), "0123456789ab"),
    ],
)
def test_a_contributor_is_shown_by_name_and_key(application, actor, shown):
    [answer] = application.predict(["bad bag"])
    application.correct(prediction_id=answer.id, label="neutral", actor=actor)
    application.correct(prediction_id=answer.id, label="positive", actor=contributor("bob"))
    assert f"<b dir='auto'>{shown}</b>" in review.queue(application.review_queue(), T)
