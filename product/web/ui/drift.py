"""Drift: whether this week's messages are still like those that the model learned from. Sums only, no message."""

from html import escape

import gradio as gr

from product.drift.counts import LANGUAGES
from product.drift.findings import Finding, Judged, Report, bin_ends
from product.sentiment import LABELS
from product.service import Application
from product.texts import Texts
from product.web.ui.cards import language_name, percent
from product.web.ui.desk import AT_ONCE, html, language_of


def panel(report: Report, say: Texts) -> str:
    """What is to be known of the newest week in sentences, then the weeks in a table."""
    newest = report.newest
    if newest is None or not told(report):
        why = "drift_unmeasured" if newest is None else "drift_no_messages"
        return f"<div class='card nothing'><p>{say(why)}</p><p>{say(f'{why}_hint')}</p></div>"
    return (
        f"<section class='card drift'><h3>{say('drift_title')}</h3><p class='soft'>{say('drift_what')}</p>"
        f"<p class='headline'><strong>{headline(newest, say)}</strong></p>"
        f"<ul>{''.join(f'<li>{escape(sentence(each, say))}</li>' for each in newest.findings)}</ul>"
        f"{_table(report, say)}<p class='facts'>{compared(report, say)} {say('drift_numbers')}</p></section>"
    )


def headline(judged: Judged, say: Texts) -> str:
    """The week in a few words: what drifted, that nothing did, or that it cannot be said."""
    known = {"week": judged.week.name, "rows": f"{judged.week.rows:,}"}
    if judged.drifted:
        names = say("drift_and").join(say(f"drift_{finding.name}") for finding in judged.drifted)
        return say("drift_headline_drifted", names=names, **known)
    if all(finding.value is None for finding in judged.findings):
        return say("drift_headline_unknown", **known)
    return say("drift_headline_steady", **known)


def sentence(finding: Finding, say: Texts) -> str:
    """A finding for a person who leads a support team: what is `Finding.sentence`, in the reader's language."""
    name = say(f"drift_{finding.name}")
    if finding.value is None:
        return say("drift_line", name=name, level=say(f"drift_why_{finding.why_not}"))
    line = say("drift_line", name=name, level=say(f"drift_level_{finding.level}"))
    if finding.bin is None or finding.level == "steady":
        return line
    shares = {"was": percent(finding.was), "now": percent(finding.now)}
    return line + say("drift_grown", bin=bin_name(finding.name, finding.bin, say), **shares)


def bin_name(name: str, index: int, say: Texts) -> str:
    if name == "label":
        return say(LABELS[index])
    if name == "language":
        return language_name(LANGUAGES[index], say)
    low, high = bin_ends(name, index)
    if name == "confidence":
        low, high = percent(low), None if high is None else percent(high)
    elif high is not None:
        high -= 1
    return say(f"drift_{name}_{'up' if high is None else 'bin'}", low=low, high=high)


def compared(report: Report, say: Texts) -> str:
    return say.first(f"drift_compared_{report.origin}", "drift_compared_nothing")


def told(report: Report) -> list[Judged]:
    """The weeks, newest first, without those before anybody wrote."""
    written = [place for place, each in enumerate(report.weeks, start=1) if each.week.rows]
    return list(report.weeks[: max(written, default=0)])


def _table(report: Report, say: Texts) -> str:
    measures = [finding.name for finding in report.weeks[0].findings]
    names = [say("drift_week"), say("drift_rows"), *(say(f"drift_{name}") for name in measures)]
    head = "".join(f"<th scope='col'>{name}</th>" for name in names)
    rows = "".join(_row(each, say) for each in told(report))
    return f"<div class='scroll' tabindex='0'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(judged: Judged, say: Texts) -> str:
    week = judged.week.name if judged.week.complete else say("drift_so_far", week=judged.week.name)
    cells = "".join(_cell(finding, say) for finding in judged.findings)
    return f"<tr><th scope='row'>{escape(week)}</th><td>{judged.week.rows:,}</td>{cells}</tr>"


def _cell(finding: Finding, say: Texts) -> str:
    """The level in a word, not in colour alone; the number small beside it."""
    if finding.value is None:
        return f"<td>{say('drift_short_unknown')}</td>"
    level = finding.level
    return f"<td class='{level}'>{say(f'drift_short_{level}')} <small>{finding.value:.2f}</small></td>"


class Drift:
    """The tab. What it shows was measured within the last hour; opening the tab measures nothing."""

    def __init__(self, application: Application):
        self.application = application
        self.panel = html(elem_id="drift")

    def on_open(self, request: gr.Request) -> str:
        return panel(self.application.drift.report, language_of(request))

    def wire(self, *triggers) -> None:
        """Show the report at each of these events."""
        gr.on(
            list(triggers),
            self.on_open,
            outputs=[self.panel],
            show_progress="hidden",
            concurrency_limit=AT_ONCE,
            api_visibility="private",
        )
