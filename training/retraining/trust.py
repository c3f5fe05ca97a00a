"""Whose corrections may teach: pure rules on what sources said. What is judged is the source, not the text.

A model's mistakes are exactly where honest corrections disagree with it, so a single correction is never doubted for
disagreeing. A source is: by what reviewers decided of its corrections, by whether others say the same of the same
text, and by whether a judge that has learned from the other sources alone would have said so.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations

import numpy as np
from scipy.special import expit, logit

from product.sentiment import Correction, Status
from product.settings.rules import SourceTrustRules

ROUNDS = 3


@dataclass(frozen=True)
class TrustDecision:
    """What becomes of one correction, and why, in words for the person who gave it."""

    status: Status
    why: str


Judge = Callable[[np.ndarray], np.ndarray]
"""From how far each correction's source is believed to the probability, both [corrections], that a judge without the
source gives to its label."""


def stand(
    corrections: Sequence[Correction], groups: np.ndarray, judge: Judge, rules: SourceTrustRules
) -> dict[str, TrustDecision]:
    """The standing of every correction, by its id. groups, int [corrections]: one number for near-duplicate texts."""
    trust = weigh(corrections, groups, judge, rules)
    found = {one.id: _of_source(trust[one.source], len(trust), rules) for one in corrections}
    found |= {one.id: _decided(one) for one in corrections if one.reviewed}
    found |= _hasty(corrections, found, trust, rules)
    found |= _outvoted(corrections, groups, found, trust, rules)
    return found | _surplus(corrections, found, trust, rules)


def weigh(
    corrections: Sequence[Correction], groups: np.ndarray, judge: Judge, rules: SourceTrustRules
) -> dict[str, float]:
    """The trust in each source: Bayes' rule for two kinds of people, those who mean well and err at times, and those
    who give any label but the right one.

    Others' words on a text count by how far they are believed themselves, and so does what the judge learns from them:
    begun with a newcomer's trust and worked out a few times, it settles (after Dawid and Skene 1979, "Maximum
    Likelihood Estimation of Observer Error-Rates").
    """
    trust = {one.source: rules.prior_trust for one in corrections}
    if len(trust) < rules.min_contributors and not any(one.reviewed for one in corrections):
        return trust
    by_text = _by_text(corrections, groups)
    for _ in range(ROUNDS):
        quality = judge(np.array([trust[one.source] for one in corrections]))
        odds = {source: float(logit(rules.prior_trust)) for source in trust}
        for one, probability in zip(corrections, quality, strict=True):
            odds[one.source] += rules.label_quality_weight * judged(float(probability), rules) + reviewed(one, rules)
        for (source, _), change in _against_others(by_text.values(), trust, rules).items():
            odds[source] += min(max(change, -rules.max_pairwise_log_odds), rules.max_pairwise_log_odds)
        trust = {source: float(expit(value)) for source, value in odds.items()}
    return trust


def judged(probability: float, rules: SourceTrustRules) -> float:
    """The logarithm of how much likelier a label is from who means well, where a judge gives it this probability."""
    well = (1 - rules.honest_error_rate) * probability + rules.honest_error_rate / 2 * (1 - probability)
    ill = rules.honest_error_rate * probability + (1 - rules.honest_error_rate) / 2 * (1 - probability)
    return float(np.log(well / ill))


def reviewed(one: Correction, rules: SourceTrustRules) -> float:
    """The same, where a reviewer has decided."""
    if not one.reviewed:
        return 0.0
    change = float(logit(rules.reviewer_reliability))
    return change if one.status != Status.rejected else -change


def _against_others(
    texts: Iterable[Sequence[Correction]], trust: Mapping[str, float], rules: SourceTrustRules
) -> dict[tuple[str, str], float]:
    """(source, other) to the change of the source's log-odds, for each two with a word on the same texts; a source's
    last word on a text counts."""
    right = (1 - rules.honest_error_rate) ** 2
    pairs: dict[tuple[str, str], float] = defaultdict(float)
    for same in texts:
        said = {one.source: one.label for one in same}
        for source, other in permutations(said, 2):
            agree_well = trust[other] * right + (1 - trust[other]) * rules.honest_error_rate
            agree_ill = trust[other] * rules.honest_error_rate + (1 - trust[other]) / 2
            agrees = said[source] == said[other]
            well, ill = (agree_well, agree_ill) if agrees else (1 - agree_well, 1 - agree_ill)
            pairs[source, other] += float(np.log(well / ill))
    return pairs


def _by_text(corrections: Sequence[Correction], groups: np.ndarray) -> dict[int, list[Correction]]:
    found: dict[int, list[Correction]] = defaultdict(list)
    for one, group in zip(corrections, groups, strict=True):
        found[int(group)].append(one)
    return found


def _of_source(trust: float, sources: int, rules: SourceTrustRules) -> TrustDecision:
    if trust < rules.quarantine_trust:
        return TrustDecision(Status.quarantined, f"Others contradict what this source says (trust {trust:.0%}).")
    if sources < rules.min_contributors:
        return TrustDecision(
            Status.accepted, "There are too few people yet to weigh their words; the comparison decides."
        )
    if trust >= rules.accept_trust:
        return TrustDecision(Status.accepted, f"What this source says is borne out by others (trust {trust:.0%}).")
    return TrustDecision(Status.pending, f"Too little is known of this source yet (trust {trust:.0%}).")


def _decided(one: Correction) -> TrustDecision:
    if one.status == Status.rejected:
        return TrustDecision(Status.rejected, "A reviewer has turned it down.")
    return TrustDecision(Status.accepted, "A reviewer has confirmed it.")


def _accepted(corrections: Sequence[Correction], standing: Mapping[str, TrustDecision]) -> list[Correction]:
    return [one for one in corrections if standing[one.id].status == Status.accepted]


def _hasty(
    corrections: Sequence[Correction],
    standing: Mapping[str, TrustDecision],
    trust: Mapping[str, float],
    rules: SourceTrustRules,
) -> dict[str, TrustDecision]:
    """More accepted words of one source in a short time than a person can read: the later ones wait. A file is not
    read while it comes in."""
    own: dict[str, list[Correction]] = defaultdict(list)
    for one in sorted(_accepted(corrections, standing), key=lambda one: (one.created_at, one.id)):
        if not one.reviewed and not one.imported and trust[one.source] < rules.proven_trust:
            own[one.source].append(one)
    why = f"More than {rules.burst_limit} corrections by one source within {rules.burst_minutes} minutes."
    return {
        one.id: TrustDecision(Status.pending, why)
        for words in own.values()
        if len(trust) >= rules.min_contributors
        for one, earlier in zip(words[rules.burst_limit :], words, strict=False)
        if one.created_at - earlier.created_at < timedelta(minutes=rules.burst_minutes)
    }


def _outvoted(
    corrections: Sequence[Correction],
    groups: np.ndarray,
    standing: Mapping[str, TrustDecision],
    trust: Mapping[str, float],
    rules: SourceTrustRules,
) -> dict[str, TrustDecision]:
    """Where accepted words on one text differ: the label that a reviewer confirmed, else the one with most trust
    behind it; the rest is put aside, and all of it where no label has enough."""
    by_text: dict[int, list[Correction]] = defaultdict(list)
    for one, group in zip(corrections, groups, strict=True):
        if standing[one.id].status == Status.accepted:
            by_text[int(group)].append(one)
    found = {}
    for same in by_text.values():
        kept = {one.label for one in same if one.reviewed} or _winner(same, trust, rules)
        for one in same:
            if one.label not in kept:
                found[one.id] = TrustDecision(Status.quarantined, _why_outvoted(kept))
    return found


def _winner(same: Sequence[Correction], trust: Mapping[str, float], rules: SourceTrustRules) -> set[str]:
    """Each source has one vote, shared out over its words: who says a thing three times is no three people."""
    votes: dict[str, float] = defaultdict(float)
    said = Counter(one.source for one in same)
    for one in same:
        votes[one.label] += trust[one.source] / said[one.source]
    first = max(votes, key=lambda label: votes[label])
    return {first} if votes[first] >= rules.majority_share * sum(votes.values()) - 1e-9 else set()


def _why_outvoted(kept: set[str]) -> str:
    if kept:
        return f"Of the same text others say {' or '.join(sorted(kept))}, and they are believed more."
    return "People disagree about this text, and none is believed enough more."


def _surplus(
    corrections: Sequence[Correction],
    standing: Mapping[str, TrustDecision],
    trust: Mapping[str, float],
    rules: SourceTrustRules,
) -> dict[str, TrustDecision]:
    """More than its share from a source that is not proven: the later words wait until others have said more. What a
    reviewer has decided takes its place first, and of few sources each may give its even part."""
    own: dict[str, list[Correction]] = defaultdict(list)
    for one in sorted(_accepted(corrections, standing), key=lambda one: (not one.reviewed, one.created_at, one.id)):
        own[one.source].append(one)
    if len(trust) < rules.min_contributors or not own:
        return {}
    share = max(rules.max_contributor_share, 1 / len(own))
    why = f"One source may give {share:.0%} of what is learned; this waits for others to say more."
    proven = {source for source in own if trust[source] >= rules.proven_trust}
    most = largest_shares({source: len(words) for source, words in own.items()}, share, proven)
    return {
        one.id: TrustDecision(Status.pending, why)
        for source, words in own.items()
        for one in words[most[source] :]
        if not one.reviewed
    }


def largest_shares(counts: Mapping[str, int], share: float, free: Collection[str] = ()) -> dict[str, int]:
    """The counts, lowered where need be until none is more than `share` of their sum; 1 is always left, and those of
    `free` stay as they are."""
    most = dict(counts)
    bound = [name for name in most if name not in free]
    while bound and share < 1:
        largest = max(bound, key=lambda name: most[name])
        allowed = max(1, int(share / (1 - share) * (sum(most.values()) - most[largest]) + 1e-9))
        if most[largest] <= allowed:
            break
        most[largest] = allowed
    return most
