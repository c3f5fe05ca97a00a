"""The installation's secret key: created once, stored in the data folder, readable by its owner only."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

FILE = "secret.key"


def secret(data_dir: Path) -> bytes:
    """The 32 random bytes of this installation, created on first use. Raises OSError if they cannot be stored."""
    path = data_dir / FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a key that another process has created in the meantime.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def keyed_hash(key: bytes, purpose: str, value: str) -> str:
    """HMAC-SHA-256 as 64 hex digits: stable within an installation, and impossible to compute without its key."""
    return hmac.new(key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()
