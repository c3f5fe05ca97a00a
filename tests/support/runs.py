"""Retraining runs that train nothing: their verdicts are given."""

from dataclasses import dataclass

import numpy as np

from product.codes import CheckCode, Reason, RunCode
from training.retraining.challenger import Challenger, RunContext
from training.retraining.gate import Check, Verdict, decide
from training.retraining.loop import Run


def verdict(failed: CheckCode | None = None) -> Verdict:
    """Passed, unless this check failed."""
    return decide([Check(failed, passed=False)] if failed else [])


WINS = verdict()
HARMS = verdict(CheckCode.gate_rows)
NO_BETTER = verdict(CheckCode.holdout_labels)
HARMFUL_EXCLUDED = Reason(RunCode.harmful_contributor_excluded)


@dataclass(frozen=True)
class Found:
    """What a run decided on, and what it trained on the way."""

    learned_from: list[set[str]]
    """The actors in each dataset that was trained on, ablations included."""
    number: int
    """Which of these the chosen challenger is, counted from 1."""
    verdict: Verdict
    actors: set[str]
    """Whose corrections the chosen challenger has learned."""


class GivenVerdicts(Run):
    """A run that trains nothing: verdicts are given, and how many of 100 gate rows each challenger has correct."""

    def __init__(self, context: RunContext, verdicts: list[Verdict], correct: list[int]):
        super().__init__(context)
        self.verdicts, self.correct = verdicts, correct
        self.learned_from, self.folders, self.seed_offsets = [], [], []

    def train_ablation(self, folder, dataset):
        self.learned_from.append({correction.actor.name for correction in dataset.corrections + dataset.holdout})
        self.folders.append(folder)
        return np.arange(100) < self.correct[len(self.folders) - 1]

    def challenge(self, folder, dataset, seed_offset=0):
        self.seed_offsets.append(seed_offset)
        correct = self.train_ablation(folder, dataset)
        return Challenger(folder, self.context.shipped, self.verdicts.pop(0), dataset, correct)
