"""Builds the page: its header and one tab per file of this package. A new tab is added in build_page."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from product.service import Application
from product.texts import LANGUAGES, texts
from product.web.ui.desk import DeskTab
from product.web.ui.drift import DriftTab
from product.web.ui.my_corrections import MyCorrectionsTab, browser_receipts
from product.web.ui.review import ReviewTab
from product.web.ui.shared import EVENT_OPTIONS, MAX_CONCURRENT_EVENTS
from product.web.ui.theme import theme

MAX_QUEUED_EVENTS = 500
"""Events that may wait; further ones are refused with a request to try again."""
MAX_SESSIONS = 1000
"""Sessions whose recent messages are kept in memory; the least recently used is dropped first."""
FOLDER = Path(__file__).parent
LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' aria-hidden='true'>"
    "<rect width='32' height='32' rx='8' fill='#3a45c4'/>"
    "<g fill='none' stroke='#fff' stroke-width='2.6' stroke-linecap='round'>"
    "<path d='M8.5 13v6M13.5 9v14M18.5 12v8M23.5 14.5v3'/></g></svg>"
)
HEAD = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(LOGO)}">'


def build_page(application: Application) -> gr.Blocks:
    """The page with all its tabs. Mount it with `page_options()`."""
    translate = translations()
    page: gr.Blocks
    with gr.Blocks(title="Attune", analytics_enabled=False) as page:
        with gr.Row(elem_id="masthead"):
            gr.HTML(f"<h1>{LOGO} Attune</h1>", elem_id="brand", apply_default_css=False)
            gr.Markdown(translate("tagline"), elem_id="tagline")
        receipts = browser_receipts()
        with gr.Tab(translate("tab_desk"), id="desk"):
            desk = DeskTab(application, translate)
        with gr.Tab(translate("tab_my_corrections"), id="my-corrections") as my_corrections_tab:
            my_corrections = MyCorrectionsTab(application, desk, receipts)
        with gr.Tab(translate("tab_review"), id="review") as review_tab:
            review = ReviewTab(application, translate)
        with gr.Tab(translate("tab_drift"), id="drift") as drift_tab:
            drift = DriftTab(application)
        page.load(desk.on_open, outputs=[desk.result, desk.list], **EVENT_OPTIONS)
        # These tabs load when they are opened: people who only use the Desk do not wait for them.
        review.load_on(review_tab.select)
        my_corrections.load_on(my_corrections_tab.select)
        drift.load_on(page.load, drift_tab.select)
    page.queue(default_concurrency_limit=MAX_CONCURRENT_EVENTS, max_size=MAX_QUEUED_EVENTS)
    page.state_session_capacity = MAX_SESSIONS
    return page


def page_options() -> dict[str, Any]:
    """What Gradio takes where the page is mounted: theme, style, scripts and translations."""
    return {
        "theme": theme(),
        "css_paths": FOLDER / "style.css",
        "head": HEAD,
        "js": (FOLDER / "page.js").read_text(encoding="utf-8"),
        "i18n": translations(),
        "footer_links": [],
    }


def translations() -> gr.I18n:
    """Static texts, which the browser fills in. For `zh-CN` Gradio falls back to `zh`."""
    return gr.I18n(**{language: texts(language).strings for language in LANGUAGES})
