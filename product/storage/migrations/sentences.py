"""Codes for the English sentences that were stored before revision 0006. Only that migration uses this.

Codes are written out here and not imported: the migration must give the same result whatever they are called later.
"""

import re
from collections.abc import Callable
from typing import Any

Content = dict[str, Any]
Rule = tuple[str, str]
"""A pattern for a whole sentence, and the code it stands for. Named groups become values."""

COUNT = r"[\d,]+"
PERCENT = r"[\d.]+%"
NUMBER = r"[-+]?[\d.]+(?:e[-+]?\d+)?"


def _count(text: str) -> int:
    return int(text.replace(",", ""))


def _percent(text: str) -> float:
    return round(float(text.rstrip("%")) / 100, 6)


def _names(separator: str) -> Callable[[str], list[str]]:
    return lambda text: text.split(separator)


CONVERTERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("trust", "share"), _percent),
    **dict.fromkeys(("limit", "minutes", "accepted", "needed", "read", "differed", "before", "after"), _count),
    **dict.fromkeys(("mistakes_before", "mistakes_after"), _count),
    "p": float,
    "labels": _names(" or "),
    "corpora": _names(", "),
}

FEEDBACK_RULES: list[Rule] = [
    (r"Given by a person\.", "given"),
    (r"Given by a lead\.", "given-by-lead"),
    (r"Decided by a lead\.", "decided-by-lead"),
    (r"Imported from a file\.", "imported"),
    (r"Version (?P<version>.+), active now, was trained with it\.", "learned-by-version"),
    (r"Version (?P<version>.+), active now, was trained without it\.", "not-learned-by-version"),
    (r"Erased by the operator\.", "erased-by-operator"),
    (r"Erased by whoever gave it\.", "erased-by-contributor"),
    (rf"Others contradict what this source says \(trust (?P<trust>{PERCENT})\)\.", "contributor-contradicted"),
    (rf"What this source says is borne out by others \(trust (?P<trust>{PERCENT})\)\.", "contributor-trusted"),
    (rf"Too little is known of this source yet \(trust (?P<trust>{PERCENT})\)\.", "contributor-unproven"),
    (r"There are too few people yet to weigh their words; the comparison decides\.", "too-few-contributors"),
    (r"A reviewer has confirmed it\.", "accepted-by-reviewer"),
    (r"A reviewer has turned it down\.", "rejected-by-reviewer"),
    (rf"More than (?P<limit>{COUNT}) corrections by one source within (?P<minutes>{COUNT}) minutes\.", "too-fast"),
    (r"Of the same text others say (?P<labels>.+), and they are believed more\.", "outvoted"),
    (r"People disagree about this text, and none is believed enough more\.", "disputed"),
    (
        rf"One source may give (?P<share>{PERCENT}) of what is learned; this waits for others to say more\.",
        "over-share",
    ),
    (r"Learning with this source makes the model worse elsewhere; without it, it does not\.", "harmful-contributor"),
]

RUN_RULES: list[Rule] = [
    (r"better on what was corrected, not worse on what was known", "better"),
    (r"without what was turned down or erased since, and not worse for it", "not-worse-without-withdrawn"),
    (r"without a source that does harm, which is set aside now", "harmful-contributor-excluded"),
    (
        r"but (?P<active>.+) was made active meanwhile, with which it was not compared",
        "active-version-changed",
    ),
    (r"(?P<active>.+) has become active in place of (?P<champion>.+)", "active-version-changed"),
    (r"reads in the shadow of (?P<champion>.+) until (?P<until>.+) UTC", "shadow-started"),
    (
        rf"of (?P<accepted>{COUNT}) corrections that may teach, too few are on different texts that the model has not "
        rf"learned yet: (?P<needed>{COUNT}) are needed to judge by, and as many to learn from",
        "too-few-new-texts",
    ),
    (r"shipped with the product", "shipped"),
    (r"(?P<version>.+) took its place in the shadow", "shadow-replaced"),
    (r"made active before its time in the shadow was over", "shadow-promoted-early"),
    (r"it cannot be trusted: (?P<problem>.+)", "shadow-not-trusted"),
    (r"its time in the shadow is over and a lead decides", "shadow-finished-lead-decides"),
    (r"passed the gate, and its time in the shadow is over", "shadow-finished"),
    (
        rf"it read (?P<read>{COUNT}) of the answers of (?P<champion>.+) and (?P<differed>{COUNT}) of them differently",
        "shadow-progress",
    ),
    (
        r"back from (?P<version>.+), on probation: corrections of mistakes in a hundred answers: "
        rf"{NUMBER} \((?P<mistakes_before>{COUNT}) of (?P<before>{COUNT})\) before, "
        rf"{NUMBER} \((?P<mistakes_after>{COUNT}) of (?P<after>{COUNT})\) after \(p = (?P<p>{NUMBER})\)",
        "probation-failed",
    ),
]
DECIDED = re.compile(r"(?P<what>promoted|rolled back) by (?P<who>[^:]*)(?:: (?P<note>.*))?", re.DOTALL)
UNMEASURED = re.compile(r"(?P<rest>.*?) \(unmeasured here: (?P<corpora>[^)]*)\)(?P<more>.*)", re.DOTALL)
FAILED = re.compile(r"(?P<name>.+?): (?P<finding>.+), but must be: (?P<rule>.+)", re.DOTALL)


