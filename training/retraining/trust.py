"""What decides whether a correction is used for training: rules on contributors, as pure functions of plain data.

We score contributors, not single corrections. A model's mistakes are exactly where honest corrections disagree with
it, so no correction is doubted for disagreeing. A contributor's trust follows from what reviewers decided about their
corrections, from whether others give the same texts the same labels, and from whether a classifier trained on the other
contributors would have given those labels. docs/trust.md explains the rules.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations

import numpy as np
from scipy.special import expit, logit

from product.codes import FeedbackCode, Reason
from product.inference.text.language import detect_language, supports
from product.sentiment import Correction, Status
from product.settings.rules import SourceTrustRules

ROUNDS = 3
"""Trust depends on the trust in others; after this many rounds it no longer changes noticeably."""


@dataclass(frozen=True)
class TrustDecision:
    """The status that a correction gets, and why."""

    status: Status
    reason: Reason


LabelQuality = Callable[[np.ndarray], np.ndarray]
"""From the trust in each correction's contributor to the probability that its label is right, as judged by a classifier
that has learned nothing from this contributor; both float [corrections]."""


def decide(
    corrections: Sequence[Correction], groups: np.ndarray, label_quality: LabelQuality, rules: SourceTrustRules
) -> dict[str, TrustDecision]:
    """A decision for every correction, by its id. `groups`, int [corrections]: near-duplicate texts share a number."""
    trust = contributor_trust(corrections, groups, label_quality, rules)
    decisions = {
        correction.id: _by_contributor(trust[correction.source], len(trust), rules) for correction in corrections
    }
    decisions |= {correction.id: _by_review(correction) for correction in corrections if correction.reviewed}
    decisions |= _too_fast(_accepted(corrections, decisions), trust, rules)
    decisions |= _outvoted(corrections, groups, decisions, trust, rules)
    return decisions | _over_share(_accepted(corrections, decisions), trust, rules)


def contributor_trust(
    corrections: Sequence[Correction], groups: np.ndarray, label_quality: LabelQuality, rules: SourceTrustRules
) -> dict[str, float]:
    """The probability that each contributor is honest, by `Correction.source`.

    Bayes' rule for two kinds of contributors: honest ones, who err at times, and hostile ones, who give any label but
    the right one. Evidence from another contributor counts in proportion to the trust in them. The computation starts
    from the prior trust and is repeated until it settles, after Dawid and Skene 1979, "Maximum Likelihood Estimation
    of Observer Error-Rates".
    """
    trust = {correction.source: rules.prior_trust for correction in corrections}
    if len(trust) < rules.min_contributors and not any(correction.reviewed for correction in corrections):
        return trust
    by_text = _by_text(corrections, groups)
    for _ in range(ROUNDS):
        quality = label_quality(np.array([trust[correction.source] for correction in corrections]))
        log_odds = {source: float(logit(rules.prior_trust)) for source in trust}
        for correction, probability in zip(corrections, quality, strict=True):
            evidence = rules.label_quality_weight * label_quality_log_odds(float(probability), rules)
            log_odds[correction.source] += evidence + review_log_odds(correction, rules)
        for (source, _), change in _pairwise_log_odds(by_text.values(), trust, rules).items():
            log_odds[source] += min(max(change, -rules.max_pairwise_log_odds), rules.max_pairwise_log_odds)
        trust = {source: float(expit(value)) for source, value in log_odds.items()}
    return trust


def label_quality_log_odds(probability: float, rules: SourceTrustRules) -> float:
    """Log-likelihood ratio, honest against hostile, of a label that is right with this probability."""
    honest = (1 - rules.honest_error_rate) * probability + rules.honest_error_rate / 2 * (1 - probability)
    hostile = rules.honest_error_rate * probability + (1 - rules.honest_error_rate) / 2 * (1 - probability)
    return float(np.log(honest / hostile))


def review_log_odds(correction: Correction, rules: SourceTrustRules) -> float:
    """Log-likelihood ratio, honest against hostile, of a reviewer's decision; 0 without one."""
    if not correction.reviewed:
        return 0.0
    change = float(logit(rules.reviewer_reliability))
    return change if correction.status != Status.rejected else -change


