"""Figures for Prometheus, in its text exposition format 0.0.4. Sums over many messages only, nothing of any one."""

from collections.abc import Iterable
from dataclasses import dataclass

from product.drift.findings import Report

FORMAT = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Gauge:
    """A figure that goes up and down. `values`: by the value of `label`, or one under "" where it has no label."""

    name: str
    help: str
    values: dict[str, float]
    label: str = ""


def drift(report: Report) -> list[Gauge]:
    """Of the newest week of which there is something to say; measures of which there is nothing are left out."""
    newest = report.newest
    if newest is None:
        return []
    told = [finding for finding in newest.findings if finding.value is not None]
    values = {finding.name: finding.value for finding in told}
    alerts = {finding.name: finding.threshold for finding in told}
    return [
        Gauge("attune_drift", "Distance of the newest week's messages from the reference.", values, "measure"),
        Gauge("attune_drift_alert", "The distance from which on a measure has drifted.", alerts, "measure"),
        Gauge("attune_drift_rows", "Messages that the distance was measured on.", {"": newest.week.rows}),
    ]


def render(gauges: Iterable[Gauge]) -> str:
    return "".join(line + "\n" for gauge in gauges for line in _lines(gauge))


def _lines(gauge: Gauge) -> list[str]:
    head = [f"# HELP {gauge.name} {gauge.help}", f"# TYPE {gauge.name} gauge"]
    return head + [f"{gauge.name}{_labels(gauge.label, of)} {value:.6g}" for of, value in gauge.values.items()]


def _labels(label: str, value: str) -> str:
    return f'{{{label}="{value}"}}' if label else ""
