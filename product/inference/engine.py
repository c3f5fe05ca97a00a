"""The queue in front of the model: requests from many threads, one worker, batches, and the hot swap between two."""

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

# A chunk of a long request waits for this many requests that came after it: a page of short messages is answered
# while a file of 256 long ones is worked on, and the file still gets its turn.
PATIENCE = 8


class NoModel(AttuneError):
    """No model version is loaded."""


@dataclass(frozen=True)
class Scored:
    """Scores of one request, all by one version."""

    version: str
    texts: list[TextScore]


class Scorer(Protocol):
    """Whatever reads texts: an Engine, or what stands in for one."""

    def score(self, texts: list[str]) -> Scored:
        """Scores in the order of `texts`. Raises NoModel."""
        ...


@dataclass(order=True)
class _Chunk:
    """Up to BATCH texts of one request, for one model."""

    turn: int
    arrival: int
    model: Model = field(compare=False)
    texts: list[str] = field(compare=False)
    result: Future = field(compare=False, default_factory=Future)


class Engine:
    """Answers with the model it has when a request arrives; `swap` changes what later requests get.

    A request keeps its model to the end, so no answer mixes two versions and none is lost in a swap.
    """

    def __init__(self, model: Model | None = None):
        self._model = model
        self._chunks: queue.PriorityQueue[_Chunk] = queue.PriorityQueue()
        self._arrivals = count()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="inference", daemon=True)
        self._worker.start()

    @property
    def version(self) -> str | None:
        return self._model.version if self._model else None

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that the model has learned."""
        return self._model.languages if self._model else ()

    def swap(self, model: Model) -> None:
        previous, self._model = self.version, model
        log.info("serving %s (before: %s)", model.version, previous or "nothing")

    def score(self, texts: list[str]) -> Scored:
        """Blocks until every text has its scores. Raises NoModel when there is nothing to answer with."""
        model = self._model
        if model is None or self._closed:
            raise NoModel("no model version is loaded yet; try again shortly")
        arrival = next(self._arrivals)
        chunks = [
            _Chunk(arrival + PATIENCE * index, arrival, model, texts[start : start + BATCH])
            for index, start in enumerate(range(0, len(texts), BATCH))
        ]
        for chunk in chunks:
            self._chunks.put(chunk)
        return Scored(model.version, [score for chunk in chunks for score in chunk.result.result()])

    def waiting(self) -> int:
        """Batches' worth of texts in the queue, about."""
        return self._chunks.qsize()

    def close(self) -> None:
        """Answer what is waiting, then stop."""
        self._closed = True
        self._chunks.put(_Chunk(2**62, 0, None, []))  # after everything else
        self._worker.join(timeout=30)

    def _work(self) -> None:
        while True:
            batch = self._next_batch()
            if batch[0].model is None:
                return
            self._answer(batch)

    def _next_batch(self) -> list[_Chunk]:
        """The next chunk, and what else waits for the same model and fits in the batch."""
        batch = [self._chunks.get()]
        size = len(batch[0].texts)
        while size < BATCH:
            try:
                chunk = self._chunks.get_nowait()
            except queue.Empty:
                break
            if chunk.model is not batch[0].model or size + len(chunk.texts) > BATCH:
                self._chunks.put(chunk)
                break
            batch.append(chunk)
            size += len(chunk.texts)
        return batch

    @staticmethod
    def _answer(batch: list[_Chunk]) -> None:
        try:
            scores = iter(batch[0].model.score([text for chunk in batch for text in chunk.texts]))
            for chunk in batch:
                chunk.result.set_result([next(scores) for _ in chunk.texts])
        except Exception as error:  # the worker must outlive any batch; the requests in it get the error
            log.exception("a batch failed")
            for chunk in batch:
                if not chunk.result.done():
                    chunk.result.set_exception(error)
