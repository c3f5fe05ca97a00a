"""The page: its head, its look and its tabs."""

from pathlib import Path
from urllib.parse import quote

import gradio as gr

from product.service import Application
from product.texts import LANGUAGES, texts
from product.web.ui.desk import AT_ONCE, Desk
from product.web.ui.drift import Drift
from product.web.ui.my_corrections import Mine, browser_receipts
from product.web.ui.review import Review

WAITING = 500
"""Events that may wait for their turn; whoever comes then is told to try again."""
SESSIONS = 1000
"""Sessions whose recent messages are held in memory; of more, the one not used for longest is forgotten."""
HERE = Path(__file__).parent
MARK = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' aria-hidden='true'>"
    "<rect width='32' height='32' rx='8' fill='#3a45c4'/>"
    "<g fill='none' stroke='#fff' stroke-width='2.6' stroke-linecap='round'>"
    "<path d='M8.5 13v6M13.5 9v14M18.5 12v8M23.5 14.5v3'/></g></svg>"
)
HEAD = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(MARK)}">'


def build_page(application: Application) -> gr.Blocks:
    """Everything that is looked at. Mount it with `look()`."""
    translate = translations()
    with gr.Blocks(title="Attune", analytics_enabled=False) as page:
        with gr.Row(elem_id="masthead"):
            gr.HTML(f"<h1>{MARK} Attune</h1>", elem_id="brand", apply_default_css=False)
            gr.Markdown(translate("tagline"), elem_id="tagline")
        receipts = browser_receipts()
        with gr.Tab(translate("tab_desk"), id="desk"):
            desk = Desk(application, translate)
        with gr.Tab(translate("tab_mine"), id="mine") as mine_tab:
            mine = Mine(application, desk, receipts)
        with gr.Tab(translate("tab_review"), id="review") as review_tab:
            review = Review(application, translate)
        with gr.Tab(translate("tab_drift"), id="drift") as tab:
            drift = Drift(application)
        page.load(
            desk.on_open,
            outputs=[desk.result, desk.list],
            show_progress="hidden",
            concurrency_limit=AT_ONCE,
            api_visibility="private",
        )
        # Not before it is opened: who only reads messages need not wait for the queue.
        review.wire(review_tab.select)
        mine.wire(mine_tab.select)
        drift.wire(page.load, tab.select)
    page.queue(default_concurrency_limit=AT_ONCE, max_size=WAITING)
    page.state_session_capacity = SESSIONS
    return page


def look() -> dict:
    """What is said of the page where it is mounted."""
    return {
        "theme": theme(),
        "css_paths": HERE / "style.css",
        "head": HEAD,
        "js": (HERE / "page.js").read_text(encoding="utf-8"),
        "i18n": translations(),
        "footer_links": [],
    }


def translations() -> gr.I18n:
    """For text that the browser fills in; it looks under `zh-CN` for itself, and then under `zh`."""
    return gr.I18n(**{language: texts(language).strings for language in LANGUAGES})


def theme() -> gr.themes.Base:
    """Fonts of the reader's system only: nothing is fetched from anyone else's server."""
    fonts = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "PingFang SC", "Microsoft YaHei")
    look = gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=[gr.themes.Font(name) for name in (*fonts, "sans-serif")],
        font_mono=[gr.themes.Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")],
    )
    return look.set(
        body_background_fill="#f6f7f9",
        body_background_fill_dark="#10141c",
        block_info_text_color="#55606f",
        block_info_text_color_dark="#a6b0c0",
        block_label_text_color="#1b2330",
        block_label_text_color_dark="#e8ecf3",
        block_title_text_color="#1b2330",
        block_title_text_color_dark="#e8ecf3",
        input_background_fill="#ffffff",
        input_background_fill_dark="#191f2a",
        input_border_color="#c9d0da",
        input_border_color_dark="#3a4558",
        input_placeholder_color="#667085",
        input_placeholder_color_dark="#98a3b4",
        block_background_fill="#ffffff",
        block_background_fill_dark="#191f2a",
        button_primary_background_fill="#3a45c4",
        button_primary_background_fill_hover="#2f39a8",
        button_primary_background_fill_dark="#4c57d6",
        button_primary_background_fill_hover_dark="#5a65e3",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
    )
