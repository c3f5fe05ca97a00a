"""Drift tab: how each week's messages differ from the reference. Shows totals only, never a message."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from product.drift.counts import LANGUAGES
from product.drift.findings import Finding, Judged, Report, bin_ends
from product.sentiment import LABELS
from product.service import Application
from product.texts import Texts
from product.web.ui.cards import language_name, notice, percent
from product.web.ui.shared import html, language_of, on


def panel(report: Report, t: Texts) -> str:
    """The newest week's findings as sentences, then all weeks in a table."""
    newest = report.newest
    if newest is None:
        return notice("drift_unmeasured", t)
    if not weeks_with_messages(report):
        return notice("drift_no_messages", t)
    return (
        f"<section class='card drift'><h3>{t('drift_title')}</h3><p class='soft'>{t('drift_intro')}</p>"
        f"<p class='headline'><strong>{headline(newest, t)}</strong></p>"
        f"<ul>{''.join(f'<li>{escape(sentence(finding, t))}</li>' for finding in newest.findings)}</ul>"
        f"{_table(report, t)}<p class='facts'>{reference(report, t)} {t('drift_numbers')}</p></section>"
    )


def headline(judged: Judged, t: Texts) -> str:
    """The week in one sentence: what drifted, that nothing did, or that no comparison is possible."""
    week = {"week": judged.week.name, "rows": f"{judged.week.rows:,}"}
    if judged.drifted:
        names = t("drift_and").join(t(f"drift_{finding.name}") for finding in judged.drifted)
        return t("drift_headline_drifted", names=names, **week)
    if all(finding.value is None for finding in judged.findings):
        return t("drift_headline_unknown", **week)
    return t("drift_headline_steady", **week)


def sentence(finding: Finding, t: Texts) -> str:
    """A finding as a sentence in the reader's language."""
    name = t(f"drift_{finding.name}")
    if finding.value is None:
        return t("drift_line", name=name, level=t(f"drift_why_{finding.why_not}"))
    line = t("drift_line", name=name, level=t(f"drift_level_{finding.level}"))
    if finding.bin is None or finding.level == "steady":
        return line
    shares = {"was": percent(finding.was), "now": percent(finding.now)}
    return line + t("drift_grown", bin=bin_name(finding.name, finding.bin, t), **shares)


def bin_name(measure: str, index: int, t: Texts) -> str:
    """One bin of a measure's histogram, such as "20 to 39 characters"."""
    if measure == "label":
        return t(LABELS[index])
    if measure == "language":
        return language_name(LANGUAGES[index], t)
    low, high = bin_ends(measure, index)
    key = f"drift_{measure}_{'up' if high is None else 'bin'}"
    if measure == "confidence":
        return t(key, low=percent(low), high="" if high is None else percent(high))
    return t(key, low=low, high="" if high is None else high - 1)


def reference(report: Report, t: Texts) -> str:
    """What the weeks are compared with."""
    return t.first(f"drift_compared_{report.origin}", "drift_compared_nothing")


def weeks_with_messages(report: Report) -> list[Judged]:
    """The weeks, newest first, without those before the first message."""
    filled = [place for place, judged in enumerate(report.weeks, start=1) if judged.week.rows]
    return list(report.weeks[: max(filled, default=0)])


def _table(report: Report, t: Texts) -> str:
    measures = [finding.name for finding in report.weeks[0].findings]
    names = [t("drift_week"), t("drift_rows"), *(t(f"drift_{measure}") for measure in measures)]
    head = "".join(f"<th scope='col'>{name}</th>" for name in names)
    rows = "".join(_row(judged, t) for judged in weeks_with_messages(report))
    return f"<div class='scroll' tabindex='0'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(judged: Judged, t: Texts) -> str:
    week = judged.week.name if judged.week.complete else t("drift_so_far", week=judged.week.name)
    cells = "".join(_cell(finding, t) for finding in judged.findings)
    return f"<tr><th scope='row'>{escape(week)}</th><td>{judged.week.rows:,}</td>{cells}</tr>"


def _cell(finding: Finding, t: Texts) -> str:
    """The level as a word, not as a colour only, with the distance beside it."""
    if finding.value is None:
        return f"<td>{t('drift_short_unknown')}</td>"
    level = finding.level
    return f"<td class='{level}'>{t(f'drift_short_{level}')} <small>{finding.value:.2f}</small></td>"


class DriftTab:
    """The tab. It shows the last hourly measurement; opening it measures nothing."""

    def __init__(self, application: Application):
        self.application = application
        self.panel = html(elem_id="drift")

    def on_open(self, request: gr.Request) -> str:
        return panel(self.application.drift.report, language_of(request))

    def load_on(self, *events: Callable[..., Any]) -> None:
        """Show the report whenever one of these events occurs."""
        on(list(events), self.on_open, outputs=[self.panel])
