"""How likely each correction's label is right, judged by classifiers that have not seen its contributor or its text.

The trust rules (trust.py) use these probabilities as evidence about contributors.
"""

import logging
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from transformers import PreTrainedModel

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.text.encoding import TextEncoder, pad
from product.inference.text.language import expert_for
from product.sentiment import LABELS, Correction, Status
from product.settings.rules import SourceTrustRules
from training.data.similarity import near_duplicate_groups
from training.retraining import trust
from training.retraining.train import ShippedVersion
from training.retraining.trust import LabelQuality, TrustDecision

log = logging.getLogger(__name__)

FOLDS = 5
MIN_ROWS = 20
"""A classifier trained on fewer rows is no evidence about anybody."""
UNKNOWN = 1 / len(LABELS)
REGULARISATION = 0.01
STATE_SCALE = 0.3
"""Root mean square of a hidden state's values as a feature, so that the shipped model's probabilities weigh most at
first."""
MIDDLE_LAYER, MIDDLE_SCALE = -3, 0.9
"""In the middle of the shipped model, features describe a text without the model's opinion of it: a few hundred labels
of a new kind of text teach a classifier much more there than in the last layer."""
MIN_PROBABILITY = 1e-4
MIN_VARIANCE = 1e-12
BATCH_SIZE = 64


def decide_trust(
    shipped: ShippedVersion, corrections: list[Correction], rules: SourceTrustRules, seed: int
) -> dict[str, TrustDecision]:
    """A decision for each correction, by its id; the shipped model supplies the features of the texts."""
    if not corrections:
        return {}
    groups = near_duplicate_groups([correction.text for correction in corrections])
    contributors = len({correction.source for correction in corrections})
    quality: LabelQuality = no_label_quality
    if contributors >= rules.min_contributors:
        quality = CrossValidatedQuality.of(shipped, corrections, groups, seed)
    decisions = trust.decide(corrections, groups, quality, rules)
    counts = Counter(decision.status.value for decision in decisions.values())
    log.info(
        "corrections: %d by %d contributors: %s",
        len(corrections),
        contributors,
        ", ".join(f"{counts[status.value]} {status.value}" for status in Status if counts[status.value]),
    )
    return decisions


def no_label_quality(weights: np.ndarray) -> np.ndarray:
    """Used where there are too few contributors: every label is as likely as any other."""
    return np.full(len(weights), UNKNOWN)


@dataclass(frozen=True)
class CrossValidatedQuality:
    """Label quality of the same corrections for any weights; one classifier for each language, as each language has
    features of its own."""

    labels: np.ndarray
    sources: np.ndarray
    groups: np.ndarray
    features: dict[str, tuple[np.ndarray, np.ndarray]]
    """Language to (indices of its corrections, their features)."""
    seed: int

    @classmethod
    def of(
        cls, shipped: ShippedVersion, corrections: list[Correction], groups: np.ndarray, seed: int
    ) -> "CrossValidatedQuality":
        languages = np.array(
            [expert_for(correction.text, tuple(shipped.manifest.experts)) for correction in corrections]
        )
        features = {}
        for language in map(str, np.unique(languages)):
            indices = np.flatnonzero(languages == language)
            log.info("%s: reading %d corrections to score their contributors", language, len(indices))
            features[language] = (
                indices,
                expert_features(shipped, language, [corrections[index].text for index in indices]),
            )
        labels = np.array([LABELS.index(correction.label) for correction in corrections])
        return cls(labels, np.array([correction.source for correction in corrections]), groups, features, seed)

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        quality = np.full(len(self.labels), UNKNOWN)
        for indices, features in self.features.values():
            answers = Answers(self.labels[indices], self.sources[indices], self.groups[indices], weights[indices])
            quality[indices] = cross_validated_quality(features, answers, self.seed)
        return quality


def expert_features(shipped: ShippedVersion, language: str, texts: list[str]) -> np.ndarray:
    expert = manifests.verify(shipped.folder).experts[language]
    model = checkpoint.load_expert(shipped.folder, shipped.manifest, language, shipped.base_model)
    return read_features(model, TextEncoder(shipped.folder / expert.tokenizer, expert.max_tokens), texts)


