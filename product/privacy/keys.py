"""The installation's secret: made once, kept in the data folder, readable by its owner alone."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

FILE = "secret.key"


def secret(data_dir: Path) -> bytes:
    """The 32 bytes of this installation, made up by whoever asks first. Raises OSError where they cannot be kept."""
    path = data_dir / FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces the key of a process that was quicker.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def keyed_hash(key: bytes, purpose: str, value: str) -> str:
    """64 hex digits: the same for the same value here, and not to be guessed from it elsewhere."""
    return hmac.new(key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()