def _by_rules(rules: list[Rule], sentence: str) -> Content | None:
    for pattern, code in rules:
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            values = {name: CONVERTERS.get(name, str)(text) for name, text in found.groupdict().items()}
            return {"code": code, "values": values}
    return None


def legacy(sentence: str) -> Content:
    return {"code": "legacy", "values": {"text": sentence}}


def feedback_reason(sentence: str) -> Content:
    """{code, values} of a sentence in the history of a correction."""
    return _by_rules(FEEDBACK_RULES, sentence) or legacy(sentence)


def run_reasons(sentence: str) -> list[Content]:
    """[{code, values}] of an attempt's, an activation's or a shadow's sentence: its parts, if all of them are known."""
    if not sentence:
        return []
    unmeasured = UNMEASURED.fullmatch(sentence)
    plain = unmeasured["rest"] + unmeasured["more"] if unmeasured else sentence
    reasons: list[Content] = []
    for part in plain.split("; "):
        reason = _by_rules(RUN_RULES, part) or _failed_check(part)
        if reason is None:
            return [legacy(sentence)]
        reasons.append(reason)
    if unmeasured:
        corpora = _names(", ")(unmeasured["corpora"])
        reasons.append({"code": "unmeasured", "values": {"corpora": corpora}})
    return reasons


def decision(sentence: str) -> tuple[str, str, str] | None:
    """(code, person, note) of an activation that was decided at the command line."""
    found = DECIDED.fullmatch(sentence)
    if found is None:
        return None
    code = "promoted-by-command" if found["what"] == "promoted" else "rolled-back-by-command"
    return code, "" if found["who"] == "command" else found["who"], found["note"] or ""


def _failed_check(part: str) -> Content | None:
    found = FAILED.fullmatch(part)
    if found is None:
        return None
    check = convert_check(
        {"name": found["name"], "champion": "–", "challenger": "–", "passed": False} | found.groupdict()
    )
    if check["code"] == "legacy":
        return None
    threshold = {} if check["threshold"] is None else {"threshold": check["threshold"]}
    values = {"check": check["code"], "subject": check["subject"], **threshold, **check["values"]}
    return {"code": "check-failed", "values": values}


# Checks of the evaluation gate: five strings each.

POINTS = r"[-+]?[\d.]+"
SLICE_SUBJECTS: list[tuple[str, str]] = [
    (r"read in (.+)", r"language:\1"),
    (r"fairness in (.+)", r"fairness:\1"),
    (r"behaviours in (.+)", r"behaviours:\1"),
    (r"(negative|neutral|positive)", r"label:\1"),
    (r"middling", r"length:medium"),
    (r"(short|long)", r"length:\1"),
    (r"(.+)", r"corpus:\1"),
]

CHECK_RULES: list[tuple[str, str, str, str]] = [
    # code, patterns of name, finding and rule
    (
        "gate-rows-shipped",
        rf"gate rows \((?P<rows>{COUNT})\) against (?P<subject>.+)",
        rf"(?P<difference>{POINTS}) points \((?P<confidence>{PERCENT}): (?P<low>{POINTS}) to (?P<high>{POINTS})\)",
        rf"not worse by more than (?P<points>{POINTS}) point",
    ),
    (
        "gate-rows",
        rf"gate rows \((?P<rows>{COUNT})\)",
        rf"(?P<difference>{POINTS}) points \((?P<confidence>{PERCENT}): (?P<low>{POINTS}) to (?P<high>{POINTS})\)",
        rf"not worse by more than (?P<points>{POINTS}) point",
    ),
    (
        "holdout-labels",
        rf"held-back corrections \((?P<rows>{COUNT}) in (?P<groups>{COUNT}) groups\)",
        rf"(?P<fixed>{COUNT}) groups fixed, (?P<broken>{COUNT}) broken \(by chance: p = (?P<p>{NUMBER})\)",
        rf"more fixed than broken, with p at most (?P<threshold>{NUMBER})",
    ),
    (
        "holdout-labels-not-worse",
        rf"held-back corrections \((?P<rows>{COUNT}) in (?P<groups>{COUNT}) groups\)",
        rf"(?P<fixed>{COUNT}) groups fixed, (?P<broken>{COUNT}) broken \(harm by chance: p = (?P<p>{NUMBER})\)"
        r"|none are new",
        rf"not proved worse, p over (?P<threshold>{NUMBER})",
    ),
    (
        "holdout-probabilities",
        r"held-back corrections: their probabilities",
        rf"(?P<groups>{COUNT}) groups, (?P<gain>{NUMBER}) nearer \(by chance: p = (?P<p>{NUMBER})\)",
        rf"nearer to the right label \(Brier score\), as sure as suits each, with p at most (?P<threshold>{NUMBER})",
    ),
    (
        "no-forgetting",
        rf"learned before \((?P<rows>{COUNT})\)",
        rf"(?P<broken>{COUNT}) of (?P<correct_before>{COUNT}) broken(?:, (?P<reviewed_broken>{COUNT}) of them a "
        r"reviewer's)?|nothing was",
        rf"at most (?P<threshold>{PERCENT}) break, none that a reviewer decided",
    ),
    (
        "source-ablation",
        rf"without a source that gave (?P<given>{COUNT}) of (?P<total>{COUNT})",
        rf"(?P<difference>{POINTS}) points \(by chance: p = (?P<p>{NUMBER})\)",
        rf"gate rows not proved worse with it, p over (?P<threshold>{NUMBER}), or it is set aside",
    ),
    (
        "corpus-unmeasured",
        r"(?P<subject>.+)",
        r"unmeasured: (?P<problem>.+)",
        r"a lead should look",
    ),
    (
        "earlier-attempt",
        rf"order (?P<number>{COUNT})",
        r"(?P<reason>.+)",
        rf"one of (?P<of>{COUNT}) must do",
    ),
    (
        "slice",
        rf"(?P<slice>.+) \((?P<rows>{COUNT})\)",
        rf"(?P<difference>{POINTS}) points \((?:too few rows to say|harm by chance: p = (?P<p>{NUMBER}))\)",
        rf"shown only|not proved worse, p over (?P<threshold>{NUMBER})",
    ),
]


