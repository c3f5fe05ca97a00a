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
@pytest.mark.parametrize("named", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_without_a_password_the_role_is_open_on_the_machine_itself(host, named):
    role = LeadRole("", host)
    assert not role.needs_password
    assert role.allows(LeadSession(), "127.0.0.1", {"host": named})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "desk.example.com", "localhost.example.com", ""])
def test_without_a_password_the_role_is_closed_on_a_server_that_others_reach(host):
    assert not LeadRole("", host).allows(LeadSession(), "127.0.0.1", HERE)


@pytest.mark.parametrize("header", PROXY_HEADERS)
def test_without_a_password_the_role_is_closed_to_what_a_proxy_sent_on(header):
    assert not LeadRole("", "127.0.0.1").allows(LeadSession(), "127.0.0.1", HERE | {header: "203.0.113.7"})


@pytest.mark.parametrize("named", ["evil.example.com", "evil.example.com:7860", "", "localhost.evil.com"])
def test_without_a_password_a_name_that_was_pointed_at_this_machine_opens_nothing(named):
    assert not LeadRole("", "127.0.0.1").allows(LeadSession(), "127.0.0.1", {"host": named})


def test_the_password_opens_the_role_for_the_session_and_address_that_showed_it(role):
    mine, other = LeadSession(), LeadSession()
    assert not role.allows(mine, "10.0.0.1", HERE)
    role.sign_in(mine, "10.0.0.1", "geheim")
    assert role.allows(mine, "10.0.0.1", {})
    assert not role.allows(mine, "10.0.0.2", {})
    assert not role.allows(other, "10.0.0.1", {})


def test_where_a_password_is_set_the_machine_itself_needs_it_as_well():
    assert not LeadRole("geheim", "127.0.0.1").allows(LeadSession(), "127.0.0.1", HERE)


@pytest.mark.parametrize("password", ["", "Geheim", "geheim ", "\ud83d", "密码"])
def test_another_password_opens_nothing(role, password):
    mine = LeadSession()
    with pytest.raises(WrongPassword):
        role.sign_in(mine, "10.0.0.1", password)
    assert not role.allows(mine, "10.0.0.1", {})


def test_where_no_password_is_set_the_empty_one_opens_nothing(clock):
    role, mine = LeadRole("", "0.0.0.0", clock), LeadSession()
    with pytest.raises(WrongPassword):
        role.sign_in(mine, "10.0.0.1", "")
    assert not role.allows(mine, "10.0.0.1", HERE)


def test_after_some_wrong_tries_an_address_must_wait_and_others_need_not(role, clock):
    for _ in range(MAX_FAILED_ATTEMPTS):
        with pytest.raises(WrongPassword):
            role.sign_in(LeadSession(), "10.0.0.1", "guess")
    with pytest.raises(TooManyAttempts):
        role.sign_in(LeadSession(), "10.0.0.1", "geheim")
    role.sign_in(LeadSession(), "10.0.0.2", "geheim")
    clock.now = LOCKOUT_SECONDS
    role.sign_in(LeadSession(), "10.0.0.1", "geheim")
