"""Names of settings that were renamed. The old names keep working for one release and log the new name."""

from collections.abc import Mapping

PREFIX = "ATTUNE_"

RENAMED = {
    "STANDING__ACCEPTED": "SOURCE_TRUST__ACCEPT_TRUST",
    "STANDING__QUARANTINED": "SOURCE_TRUST__QUARANTINE_TRUST",
    "STANDING__NEWCOMER": "SOURCE_TRUST__PRIOR_TRUST",
    "STANDING__SLIPS": "SOURCE_TRUST__HONEST_ERROR_RATE",
    "STANDING__JUDGE": "SOURCE_TRUST__LABEL_QUALITY_WEIGHT",
    "STANDING__PAIR": "SOURCE_TRUST__MAX_PAIRWISE_LOG_ODDS",
    "STANDING__REVIEWER": "SOURCE_TRUST__REVIEWER_RELIABILITY",
    "STANDING__LEAST_SOURCES": "SOURCE_TRUST__MIN_CONTRIBUTORS",
    "STANDING__AGREEMENT": "SOURCE_TRUST__MAJORITY_SHARE",
    "STANDING__SHARE": "SOURCE_TRUST__MAX_CONTRIBUTOR_SHARE",
    "STANDING__PROVEN": "SOURCE_TRUST__PROVEN_TRUST",
    "STANDING__BURST": "SOURCE_TRUST__BURST_LIMIT",
    "STANDING__BURST_MINUTES": "SOURCE_TRUST__BURST_MINUTES",
    "STANDING__LARGE_SHARE": "SOURCE_TRUST__LARGE_CONTRIBUTOR_SHARE",
    "STANDING__LARGE": "SOURCE_TRUST__LARGE_CONTRIBUTOR_MIN",
    "STANDING__CLEARED": "SOURCE_TRUST__MIN_ACCEPTED_TO_REINSTATE",
    "GATE__MARGIN": "GATE__MAX_ACCURACY_LOSS",
    "GATE__HELD_BACK_GROUPS": "GATE__MIN_HOLDOUT_GROUPS",
    "GATE__LABELS": "GATE__LABEL_P_VALUE",
    "GATE__SIGNIFICANCE": "GATE__P_VALUE",
    "GATE__SLICE_ROWS": "GATE__MIN_SLICE_ROWS",
    "GATE__SOURCE_HARM": "GATE__ABLATION_P_VALUE",
    "GATE__BROKEN_SHARE": "GATE__MAX_FORGOTTEN_SHARE",
    "PROBATION__LEAST_ANSWERS": "PROBATION__MIN_PREDICTIONS",
    "PROBATION__LEAST_RATIO": "PROBATION__MIN_ERROR_RATIO",
    "PROBATION__LEVEL": "PROBATION__P_VALUE",
    "TRUST_ACCEPTED": "SOURCE_TRUST__ACCEPT_TRUST",
    "TRUST_QUARANTINED": "SOURCE_TRUST__QUARANTINE_TRUST",
    "SOURCE_SHARE": "SOURCE_TRUST__MAX_CONTRIBUTOR_SHARE",
    "SOURCE_BURST": "SOURCE_TRUST__BURST_LIMIT",
}
"""Old name to new name, both without PREFIX."""


def with_new_names(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """The variables, whose names are in lower case, with old names replaced by new ones.

    If several names of a setting are set, the new name takes precedence, then the old name listed first in RENAMED.
    """
    renamed = {f"{PREFIX}{old}".lower(): f"{PREFIX}{new}".lower() for old, new in RENAMED.items()}
    current = {name: value for name, value in variables.items() if name not in renamed}
    for old, new in renamed.items():
        if old in variables:
            current.setdefault(new, variables[old])
    return current