def _pairwise_log_odds(
    texts: Iterable[Sequence[Correction]], trust: Mapping[str, float], rules: SourceTrustRules
) -> dict[tuple[str, str], float]:
    """(source, other) to the change in the source's log-odds, for each pair that labelled the same texts.

    `texts` are the corrections of each text; a contributor's last label for a text counts.
    """
    both_right = (1 - rules.honest_error_rate) ** 2
    pairs: dict[tuple[str, str], float] = defaultdict(float)
    for same_text in texts:
        labels = {correction.source: correction.label for correction in same_text}
        for source, other in permutations(labels, 2):
            agree_if_honest = trust[other] * both_right + (1 - trust[other]) * rules.honest_error_rate
            agree_if_hostile = trust[other] * rules.honest_error_rate + (1 - trust[other]) / 2
            if labels[source] == labels[other]:
                ratio = agree_if_honest / agree_if_hostile
            else:
                ratio = (1 - agree_if_honest) / (1 - agree_if_hostile)
            pairs[source, other] += float(np.log(ratio))
    return pairs


def _by_text(corrections: Sequence[Correction], groups: np.ndarray) -> dict[int, list[Correction]]:
    by_text: dict[int, list[Correction]] = defaultdict(list)
    for correction, group in zip(corrections, groups, strict=True):
        by_text[int(group)].append(correction)
    return by_text


def _by_source(corrections: Iterable[Correction]) -> dict[str, list[Correction]]:
    by_source: dict[str, list[Correction]] = defaultdict(list)
    for correction in corrections:
        by_source[correction.source].append(correction)
    return by_source


def _accepted(corrections: Sequence[Correction], decisions: Mapping[str, TrustDecision]) -> list[Correction]:
    return [correction for correction in corrections if decisions[correction.id].status == Status.accepted]


def _by_contributor(trust: float, contributors: int, rules: SourceTrustRules) -> TrustDecision:
    if trust < rules.quarantine_trust:
        return TrustDecision(Status.quarantined, Reason(FeedbackCode.contributor_contradicted, {"trust": trust}))
    if contributors < rules.min_contributors:
        return TrustDecision(Status.accepted, Reason(FeedbackCode.too_few_contributors))
    if trust >= rules.accept_trust:
        return TrustDecision(Status.accepted, Reason(FeedbackCode.contributor_trusted, {"trust": trust}))
    return TrustDecision(Status.pending, Reason(FeedbackCode.contributor_unproven, {"trust": trust}))


def _by_review(correction: Correction) -> TrustDecision:
    if correction.status == Status.rejected:
        return TrustDecision(Status.rejected, Reason(FeedbackCode.rejected_by_reviewer))
    return TrustDecision(Status.accepted, Reason(FeedbackCode.accepted_by_reviewer))


def _too_fast(
    accepted: Sequence[Correction], trust: Mapping[str, float], rules: SourceTrustRules
) -> dict[str, TrustDecision]:
    """Corrections given faster than a person can read wait. Imported files are exempt, and proven contributors."""
    if len(trust) < rules.min_contributors:
        return {}
    by_source = _by_source(
        correction
        for correction in sorted(accepted, key=lambda correction: (correction.created_at, correction.id))
        if not correction.reviewed and not correction.imported and trust[correction.source] < rules.proven_trust
    )
    reason = Reason(FeedbackCode.too_fast, {"limit": rules.burst_limit, "minutes": rules.burst_minutes})
    window = timedelta(minutes=rules.burst_minutes)
    return {
        correction.id: TrustDecision(Status.pending, reason)
        for given in by_source.values()
        for correction, earlier in zip(given[rules.burst_limit :], given, strict=False)
        if correction.created_at - earlier.created_at < window
    }


def _outvoted(
    corrections: Sequence[Correction],
    groups: np.ndarray,
    decisions: Mapping[str, TrustDecision],
    trust: Mapping[str, float],
    rules: SourceTrustRules,
) -> dict[str, TrustDecision]:
    """Where accepted corrections of one text differ, only the label that a reviewer confirmed, or else the label with
    enough trust behind it, stays accepted; the others are quarantined."""
    decided = {}
    for same_text in _by_text(corrections, groups).values():
        accepted = _accepted(same_text, decisions)
        if not accepted:
            continue
        winners = {correction.label for correction in accepted if correction.reviewed} or _winner(
            accepted, trust, rules
        )
        reason = (
            Reason(FeedbackCode.outvoted, {"labels": sorted(winners)}) if winners else Reason(FeedbackCode.disputed)
        )
        for correction in accepted:
            if correction.label not in winners:
                decided[correction.id] = TrustDecision(Status.quarantined, reason)
    return decided


