"""The queue and the hot swap, with models whose scores are known and whose batches can be delayed."""

import threading
from dataclasses import dataclass, field

import pytest

from product.inference.engine import BATCH, Engine, NoModel
from product.inference.model import TextScore


@dataclass
class KnownModel:
    """Scores every text with the version's id as its language; waits for `go` before each batch."""

    version: str
    go: threading.Event = field(default_factory=threading.Event)
    batches: list[list[str]] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)

    def score(self, texts: list[str]) -> list[TextScore]:
        self.entered.set()
        assert self.go.wait(10)
        self.batches.append(texts)
        if "fail" in texts:
            raise RuntimeError("scoring failed")
        return [TextScore("neutral", 1.0, {"text": text}, self.version, False) for text in texts]


def running_model(version: str) -> KnownModel:
    model = KnownModel(version)
    model.go.set()
    return model


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


def test_scoring_without_a_model_raises(engine):
    assert engine.version is None
    with pytest.raises(NoModel):
        engine.score(["hello"])


def test_scores_come_in_the_order_of_the_texts(engine):
    engine.swap(running_model("v1"))
    texts = [f"text {index}" for index in range(3 * BATCH + 1)]
    assert [score.scores["text"] for score in engine.score(texts).scores] == texts


def test_a_request_from_before_a_swap_is_scored_entirely_by_the_old_version(engine):
    old = KnownModel("old")
    engine.swap(old)
    results = []
    client = threading.Thread(target=lambda: results.append(engine.score(["a"] * (2 * BATCH))))
    client.start()
    assert old.entered.wait(10)
    engine.swap(running_model("new"))
    old.go.set()
    client.join(10)
    assert results[0].version == "old"
    assert {score.language for score in results[0].scores} == {"old"}
    assert engine.score(["b"]).version == "new"


def test_requests_waiting_together_share_a_batch(engine):
    model = KnownModel("v1")
    engine.swap(model)
    clients = [threading.Thread(target=engine.score, args=([f"text {index}"],)) for index in range(5)]
    clients[0].start()
    assert model.entered.wait(10)
    for client in clients[1:]:
        client.start()
    while engine.waiting() < 4:
        pass
    model.go.set()
    for client in clients:
        client.join(10)
    assert sorted(map(len, model.batches)) == [1, 4]


def test_a_short_request_overtakes_the_later_parts_of_a_long_one(engine):
    model = KnownModel("v1")
    engine.swap(model)
    long = threading.Thread(target=engine.score, args=(["long"] * (20 * BATCH),))
    long.start()
    assert model.entered.wait(10)
    short = threading.Thread(target=engine.score, args=(["short"],))
    short.start()
    while engine.waiting() < 20:
        pass
    model.go.set()
    long.join(10)
    short.join(10)
    position = next(index for index, batch in enumerate(model.batches) if "short" in batch)
    assert position <= 2


def test_a_failing_batch_raises_in_its_request_and_the_next_batch_is_scored(engine):
    engine.swap(running_model("v1"))
    with pytest.raises(RuntimeError, match="scoring failed"):
        engine.score(["fail"])
    assert engine.score(["fine"]).version == "v1"


def test_scoring_after_close_raises():
    engine = Engine()
    engine.swap(running_model("v1"))
    engine.close()
    with pytest.raises(NoModel):
        engine.score(["hello"])
