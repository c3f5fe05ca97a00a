"""Who may do what a lead does: whoever has the password; without one, whoever sits at the machine itself."""

import hmac
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from product.sentiment import AttuneError

FORWARDING = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-server",
    "x-forwarded-port", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "fly-client-ip",
)  # fmt: skip
"""Headers of proxies: with one of them the request came from somewhere else, whatever its address."""
WRONG_TRIES = 5
"""Wrong passwords from one address within FORGOTTEN_AFTER; then none is looked at any more."""
FORGOTTEN_AFTER = 900.0
"""Seconds."""
REMEMBERED = 10_000
"""Addresses with wrong tries, at most; of more, the one that tried first is forgotten."""


class WrongPassword(AttuneError):
    """It is another one."""


class TooManyTries(AttuneError):
    """No password of this address is looked at for a while, the right one neither."""


@dataclass
class LeadSession:
    """A browser session's leave to act in a role, for the address that showed the password; changed in place."""

    address: str = ""


class Role:
    """A role that a password opens. Without a password it is open only on a server that nothing but its own machine
    reaches, to a request that no proxy sent on and no foreign page's name led to."""

    def __init__(self, password: str, host: str, clock: Callable[[], float] = time.monotonic):
        self._password, self._host = password.encode(), host
        self._tries = Tries(clock)

    @property
    def wants_password(self) -> bool:
        return bool(self._password)

    def allows(self, given: LeadSession, address: str, headers: Mapping[str, str]) -> bool:
        """Whether a request may act in the role; `headers` have lower-case names."""
        if self.wants_password:
            return bool(given.address) and given.address == address
        forwarded = any(name in headers for name in FORWARDING)
        return is_loopback(self._host) and not forwarded and is_loopback(_hostname(headers.get("host", "")))

    def enter(self, given: LeadSession, address: str, password: str) -> None:
        """Note in `given` that the password was right. Raises WrongPassword, TooManyTries."""
        self._tries.check(address)
        if not self.wants_password or not hmac.compare_digest(self._password, password.encode("utf-8", "replace")):
            self._tries.failed(address)
            raise WrongPassword("This is not the password.")
        given.address = address


class Tries:
    """Wrong tries of each address, for a while."""

    def __init__(self, clock: Callable[[], float]):
        self._clock, self._lock = clock, threading.Lock()
        self._failed: dict[str, deque[float]] = {}

    def check(self, address: str) -> None:
        """Raises TooManyTries."""
        with self._lock:
            failed = self._failed.get(address, ())
            if sum(self._clock() - at < FORGOTTEN_AFTER for at in failed) >= WRONG_TRIES:
                raise TooManyTries("Too many wrong passwords; try again in a quarter of an hour.")

    def failed(self, address: str) -> None:
        with self._lock:
            self._failed.setdefault(address, deque(maxlen=WRONG_TRIES)).append(self._clock())
            while len(self._failed) > REMEMBERED:
                self._failed.pop(next(iter(self._failed)))


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    """The name in a Host header: `127.0.0.1:7860` and `[::1]:7860` without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
