"""The numbers behind the automatic decisions, each a setting: ATTUNE_SOURCE_TRUST__PRIOR_TRUST=0.7 sets `prior_trust`.

The rules are pure functions that receive these numbers: `training.retraining.trust`, `training.retraining.gate` and
`product.versions.probation`.
"""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Share = Annotated[float, Field(ge=0, le=1)]
"""Of 1, not of 100."""
Chance = Annotated[float, Field(gt=0, lt=1)]
"""How likely something may be by chance."""
Count = Annotated[int, Field(ge=1)]
# A number that nobody knows is a slip of the pen, and would else be left out without a word.
STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class SourceTrustRules:
    """Whose corrections may teach. Trust is the probability that a source means well."""

    accept_trust: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    """From this trust on a source's corrections teach."""
    quarantine_trust: Annotated[float, Field(ge=0, lt=0.5)] = 0.3
    """Under this trust they are put aside for a reviewer; between the two they wait for more evidence."""
    prior_trust: Chance = 0.8
    """The trust in a source of which nothing is known: it waits, unless what it says is borne out."""
    honest_error_rate: Chance = 0.1
    """How often who means well errs."""
    label_quality_weight: Share = 0.5
    """How much the judge's word counts: less than 1, as it errs on texts of one kind all at once."""
    max_pairwise_log_odds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.5
    """The most that the words of one other source, on however many texts, can change the log-odds of a source: two who
    act together agree on all."""
    reviewer_reliability: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    """How often a reviewer confirms the word of who means well, and turns down that of who does not."""
    min_contributors: Count = 3
    """With fewer sources there is nobody to weigh them by: their corrections teach, and the gate alone decides."""
    majority_share: Share = 2 / 3
    """The share of the trust that one label must have where people disagree about a text."""
    max_contributor_share: Annotated[float, Field(gt=0, le=1)] = 0.34
    """The largest part of what is learned that may come from one source that is not proven."""
    proven_trust: Share = 0.99
    """From this trust on a source may give as much as it likes."""
    burst_limit: Count = 60
    """The most corrections of one source within `burst_minutes`: a person reads before clicking. The later ones
    wait."""
    burst_minutes: Count = 10
    large_contributor_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    large_contributor_min: Count = 30
    """A source with this many of the accepted corrections, and this part of them, could turn a version by itself: what
    is better is compared with what has learned nothing from it."""
    min_accepted_to_reinstate: Count = 5
    """So many of its corrections must a reviewer have accepted before a source that did harm is weighed again."""


@dataclass(frozen=True, config=STRICT)
class GateRules:
    """What a challenger must show."""

    max_accuracy_loss: Share = 0.01
    """How much worse on the gate rows the lower end of the interval may be."""
    confidence: Chance = 0.95
    min_holdout_groups: Count = 30
    """Fewer groups of held-back corrections than this are too few to decide by."""
    label_p_value: Chance = 0.35
    """How likely by chance so many more groups may be fixed than broken: together with `p_value`, by which the
    probabilities must have become better, a challenger that is no better passes about once in twenty times or less
    (`python -m benchmarks.gate`). A lower value turns down many more that are better, and hardly more that are not."""
    p_value: Chance = 0.05
    min_slice_rows: Count = 200
    """A slice with fewer rows is shown and said to be too small."""
    ablation_p_value: Chance = 0.01
    """How likely by chance so many gate rows more may be read rightly without a large source."""
    max_forgotten_share: Share = 0.02
    """Of the corrections that the champion has learned and answers rightly, the share that may break."""


@dataclass(frozen=True, config=STRICT)
class ProbationRules:
    """What must hold for a version to be taken back."""

    min_predictions: Count = 200
    """Of each version: fewer say nothing."""
    min_error_ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.5
    """Times as many mistakes an answer: among very many answers a difference too small to matter is proved too."""
    p_value: Chance = 0.001
    """Of the one-sided exact test. It is strict because the test is made again every hour of the probation. Of 1,500
    simulated versions just as good as their parent, with 100 answers an hour, 72 looks took back 0.3 % where one answer
    in 20 was corrected, and 1.0 % where one in 100 was."""
