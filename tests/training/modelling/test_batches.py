import numpy as np

from tests.support.labelled import MESSAGES
from training.modelling.batches import IGNORED_LABEL, SimilarLengths, Targets, collate, encode


def test_a_row_with_target_probabilities_has_the_ignored_label(encoder):
    targets = np.array([[np.nan] * 3, [0.2, 0.5, 0.3]], dtype=np.float32)
    data = encode(MESSAGES[:2], encoder, targets)
    assert data["labels"] == [0, IGNORED_LABEL]


def test_a_batch_is_padded_to_its_longest_row(encoder):
    batch = collate([dict(row) for row in encode(MESSAGES[:2], encoder)])
    # [CLS] it broke again [SEP]; [CLS] nobody answers me [SEP]
    assert batch["input_ids"].shape == (2, 5)


def test_a_batch_has_hidden_states_only_if_the_targets_do(encoder):
    targets = Targets(np.full((2, 3), np.nan, dtype=np.float32), np.array([[1.0, 2.0], [3.0, 4.0]]))
    batch = collate([dict(row) for row in encode(MESSAGES[:2], encoder, targets)])
    assert batch["hidden"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert "hidden" not in collate([dict(row) for row in encode(MESSAGES[:2], encoder)])


def test_an_epoch_reads_each_row_once_in_an_order_that_depends_on_seed_and_epoch():
    lengths = [5, 1, 4, 1, 3, 9, 2, 6, 5, 3, 5]
    sampler = SimilarLengths(lengths, batch_size=4, seed=1)
    first = list(sampler)
    assert sorted(first) == list(range(11)) and list(sampler) == first
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(11)) and list(sampler) != first
    # the batch of three stays last, so that the others are whole
    batches = [[lengths[index] for index in first[start : start + 4]] for start in (0, 4)]
    assert sorted(sorted(batch) for batch in batches) == [[1, 1, 2, 3], [3, 4, 5, 5]]