def _winner(same_text: Sequence[Correction], trust: Mapping[str, float], rules: SourceTrustRules) -> set[str]:
    """The label with the required share of the trust, if any. A contributor's trust is divided among their corrections,
    so that repeating a label adds no weight."""
    votes: dict[str, float] = defaultdict(float)
    counts = Counter(correction.source for correction in same_text)
    for correction in same_text:
        votes[correction.label] += trust[correction.source] / counts[correction.source]
    top = max(votes, key=lambda label: votes[label])
    return {top} if votes[top] >= rules.majority_share * sum(votes.values()) - 1e-9 else set()


def _over_share(
    accepted: Sequence[Correction], trust: Mapping[str, float], rules: SourceTrustRules
) -> dict[str, TrustDecision]:
    """A contributor who is not proven supplies at most a certain share; their later corrections wait.

    Reviewed corrections count first and never wait. With few contributors each may supply an equal share.
    """
    by_source = _by_source(
        sorted(accepted, key=lambda correction: (not correction.reviewed, correction.created_at, correction.id))
    )
    if len(trust) < rules.min_contributors or not by_source:
        return {}
    share = max(rules.max_contributor_share, 1 / len(by_source))
    reason = Reason(FeedbackCode.over_share, {"share": share})
    proven = {source for source in by_source if trust[source] >= rules.proven_trust}
    allowed = cap_shares({source: len(given) for source, given in by_source.items()}, share, proven)
    return {
        correction.id: TrustDecision(Status.pending, reason)
        for source, given in by_source.items()
        for correction in given[allowed[source] :]
        if not correction.reviewed
    }


def cap_shares(counts: Mapping[str, int], share: float, exempt: Collection[str] = ()) -> dict[str, int]:
    """The counts, lowered where necessary so that none exceeds `share` of their sum; at least 1 is left of each, and
    those in `exempt` stay as they are."""
    capped = dict(counts)
    limited = [name for name in capped if name not in exempt]
    while limited and share < 1:
        largest = max(limited, key=lambda name: capped[name])
        allowed = max(1, int(share / (1 - share) * (sum(capped.values()) - capped[largest]) + 1e-9))
        if capped[largest] <= allowed:
            break
        capped[largest] = allowed
    return capped


def exclude_harmful(
    corrections: Sequence[Correction], harmful: Collection[str], rules: SourceTrustRules
) -> dict[str, TrustDecision]:
    """Quarantine everything from contributors whose corrections made a challenger worse, later corrections included.

    `harmful`: ids of corrections found harmful so far. What a reviewer decided is exempt, and a contributor is
    reinstated once a reviewer has accepted `min_accepted_to_reinstate` of their corrections.
    """
    sources = {correction.source for correction in corrections if correction.id in harmful}
    confirmed = Counter(
        correction.source for correction in corrections if correction.reviewed and correction.status != Status.rejected
    )
    excluded = {source for source in sources if confirmed[source] < rules.min_accepted_to_reinstate}
    decision = TrustDecision(Status.quarantined, Reason(FeedbackCode.harmful_contributor))
    return {
        correction.id: decision
        for correction in corrections
        if correction.source in excluded and not correction.reviewed
    }


def hold_unsupported(
    corrections: Sequence[Correction], decisions: Mapping[str, TrustDecision], experts: Collection[str]
) -> dict[str, TrustDecision]:
    """Accepted corrections of texts that none of the experts can read wait: training on them would teach an expert
    chance relations between word pieces, and a later version may have learned the language."""
    held = {}
    for correction in _accepted(corrections, decisions):
        language = detect_language(correction.text)
        if not supports(experts, correction.text, language):
            reason = Reason(FeedbackCode.language_not_supported, {"language": language})
            held[correction.id] = TrustDecision(Status.pending, reason)
    return held


def large_contributors(accepted: Sequence[Correction], rules: SourceTrustRules) -> list[str]:
    """Contributors who supplied a large share of what is accepted, largest first; none where one supplied all of it."""
    counts = Counter(correction.source for correction in accepted)
    minimum = max(rules.large_contributor_min, rules.large_contributor_share * len(accepted))
    return [source for source, count in counts.most_common() if minimum <= count < len(accepted)]
