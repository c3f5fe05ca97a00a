"""Sentences for drift findings, from their codes and values (`DriftCode`, `ReferenceCode`, `ReferenceProblem`)."""

from collections.abc import Mapping

from product.codes import Reason, Value
from product.texts import Texts
from product.texts.numbers import percent


def measure_name(measure: str, t: Texts) -> str:
    """What is measured, such as "length"."""
    return t(f"finding.measure.{measure}")


def finding_sentence(finding: Reason, t: Texts) -> str:
    """A finding in one sentence, with the bin that grew most if there is one."""
    name = measure_name(str(finding.values["measure"]), t)
    sentence = t("finding.line", measure=name, finding=t(f"finding.{finding.code}"))
    if "now" not in finding.values:
        return sentence
    shares = {name: percent(float(str(finding.values[name]))) for name in ("was", "now")}
    return sentence + t("finding.grown", bin=bin_name(finding.values, t), **shares)


def bin_name(values: Mapping[str, Value], t: Texts) -> str:
    """A bin of a measure, such as "20 to 39 characters". `values`: measure, and `bin` or `low` and `high`."""
    measure, name = values["measure"], str(values.get("bin"))
    if measure == "label":
        return t(name)
    if measure == "language":
        return t("language_other") if name == "und" else t(f"language_{name}")
    limits = {name: values[name] for name in ("low", "high") if name in values}
    if measure == "confidence":
        limits = {name: percent(float(str(limit))) for name, limit in limits.items()}
    return t(f"finding.{measure}.{'range' if 'high' in limits else 'from'}", **limits)


def reference_sentence(reference: Reason, fallback: Reason | None, t: Texts) -> str:
    """What weeks are compared with, and why it is not the shipped reference."""
    sentence = t(f"finding.reference.{reference.code}", **reference.values)
    if fallback is None:
        return sentence
    return t("finding.fallback", reference=sentence, problem=t(f"finding.fallback.{fallback.code}", **fallback.values))
