"""The recent messages of one browser session, kept in memory while the session lasts."""

import uuid
from dataclasses import dataclass

from product.sentiment import Prediction

MAX_ENTRIES = 8
"""Messages kept per session."""


@dataclass
class Entry:
    """A message that was read, and the feedback on it. `key` identifies it within the session, stored or not."""

    key: str
    prediction: Prediction
    label: str = ""
    """The label that the person gave; empty without feedback."""
    receipt: str = ""
    status: str = ""
    comment: str = ""


class Recent:
    """The last MAX_ENTRIES entries of a session.

    Changed in place: events of one session may overlap, and no event may overwrite another's changes.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def add(self, prediction: Prediction) -> Entry:
        entry = Entry(uuid.uuid4().hex, prediction)
        self._entries[entry.key] = entry
        for key in list(self._entries)[:-MAX_ENTRIES]:
            self._entries.pop(key, None)
        return entry

    def get(self, key: str | None) -> Entry | None:
        return self._entries.get(key or "")

    def forget(self, receipt: str) -> None:
        """Drop the entry of an erased correction, so that memory holds no more than the database."""
        for entry in list(self._entries.values()):
            if entry.receipt == receipt:
                self._entries.pop(entry.key, None)

    def newest_first(self) -> list[Entry]:
        return list(self._entries.values())[::-1]
