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
