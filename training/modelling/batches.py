"""From rows to batches: tokens, targets, padding, and an order that puts texts of similar length together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import Sampler

from product.inference.text.encoding import TextEncoder, pad
from product.sentiment import LABELS
from training.data.catalogue import is_polar
from training.data.rows import Row

IGNORED_LABEL = -100
"""The label of rows that are learned from given probabilities alone."""


@dataclass(frozen=True)
class Targets:
    """What each row is trained towards, beside its label.

    `probabilities`: of the shipped model or of teachers, [rows, 3]; NaN in the rows that are learned from their label.
    `hidden`: a teacher's last hidden states of [CLS], [rows, hidden], or None.
    """

    probabilities: np.ndarray
    hidden: np.ndarray | None = None


def encode(rows: list[Row], encoder: TextEncoder, targets: np.ndarray | Targets | None = None) -> Dataset:
    """A data set with the columns `input_ids`, `labels`, `polar` (the corpus has no neutral class), `targets`, `length`
    and, if the targets have hidden states, `hidden`.

    A row whose target is not NaN is learned from that target alone: its label is IGNORED_LABEL.
    """
    if not isinstance(targets, Targets):
        targets = Targets(_no_probabilities(rows) if targets is None else targets)
    labelled = np.isnan(targets.probabilities[:, 0])
    ids = [encoded.ids for encoded in encoder.encode([row.text for row in rows])]
    columns = {
        "input_ids": ids,
        "labels": [
            LABELS.index(row.label) if by_label else IGNORED_LABEL for row, by_label in zip(rows, labelled, strict=True)
        ],
        "polar": [is_polar(row) for row in rows],
        "targets": targets.probabilities.astype(np.float32).tolist(),
        "length": [len(row_ids) for row_ids in ids],
    }
    if targets.hidden is not None:
        columns["hidden"] = targets.hidden.astype(np.float32).tolist()
    return Dataset.from_dict(columns)


def _no_probabilities(rows: list[Row]) -> np.ndarray:
    return np.full((len(rows), len(LABELS)), np.nan, dtype=np.float32)


def collate(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Tensors of a batch, padded to its longest text, not to the 512 tokens that the base can read."""
    ids, mask = pad([example["input_ids"] for example in examples])
    batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    for name, dtype in (("labels", torch.int64), ("polar", torch.bool), ("targets", torch.float32)):
        batch[name] = torch.tensor([example[name] for example in examples], dtype=dtype)
    if "hidden" in examples[0]:
        batch["hidden"] = torch.tensor([example["hidden"] for example in examples], dtype=torch.float32)
    return batch


class SimilarLengths(Sampler[int]):
    """Row indices in batches of similar length; the order of the batches changes with each epoch.

    The sampler of the Trainer yields each pool of batches from the longest rows to the shortest, so that corpora of
    different lengths dominate training in turn. Here the order depends only on the seed and the epoch: a resumed run
    reads exactly the rows it has not seen, and two processes share the batches that a single process would read.
    """

    BATCHES_PER_POOL = 50

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int):
        self.lengths, self.batch_size, self.seed, self.epoch = np.asarray(lengths), batch_size, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng((self.seed, self.epoch))
        order, size = generator.permutation(len(self.lengths)), self.batch_size * self.BATCHES_PER_POOL
        pools = [order[start : start + size] for start in range(0, len(order), size)]
        ordered = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools])
        batches = [ordered[start : start + self.batch_size] for start in range(0, len(ordered), self.batch_size)]
        # The incomplete batch stays last, so that every other batch begins at a multiple of the batch size.
        for index in [*generator.permutation(len(batches) - 1), len(batches) - 1]:
            yield from batches[index].tolist()
