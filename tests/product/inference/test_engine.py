"""The queue and the hot swap, with models whose answers are known and whose batches can be held up."""

import threading
from dataclasses import dataclass, field

import pytest

from product.inference.engine import BATCH, Engine, NoModel
from product.inference.model import TextScore


@dataclass
class KnownModel:
    """Answers every text with the version's name as language; waits for `go` before each batch."""

    version: str
    go: threading.Event = field(default_factory=threading.Event)
    batches: list[list[str]] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)

    def score(self, texts: list[str]) -> list[TextScore]:
        self.entered.set()
        assert self.go.wait(10)
        self.batches.append(texts)
        if "spoil" in texts:
            raise RuntimeError("cannot read this")
        return [TextScore("neutral", 1.0, {"text": text}, self.version, False) for text in texts]


def ready(version: str) -> KnownModel:
    model = KnownModel(version)
    model.go.set()
    return model


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


def test_without_a_model_nothing_is_answered(engine):
    assert engine.version is None
    with pytest.raises(NoModel):
        engine.score(["hello"])


def test_answers_come_in_the_order_of_the_texts(engine):
    engine.swap(ready("v1"))
    texts = [f"text {index}" for index in range(3 * BATCH + 1)]
    assert [score.scores["text"] for score in engine.score(texts).texts] == texts


def test_a_request_that_began_before_a_swap_is_answered_whole_by_the_old_version(engine):
    old = KnownModel("old")
    engine.swap(old)
    answers = []
    client = threading.Thread(target=lambda: answers.append(engine.score(["a"] * (2 * BATCH))))
    client.start()
    assert old.entered.wait(10)
    engine.swap(ready("new"))
    old.go.set()
    client.join(10)
    assert answers[0].version == "old"
    assert {score.language for score in answers[0].texts} == {"old"}
    assert engine.score(["b"]).version == "new"


def test_requests_that_wait_together_share_a_batch(engine):
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


def test_a_short_request_overtakes_the_later_part_of_a_long_one(engine):
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


def test_a_batch_that_fails_is_told_to_its_request_and_the_next_is_answered(engine):
    engine.swap(ready("v1"))
    with pytest.raises(RuntimeError, match="cannot read this"):
        engine.score(["spoil"])
    assert engine.score(["fine"]).version == "v1"


def test_after_closing_nothing_is_taken():
    engine = Engine()
    engine.swap(ready("v1"))
    engine.close()
    with pytest.raises(NoModel):
        engine.score(["hello"])
