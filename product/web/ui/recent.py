"""What one browser session has read lately, kept in memory for as long as the session lasts."""

import uuid
from dataclasses import dataclass

from product.sentiment import Prediction

KEPT = 8


@dataclass
class Entry:
    """A prediction, and what the person said of it. `key` names it within the session, stored or not."""

    key: str
    prediction: Prediction
    given: str = ""
    receipt: str = ""
    status: str = ""
    comment: str = ""


class Recent:
    """The last KEPT entries. Changed in place: events of one session may overlap, and none may undo another."""

    def __init__(self):
        self._entries: dict[str, Entry] = {}

    def add(self, prediction: Prediction) -> Entry:
        entry = Entry(uuid.uuid4().hex, prediction)
        self._entries[entry.key] = entry
        for key in list(self._entries)[:-KEPT]:
            self._entries.pop(key, None)
        return entry

    def get(self, key: str | None) -> Entry | None:
        return self._entries.get(key or "")

    def forget(self, receipt: str) -> None:
        """Drop the entry whose correction was erased: a session remembers no more of a person than the disk does."""
        for entry in list(self._entries.values()):
            if entry.receipt == receipt:
                self._entries.pop(entry.key, None)

    def newest_first(self) -> list[Entry]:
        return list(self._entries.values())[::-1]
