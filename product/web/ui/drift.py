"""Drift tab: how each week's messages differ from the reference. Shows totals only, never a message."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from product.drift.findings import DriftReport, Finding, WeekReport
from product.service import Application
from product.texts import Texts
from product.texts.findings import finding_sentence, measure_name
from product.web.ui.cards import notice
from product.web.ui.shared import html, language_of, on


def panel(report: DriftReport, t: Texts) -> str:
    """The newest week's findings as sentences, then all weeks in a table."""
    newest = report.newest
    if newest is None:
        return notice("drift_unmeasured", t)
    if not weeks_with_messages(report):
        return notice("drift_no_messages", t)
    return (
        f"<section class='card drift'><h3>{t('drift_title')}</h3><p class='soft'>{t('drift_intro')}</p>"
        f"<p class='headline'><strong>{headline(newest, t)}</strong></p>"
        f"<ul>{''.join(f'<li>{escape(finding_sentence(finding.reason, t))}</li>' for finding in newest.findings)}</ul>"
        f"{_table(report, t)}<p class='facts'>{reference(report, t)} {t('drift_numbers')}</p></section>"
    )


def headline(week_report: WeekReport, t: Texts) -> str:
    """The week in one sentence: what drifted, that nothing did, or that no comparison is possible."""
    week = {"week": week_report.week.name, "rows": f"{week_report.week.rows:,}"}
    if week_report.drifted:
        names = t("drift_and").join(measure_name(finding.name, t) for finding in week_report.drifted)
        return t("drift_headline_drifted", names=names, **week)
    if all(finding.value is None for finding in week_report.findings):
        return t("drift_headline_unknown", **week)
    return t("drift_headline_steady", **week)


def reference(report: DriftReport, t: Texts) -> str:
    """What the weeks are compared with."""
    return t.first(f"drift_compared_{report.origin}", "drift_compared_nothing")


def weeks_with_messages(report: DriftReport) -> list[WeekReport]:
    """The weeks, newest first, without those before the first message."""
    filled = [place for place, week_report in enumerate(report.weeks, start=1) if week_report.week.rows]
    return list(report.weeks[: max(filled, default=0)])


def _table(report: DriftReport, t: Texts) -> str:
    measures = [finding.name for finding in report.weeks[0].findings]
    names = [t("drift_week"), t("drift_rows"), *(measure_name(measure, t) for measure in measures)]
    head = "".join(f"<th scope='col'>{name}</th>" for name in names)
    rows = "".join(_row(week_report, t) for week_report in weeks_with_messages(report))
    return f"<div class='scroll' tabindex='0'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(week_report: WeekReport, t: Texts) -> str:
    week = week_report.week.name if week_report.week.complete else t("drift_so_far", week=week_report.week.name)
    cells = "".join(_cell(finding, t) for finding in week_report.findings)
    return f"<tr><th scope='row'>{escape(week)}</th><td>{week_report.week.rows:,}</td>{cells}</tr>"


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