def _points(text: str) -> float:
    return round(float(text) / 100, 6)


CHECK_CONVERTERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("rows", "groups", "fixed", "broken", "given", "total", "number", "of"), _count),
    **dict.fromkeys(("correct_before", "reviewed_broken"), _count),
    **dict.fromkeys(("difference", "low", "high"), _points),
    **dict.fromkeys(("gain", "p"), float),
    "confidence": _percent,
}


def convert_check(check: Content) -> Content:
    """A check of a stored verdict as code and numbers. Shares and differences become fractions of 1."""
    name = check["name"].strip()
    for code, *patterns in CHECK_RULES:
        matches = [
            re.fullmatch(pattern, text, re.DOTALL)
            for pattern, text in zip(patterns, (name, check["finding"], check["rule"]), strict=True)
        ]
        if all(matches):
            found = {key: text for match in matches if match for key, text in match.groupdict().items()}
            return _known_check(code, check, {key: text for key, text in found.items() if text is not None})
    values = {key: check[key] for key in ("champion", "challenger", "finding", "rule")} | {"name": name}
    return {
        "code": "legacy",
        "subject": "",
        "champion": None,
        "challenger": None,
        "values": values,
        "threshold": None,
        "passed": check["passed"],
    }


def _known_check(code: str, check: Content, found: dict[str, str]) -> Content:
    threshold, points = found.pop("threshold", None), found.pop("points", None)
    subject, slice_name, reason = found.pop("subject", ""), found.pop("slice", ""), found.pop("reason", "")
    values: Content = {key: CHECK_CONVERTERS.get(key, str)(text) for key, text in found.items()}
    if code == "no-forgetting":
        values = {"correct_before": 0, "broken": 0, "reviewed_broken": 0} | values
    if code == "holdout-labels-not-worse":
        values = {"fixed": 0, "broken": 0, "p": 1.0} | values
    if code == "earlier-attempt":
        values["reasons"] = run_reasons(reason)
    return {
        "code": code,
        "subject": _slice_subject(slice_name) if slice_name else subject,
        "champion": _side(check["champion"]),
        "challenger": _side(check["challenger"]),
        "values": values,
        "threshold": _points(points) if points else _number(threshold) if threshold else None,
        "passed": check["passed"],
    }


def _slice_subject(name: str) -> str:
    for pattern, subject in SLICE_SUBJECTS:
        if found := re.fullmatch(pattern, name):
            return found.expand(subject)
    return name


def _side(text: str) -> float | None:
    """`86.2% right with it` to 0.862, `0.512 off` to 0.512, `–` to None."""
    found = re.match(r"([\d.]+)(%?)", text)
    if found is None:
        return None
    return _percent(found[1]) if found[2] else float(found[1])


def _number(text: str) -> float:
    return _percent(text) if text.endswith("%") else float(text)


def convert_verdict(verdict: Content) -> Content:
    """A stored verdict with codes for its reason and its checks. One without them, such as {}, stays as it is."""
    if "reason" not in verdict:
        return verdict
    return {
        "promote": verdict["promote"],
        "reasons": run_reasons(verdict["reason"]),
        "checks": [convert_check(check) for check in verdict.get("checks", [])],
    }