@torch.inference_mode()
def read_features(model: PreTrainedModel, encoder: TextEncoder, texts: list[str]) -> np.ndarray:
    """Features of each text, float32 [texts, 2 * hidden + 3].

    The last hidden state of [CLS], the log-probabilities, and the mean of a middle layer's states over the tokens,
    centred on the mean of all texts. The model's probabilities are features like the others: where corrections agree
    against them, the classifier learns that.
    """
    hidden = model.config.hidden_size
    features = np.zeros((len(texts), 2 * hidden + len(LABELS)), dtype=np.float32)
    if not texts:
        return features
    ids = [encoded.ids for encoded in encoder.encode(texts)]
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    for start in range(0, len(order), BATCH_SIZE):
        batch = order[start : start + BATCH_SIZE]
        rows, mask = pad([ids[index] for index in batch])
        output = model(
            input_ids=torch.from_numpy(rows), attention_mask=torch.from_numpy(mask), output_hidden_states=True
        )
        states = output.hidden_states[-1][:, 0].float()
        scale = STATE_SCALE / states.square().mean(dim=1, keepdim=True).sqrt()
        log_probabilities = (output.logits.float().softmax(-1) + MIN_PROBABILITY).log()
        is_token = torch.from_numpy(mask)[..., None]
        middle = (output.hidden_states[MIDDLE_LAYER].float() * is_token).sum(dim=1) / is_token.sum(dim=1)
        features[batch] = torch.cat([states * scale, log_probabilities, middle], dim=1).numpy()
    centred = features[:, -hidden:] - features[:, -hidden:].mean(axis=0)
    features[:, -hidden:] = MIDDLE_SCALE * centred / np.sqrt(np.square(centred).mean() + MIN_VARIANCE)
    return features


@dataclass(frozen=True)
class Answers:
    """Labels [rows] as class indices, who gave each, near-duplicate groups, and how far each contributor is trusted."""

    labels: np.ndarray
    sources: np.ndarray
    groups: np.ndarray
    weights: np.ndarray


def cross_validated_quality(features: np.ndarray, answers: Answers, seed: int = 0) -> np.ndarray:
    """The probability [rows] of each row's label; UNKNOWN where there is too little to learn from.

    Contributors are assigned to folds. The classifier of a fold has seen none of its contributors and none of its texts
    (near-duplicates included), so two contributors who act together do not confirm each other. cleanlab's
    self-confidence: Northcutt et al. 2021, "Confident Learning"; Kuan and Mueller 2022, "Model-agnostic label quality
    scoring".
    """
    labels, groups = answers.labels, answers.groups
    quality = np.full(len(labels), UNKNOWN)
    folds = assign_folds(answers.sources, seed)
    for fold in range(FOLDS):
        scored = folds == fold
        learned = ~scored & ~np.isin(groups, groups[scored])
        if not scored.any() or learned.sum() < MIN_ROWS or len(np.unique(labels[learned])) < 2:
            continue
        classifier = fit_classifier(features[learned], labels[learned], answers.weights[learned])
        quality[scored] = get_label_quality_scores(
            labels[scored], predict_probabilities(classifier, features[scored]), method="self_confidence"
        )
    return quality


def fit_classifier(features: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> LogisticRegression:
    return LogisticRegression(C=REGULARISATION, max_iter=500).fit(features, labels, sample_weight=weights)


def predict_probabilities(classifier: LogisticRegression, features: np.ndarray) -> np.ndarray:
    """[rows, 3]; close to 0 for a label that the classifier was not trained on."""
    found = np.full((len(features), len(LABELS)), MIN_PROBABILITY)
    found[:, classifier.classes_] = classifier.predict_proba(features)
    normalised: np.ndarray = found / found.sum(axis=1, keepdims=True)
    return normalised


def assign_folds(sources: Sequence[str] | np.ndarray, seed: int) -> np.ndarray:
    """The fold of each row, int [rows]: a contributor's rows share a fold, and folds are of similar size."""
    names, counts = np.unique(np.array(sources, dtype=str), return_counts=True)
    order = list(range(len(names)))
    random.Random(seed).shuffle(order)
    sizes, fold_of = [0] * FOLDS, {}
    for index in sorted(order, key=lambda index: -counts[index]):
        smallest = sizes.index(min(sizes))
        fold_of[names[index]] = smallest
        sizes[smallest] += counts[index]
    return np.array([fold_of[source] for source in sources], dtype=int)
