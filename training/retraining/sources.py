"""What becomes of each correction, with the shipped model to read them by: the rules are in training/standing.py."""

from collections import Counter
from collections.abc import Callable

import numpy as np

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.manifest import Manifest
from product.inference.text import TextEncoder, expert_for
from product.sentiment import LABELS, Correction, Status
from product.settings.configuration import Settings
from product.settings.rules import SourceTrustRules
from product.versions.registry import Versions
from training.data.similarity import near_duplicate_groups
from training.retraining import label_quality as crossfit
from training.retraining import trust as standing
from training.retraining.trust import Judge, TrustDecision


def decide_trust(
    settings: Settings, versions: Versions, shipped: Manifest, corrections: list[Correction], seed: int, say: Callable
) -> dict[str, TrustDecision]:
    """The standing of each correction, by its id."""
    if not corrections:
        return {}
    rules = settings.source_trust
    groups = near_duplicate_groups([one.text for one in corrections])
    few = len({one.source for one in corrections}) < rules.min_contributors
    judge = nobody if few else judge_of(settings, versions, shipped, corrections, groups, seed, say)
    found = standing.stand(corrections, groups, judge, rules)
    counts = Counter(one.status.value for one in found.values())
    sources = len({one.source for one in corrections})
    say(
        f"corrections: {len(corrections)} of {sources} sources: "
        + ", ".join(f"{counts[status.value]} {status.value}" for status in Status if counts[status.value])
    )
    return found


def nobody(weights: np.ndarray) -> np.ndarray:
    """The judge that can say nothing."""
    return np.full(len(weights), crossfit.UNKNOWN)


def judge_of(
    settings: Settings,
    versions: Versions,
    shipped: Manifest,
    corrections: list[Correction],
    groups: np.ndarray,
    seed: int,
    say: Callable,
) -> Judge:
    """A judge for each language, as each has a model of its own to read the texts by."""
    labels = np.array([LABELS.index(one.label) for one in corrections])
    sources = np.array([one.source for one in corrections])
    read_by = np.array([expert_for(one.text, tuple(shipped.experts)) for one in corrections])
    parts = []
    for language in np.unique(read_by):
        indices = np.flatnonzero(read_by == language)
        say(f"{language}: reading {len(indices)} corrections to weigh their sources")
        texts = [corrections[index].text for index in indices]
        parts.append((indices, _features(settings, versions, shipped, str(language), texts)))

    def judge(weights: np.ndarray) -> np.ndarray:
        quality = np.full(len(corrections), crossfit.UNKNOWN)
        for at, features in parts:
            quality[at] = crossfit.label_quality(features, labels[at], sources[at], groups[at], weights[at], seed)
        return quality

    return judge


def _features(settings: Settings, versions: Versions, shipped: Manifest, language: str, texts: list[str]) -> np.ndarray:
    folder = versions.store.folder(shipped.id)
    expert = manifests.verify(folder).experts[language]
    model = checkpoint.load_expert(folder, shipped, language, settings.base_model)
    return crossfit.read_features(model, TextEncoder(folder / expert.tokenizer, expert.max_tokens), texts)


def set_aside(corrections: list[Correction], harmful: set[str], rules: SourceTrustRules) -> set[str]:
    """The corrections, by id, of sources that did harm once (`harmful`: the corrections they gave by then), those too
    that came since; but what a reviewer decided, and no more once so many of a source's were found to be right."""
    sources = {one.source for one in corrections if one.id in harmful}
    cleared = Counter(one.source for one in corrections if one.reviewed and one.status != Status.rejected)
    aside = {source for source in sources if cleared[source] < rules.min_accepted_to_reinstate}
    return {one.id for one in corrections if one.source in aside and not one.reviewed}


def large_sources(accepted: list[Correction], rules: SourceTrustRules) -> list[str]:
    """Those who gave much of what is accepted, most first; none where that is all of it."""
    counts = Counter(one.source for one in accepted)
    least = max(rules.large_contributor_min, rules.large_contributor_share * len(accepted))
    return [source for source, count in counts.most_common() if least <= count < len(accepted)]
