"""The queue in front of the model: many request threads, one worker that scores in batches, and the hot swap."""

import logging
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from product.inference.model import BATCH, Model, TextScore
from product.sentiment import AttuneError

log = logging.getLogger(__name__)

OVERTAKING_REQUESTS = 8
"""How many later requests go before the next part of a long request.

A page of short messages is answered while a file of 256 long ones is being scored, and the file still makes progress.
"""


class NoModel(AttuneError):
    """No model version is loaded."""


@dataclass(frozen=True)
class BatchScores:
    """The scores of one request in the order of its texts, all from the same version."""

    version: str
    scores: list[TextScore]


class Scorer(Protocol):
    """Scores texts: an Engine, or its stand-in in tests."""

    def score(self, texts: list[str]) -> BatchScores:
        """Scores in the order of `texts`. Raises NoModel."""
        ...


@dataclass(order=True)
class _QueueItem:
    """At most BATCH texts of one request, and the model that scores them. Lowest priority value first.

    An item without a model stops the worker.
    """

    priority: int
    arrival: int
    model: Model | None = field(compare=False)
    texts: list[str] = field(compare=False)
    scores: Future[list[TextScore]] = field(compare=False, default_factory=Future)


class Engine:
    """Scores each request with the model that is loaded when it arrives; `swap` affects later requests only.

    A request keeps its model to the end: no response mixes two versions, and no request is lost in a swap.
    """

    def __init__(self, model: Model | None = None):
        self._model = model
        self._queue: queue.PriorityQueue[_QueueItem] = queue.PriorityQueue()
        self._arrivals = count()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="inference", daemon=True)
        self._worker.start()

    @property
    def version(self) -> str | None:
        """The id of the loaded version, None before there is one."""
        return self._model.version if self._model else None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the loaded version has an expert for."""
        return self._model.languages if self._model else ()

    def swap(self, model: Model) -> None:
        """Score later requests with another model."""
        previous, self._model = self.version, model
        log.info("using version %s%s", model.version, f" instead of {previous}" if previous else "")

    def score(self, texts: list[str]) -> BatchScores:
        """Blocks until every text is scored. Raises NoModel without a loaded version or after `close`."""
        model = self._model
        if model is None or self._closed:
            raise NoModel("no model version is loaded yet; try again shortly")
        arrival = next(self._arrivals)
        items = [
            _QueueItem(arrival + OVERTAKING_REQUESTS * part, arrival, model, texts[start : start + BATCH])
            for part, start in enumerate(range(0, len(texts), BATCH))
        ]
        for item in items:
            self._queue.put(item)
        return BatchScores(model.version, [score for item in items for score in item.scores.result()])

    def waiting(self) -> int:
        """The approximate number of items in the queue, each of at most BATCH texts."""
        return self._queue.qsize()

    def close(self) -> None:
        """Score what is in the queue, then stop the worker."""
        self._closed = True
        self._queue.put(_QueueItem(2**62, 0, None, []))  # after everything else
        self._worker.join(timeout=30)

    def _work(self) -> None:
        while True:
            batch = self._next_batch()
            model = batch[0].model
            if model is None:
                return
            self._score_batch(model, batch)

    def _next_batch(self) -> list[_QueueItem]:
        """The next item, and those behind it that have the same model and fit into one batch."""
        batch = [self._queue.get()]
        size = len(batch[0].texts)
        while size < BATCH:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item.model is not batch[0].model or size + len(item.texts) > BATCH:
                self._queue.put(item)
                break
            batch.append(item)
            size += len(item.texts)
        return batch

    @staticmethod
    def _score_batch(model: Model, batch: list[_QueueItem]) -> None:
        try:
            scores = iter(model.score([text for item in batch for text in item.texts]))
            for item in batch:
                item.scores.set_result([next(scores) for _ in item.texts])
        except Exception as error:  # the worker must outlive any batch; the requests in it get the error
            log.exception("scoring a batch failed")
            for item in batch:
                if not item.scores.done():
                    item.scores.set_exception(error)
