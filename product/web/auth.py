"""Who may call the API (tokens) and who may act as a team lead (password, or the server's own machine)."""

import hmac
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from fastapi import Request
from starlette.exceptions import HTTPException

from product.sentiment import AttuneError

PROXY_HEADERS = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-server",
    "x-forwarded-port", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "fly-client-ip",
)  # fmt: skip
"""A request with one of these came through a proxy, so its address does not show where it came from."""
MAX_FAILED_ATTEMPTS = 5
"""Wrong passwords from one address within LOCKOUT_SECONDS; after that the address is locked out."""
LOCKOUT_SECONDS = 900.0
MAX_REMEMBERED_ADDRESSES = 10_000
"""Addresses with failed attempts kept in memory; the oldest is dropped first."""


class WrongPassword(AttuneError):
    """The password is wrong."""


class TooManyAttempts(AttuneError):
    """The address is locked out: even the right password is refused for LOCKOUT_SECONDS."""


# API tokens


def require_token(tokens: Mapping[str, str], request: Request) -> str | None:
    """The name of the request's token; None if no tokens are configured. `tokens` maps secrets to names.

    Raises HTTPException 401 if tokens are configured and the request has none of them.
    """
    name = _token_name(tokens, request.headers.get("authorization", ""))
    if tokens and name is None:
        detail = "Authorization: must be 'Bearer' followed by one of the server's API tokens."
        raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})
    return name


def _token_name(tokens: Mapping[str, str], header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    # Starlette decodes headers as Latin-1, whatever their encoding was.
    sent = token.strip().encode("latin-1")
    # Every secret is compared, each in constant time.
    matches = [name for secret, name in tokens.items() if hmac.compare_digest(secret.encode(), sent)]
    return matches[0] if matches else None


# The lead role


@dataclass
class LeadSession:
    """A browser session. `address` is set, in place, once it has signed in as lead from that address."""

    address: str = ""


class LeadRole:
    """Decides who may act as a team lead.

    With a password: sessions that signed in, from the same address. Without one: only requests made on the server's
    own machine, and only if the server listens on that machine alone. A proxy header or a foreign host name (DNS
    rebinding) closes the role.
    """

    def __init__(self, password: str, host: str, clock: Callable[[], float] = time.monotonic):
        self._password, self._host = password.encode(), host
        self._attempts = FailedAttempts(clock)

    @property
    def needs_password(self) -> bool:
        return bool(self._password)

    def allows(self, session: LeadSession, address: str, headers: Mapping[str, str]) -> bool:
        """Whether a request may act as lead. `headers` have lower-case names."""
        if self.needs_password:
            return bool(session.address) and session.address == address
        forwarded = any(name in headers for name in PROXY_HEADERS)
        return is_loopback(self._host) and not forwarded and is_loopback(_hostname(headers.get("host", "")))

    def sign_in(self, session: LeadSession, address: str, password: str) -> None:
        """Mark the session as signed in. Raises WrongPassword, TooManyAttempts."""
        self._attempts.check(address)
        if not self.needs_password or not hmac.compare_digest(self._password, password.encode("utf-8", "replace")):
            self._attempts.add(address)
            raise WrongPassword("The password is wrong.")
        session.address = address


class FailedAttempts:
    """Recent failed sign-ins by address. Thread-safe."""

    def __init__(self, clock: Callable[[], float]):
        self._clock, self._lock = clock, threading.Lock()
        self._failures: dict[str, deque[float]] = {}

    def check(self, address: str) -> None:
        """Raises TooManyAttempts if the address is locked out."""
        with self._lock:
            failures = self._failures.get(address, ())
            if sum(self._clock() - failed_at < LOCKOUT_SECONDS for failed_at in failures) >= MAX_FAILED_ATTEMPTS:
                raise TooManyAttempts("Too many wrong passwords; try again in 15 minutes.")

    def add(self, address: str) -> None:
        with self._lock:
            self._failures.setdefault(address, deque(maxlen=MAX_FAILED_ATTEMPTS)).append(self._clock())
            while len(self._failures) > MAX_REMEMBERED_ADDRESSES:
                self._failures.pop(next(iter(self._failures)))


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    """The name in a Host header without the port: `127.0.0.1:7860`, `[::1]:7860`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
