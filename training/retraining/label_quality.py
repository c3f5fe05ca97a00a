"""How well each correction agrees with the rest, judged by what has learned from neither its source nor its text."""

import random
from collections.abc import Sequence

import numpy as np
import torch
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from transformers import PreTrainedModel

from product.inference.text import TextEncoder, pad
from product.sentiment import LABELS

FOLDS = 5
LEAST_ROWS = 20
"""Fewer rows teach nothing that could speak for or against anybody."""
UNKNOWN = 1 / len(LABELS)
REGULARISATION = 0.01
STATES_WEIGHT = 0.3
"""Root mean square of a hidden state's values as a feature, so that the shipped model's answer leads at first."""
MIDDLE, MIDDLE_WEIGHT = -3, 0.9
"""Half-way up the shipped model what a word means is not yet bent to what the model thinks of it: from a few hundred
labels of a new kind much more is learned there than from the last layer."""
FLOOR = 1e-4
TINY = 1e-12
BATCH = 64


@torch.inference_mode()
def read_features(model: PreTrainedModel, encoder: TextEncoder, texts: list[str]) -> np.ndarray:
    """What the shipped model makes of each text, float32 [texts, 2 hidden + 3]: its last hidden state of [CLS], the
    logarithms of its probabilities, and the mean of a middle layer's states over the words, less that of all texts.
    The probabilities are one voice among the features and do not judge: what corrections agree on against them is
    learned."""
    hidden = model.config.hidden_size
    features = np.zeros((len(texts), 2 * hidden + len(LABELS)), dtype=np.float32)
    if not texts:
        return features
    ids = [encoded.ids for encoded in encoder.encode(texts)]
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        rows, mask = pad([ids[index] for index in batch])
        output = model(
            input_ids=torch.from_numpy(rows), attention_mask=torch.from_numpy(mask), output_hidden_states=True
        )
        states = output.hidden_states[-1][:, 0].float()
        scale = STATES_WEIGHT / states.square().mean(dim=1, keepdim=True).sqrt()
        said = (output.logits.float().softmax(-1) + FLOOR).log()
        words = torch.from_numpy(mask)[..., None]
        middle = (output.hidden_states[MIDDLE].float() * words).sum(dim=1) / words.sum(dim=1)
        features[batch] = torch.cat([states * scale, said, middle], dim=1).numpy()
    centred = features[:, -hidden:] - features[:, -hidden:].mean(axis=0)
    features[:, -hidden:] = MIDDLE_WEIGHT * centred / np.sqrt(np.square(centred).mean() + TINY)
    return features


def label_quality(
    features: np.ndarray,
    labels: np.ndarray,
    sources: Sequence[str],
    groups: np.ndarray,
    weights: np.ndarray,
    seed: int = 0,
) -> np.ndarray:
    """The probability [rows] that a judge gives to each row's label; UNKNOWN where there is too little to learn from.

    labels, int [rows]; groups, int [rows], the same number for near-duplicate texts; weights [rows], how far each
    row's source is believed. Sources are dealt to folds; a fold's judge has seen none of its sources and none of its
    texts, so that two who act together do not vouch for each other. cleanlab's self-confidence: Northcutt et al. 2021,
    "Confident Learning"; Kuan and Mueller 2022, "Model-agnostic label quality scoring".
    """
    quality = np.full(len(labels), UNKNOWN)
    folds = deal(sources, seed)
    for fold in range(FOLDS):
        judged = folds == fold
        learned = ~judged & ~np.isin(groups, groups[judged])
        if not judged.any() or learned.sum() < LEAST_ROWS or len(np.unique(labels[learned])) < 2:
            continue
        judge = fitted(features[learned], labels[learned], weights[learned])
        quality[judged] = get_label_quality_scores(
            labels[judged], probabilities(judge, features[judged]), method="self_confidence"
        )
    return quality


def fitted(features: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> LogisticRegression:
    return LogisticRegression(C=REGULARISATION, max_iter=500).fit(features, labels, sample_weight=weights)


def probabilities(judge: LogisticRegression, features: np.ndarray) -> np.ndarray:
    """[rows, 3], next to nothing for a label that the judge has not met."""
    found = np.full((len(features), len(LABELS)), FLOOR)
    found[:, judge.classes_] = judge.predict_proba(features)
    return found / found.sum(axis=1, keepdims=True)


def deal(sources: Sequence[str], seed: int) -> np.ndarray:
    """The fold of each row, int [rows]: those of one source together, the folds of like size."""
    names, counts = np.unique(np.array(sources, dtype=str), return_counts=True)
    order = list(range(len(names)))
    random.Random(seed).shuffle(order)
    sizes, fold_of = [0] * FOLDS, {}
    for index in sorted(order, key=lambda index: -counts[index]):
        smallest = sizes.index(min(sizes))
        fold_of[names[index]] = smallest
        sizes[smallest] += counts[index]
    return np.array([fold_of[source] for source in sources], dtype=int)
