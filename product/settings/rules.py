"""The numbers behind the automatic decisions, each a setting: ATTUNE_SOURCE_TRUST__PRIOR_TRUST=0.7 sets `prior_trust`.

The rules are pure functions that receive these numbers: `training.retraining.trust`, `training.retraining.gate` and
`product.versions.probation`. The docstring of a number is its description in docs/settings.md.
"""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Share = Annotated[float, Field(ge=0, le=1)]
"""A fraction of 1, not per cent."""
Chance = Annotated[float, Field(gt=0, lt=1)]
"""A probability."""
Count = Annotated[int, Field(ge=1)]
# Without `forbid`, a misspelled name would be ignored silently.
RULES = ConfigDict(extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, config=RULES)
class SourceTrustRules:
    """Whose corrections are learned. Trust is the probability that a contributor means well."""

    accept_trust: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    """From this trust on, a contributor's corrections are accepted."""
    quarantine_trust: Annotated[float, Field(ge=0, lt=0.5)] = 0.3
    """Below this trust, a contributor's corrections are held for review. Between the two they stay pending."""
    prior_trust: Chance = 0.8
    """Trust in a contributor without any evidence. Their corrections stay pending until others confirm them."""
    honest_error_rate: Chance = 0.1
    """How often a contributor who means well gives a wrong label."""
    label_quality_weight: Share = 0.5
    """Weight of the label-quality model's evidence. Less than 1, because its errors on similar texts are correlated."""
    max_pairwise_log_odds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.5
    """The most by which agreement with one other contributor can change the log-odds of trust, however many texts both
    labelled: two who act together agree on everything."""
    reviewer_reliability: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    """How often a reviewer accepts a correction by a contributor who means well, and rejects one by another."""
    min_contributors: Count = 3
    """With fewer contributors there is no one to compare them with: all corrections are accepted, and only the
    evaluation gate decides."""
    majority_share: Share = 2 / 3
    """The share of the trust that one label must have if contributors disagree about a text."""
    max_contributor_share: Annotated[float, Field(gt=0, le=1)] = 0.34
    """The largest share of the learned corrections that may come from one contributor below `proven_trust`."""
    proven_trust: Share = 0.99
    """From this trust on, `max_contributor_share` does not apply."""
    burst_limit: Count = 60
    """The most corrections that one contributor may give within `burst_minutes`: people do not read faster. Later ones
    stay pending."""
    burst_minutes: Count = 10
    """The minutes over which `burst_limit` counts."""
    large_contributor_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """A contributor with this share of the accepted corrections, and at least `large_contributor_min` of them, can
    change a version alone: the gate compares the challenger with one trained without them."""
    large_contributor_min: Count = 30
    """See `large_contributor_share`."""
    min_accepted_to_reinstate: Count = 5
    """The corrections that a reviewer must have accepted before a contributor found harmful is trusted again."""


@dataclass(frozen=True, config=RULES)
class GateRules:
    """What a challenger must show before it can become the active version."""

    max_accuracy_loss: Share = 0.01
    """The largest loss of accuracy on the gate rows that the lower end of the confidence interval may show."""
    confidence: Chance = 0.95
    """Confidence level of that interval."""
    min_holdout_groups: Count = 30
    """The smallest number of groups of holdout corrections that is enough for a decision."""
    label_p_value: Chance = 0.35
    """The largest p-value at which the holdout labels count as improved. Together with `p_value`, which applies to the
    probabilities, a challenger that is no better passes at most about once in twenty times."""
    # Measured by `python -m benchmarks.gate`. A lower value rejects many more better challengers, hardly more others.
    p_value: Chance = 0.05
    """The largest p-value at which the holdout probabilities count as improved."""
    min_slice_rows: Count = 200
    """A slice with fewer rows is shown but not decided on."""
    ablation_p_value: Chance = 0.01
    """The largest p-value at which more correct gate rows without a large contributor count as proof of harm."""
    max_forgotten_share: Share = 0.02
    """The largest share of the corrections that the champion has learned and predicts correctly which the challenger
    may predict wrongly."""


@dataclass(frozen=True, config=RULES)
class ProbationRules:
    """When a version on probation is rolled back to its parent."""

    min_predictions: Count = 200
    """The smallest number of predictions, of the version and of its parent each, that is enough for a decision."""
    min_error_ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.5
    """The smallest ratio of the error rates that counts: among very many predictions, differences too small to matter
    become significant."""
    p_value: Chance = 0.001
    """The largest p-value of the one-sided exact test. It is strict because the test is repeated every hour."""
    # Of 1,500 simulated versions as good as their parent, with 100 predictions an hour, 72 hourly tests rolled back
    # 0.3 % where one prediction in 20 was corrected, and 1.0 % where one in 100 was.
