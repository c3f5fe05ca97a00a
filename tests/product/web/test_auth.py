"""API tokens, and the lead role with its password and lockout."""

import pytest

from product.web.auth import (
    LOCKOUT_SECONDS,
    MAX_FAILED_ATTEMPTS,
    PROXY_HEADERS,
    LeadRole,
    LeadSession,
    TooManyAttempts,
    WrongPassword,
)
from tests.support.rest import FEEDBACK, PREDICT, actors, post_bytes

HERE = {"host": "127.0.0.1:7860"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def role(clock) -> LeadRole:
    return LeadRole("geheim", "0.0.0.0", clock)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.0.1"])
@pytest.mark.parametrize("host_header", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_without_a_password_the_role_is_open_on_the_servers_machine(host, host_header):
    role = LeadRole("", host)
    assert not role.needs_password
    assert role.allows(LeadSession(), "127.0.0.1", {"host": host_header})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "desk.example.com", "localhost.example.com", ""])
def test_without_a_password_the_role_is_closed_if_other_machines_can_connect(host):
    assert not LeadRole("", host).allows(LeadSession(), "127.0.0.1", HERE)


@pytest.mark.parametrize("header", PROXY_HEADERS)
def test_without_a_password_the_role_is_closed_behind_a_proxy(header):
    assert not LeadRole("", "127.0.0.1").allows(LeadSession(), "127.0.0.1", HERE | {header: "203.0.113.7"})


@pytest.mark.parametrize("host_header", ["evil.example.com", "evil.example.com:7860", "", "localhost.evil.com"])
def test_without_a_password_the_role_is_closed_under_a_foreign_host_name(host_header):
    assert not LeadRole("", "127.0.0.1").allows(LeadSession(), "127.0.0.1", {"host": host_header})


def test_signing_in_opens_the_role_for_that_session_and_address(role):
    session, other = LeadSession(), LeadSession()
    assert not role.allows(session, "10.0.0.1", HERE)
    role.sign_in(session, "10.0.0.1", "geheim")
    assert role.allows(session, "10.0.0.1", {})
    assert not role.allows(session, "10.0.0.2", {})
    assert not role.allows(other, "10.0.0.1", {})


def test_with_a_password_the_servers_machine_needs_it_too():
    assert not LeadRole("geheim", "127.0.0.1").allows(LeadSession(), "127.0.0.1", HERE)


@pytest.mark.parametrize("password", ["", "Geheim", "geheim ", "\ud83d", "密码"])
def test_a_wrong_password_is_refused(role, password):
    session = LeadSession()
    with pytest.raises(WrongPassword):
        role.sign_in(session, "10.0.0.1", password)
    assert not role.allows(session, "10.0.0.1", {})


def test_without_a_password_the_empty_password_is_refused(clock):
    role, session = LeadRole("", "0.0.0.0", clock), LeadSession()
    with pytest.raises(WrongPassword):
        role.sign_in(session, "10.0.0.1", "")
    assert not role.allows(session, "10.0.0.1", HERE)


def test_an_address_is_locked_out_after_too_many_wrong_passwords_and_others_are_not(role, clock):
    for _ in range(MAX_FAILED_ATTEMPTS):
        with pytest.raises(WrongPassword):
            role.sign_in(LeadSession(), "10.0.0.1", "guess")
    with pytest.raises(TooManyAttempts):
        role.sign_in(LeadSession(), "10.0.0.1", "geheim")
    role.sign_in(LeadSession(), "10.0.0.2", "geheim")
    clock.now = LOCKOUT_SECONDS
    role.sign_in(LeadSession(), "10.0.0.1", "geheim")


# API tokens


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cre", "Basic s3cret", "s3cret", "Bearer desk"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", PREDICT), ("POST", FEEDBACK), ("GET", f"{FEEDBACK}/x"), ("GET", "/api/v1/versions")],
)
def test_a_request_without_a_valid_token_is_401_and_nothing_is_stored(with_tokens, stored, header, method, path):
    headers = {} if header is None else {"Authorization": header}
    refused = with_tokens.request(method, path, json={"texts": ["x"]}, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json() == {"detail": "Authorization: must be 'Bearer' followed by one of the server's API tokens."}
    assert stored() == (0, 0)


def test_a_request_without_a_token_is_refused_before_its_body_is_read(with_tokens):
    assert post_bytes(with_tokens, PREDICT, b"\xff").status_code == 401


def test_behind_a_token_the_actor_is_trusted_and_stored_under_the_token_name(with_tokens, database):
    desk = {"Authorization": "Bearer s3cret"}
    crm = {"Authorization": "bearer gehéim".encode()}
    answer = with_tokens.post(PREDICT, json={"texts": ["bad bag"]}, headers=desk)
    body = {"prediction_id": answer.json()["predictions"][0]["id"], "label": "neutral"}
    assert with_tokens.post(FEEDBACK, json=body | {"actor": "ann"}, headers=desk).status_code == 201
    assert with_tokens.post(FEEDBACK, json=body, headers=desk).status_code == 201
    assert with_tokens.post(FEEDBACK, json=body | {"actor": "ann"}, headers=crm).status_code == 201
    assert sorted(actors(database)) == ["crm:ann", "desk:ann", "desk:api"]


def test_health_needs_no_token(with_tokens):
    assert with_tokens.get("/healthz").status_code == with_tokens.get("/readyz").status_code == 200
