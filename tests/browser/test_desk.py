"""The Desk in a real browser, against the real app with an empty data folder.

SCREENSHOTS=FOLDER saves a screenshot of every state.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.app_process import RunningApp

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LABELS = ("negative", "neutral", "positive")
MESSAGE = "The parcel came today, two days after the date that was promised."
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


class DeskApp(RunningApp):
    """The running app, with access to its database."""

    @property
    def database(self) -> Path:
        return self.data_dir / "attune.db"

    def rows(self, query: str, *values) -> list[tuple]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query, values).fetchall()

    def count(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with DeskApp(tmp_path_factory.mktemp("desk") / "data") as app:
        yield app
        assert app.stop() == 0, "asked to stop, the app must end without an error"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_desk(app, browser):
    """Opens the page. Fails at the end if a request went to another host or a script failed."""
    contexts = []
    foreign, script_errors = [], []

    def open_page(width=1280, height=800, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        local = (app.url, "data:", "blob:")
        page.on("request", lambda request: request.url.startswith(local) or foreign.append(request.url))
        page.on("pageerror", lambda error: script_errors.append(str(error)))
        page.goto(app.url)
        page.wait_for_selector(".card.empty")
        page.wait_for_selector(".recent")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not foreign, "the page sent requests to another host"
    assert not script_errors, "a script of the page failed"


def read(page, message: str, shown: str = "") -> str:
    """Analyse a message; returns the predicted label. `shown` is its text on the page, where that differs."""
    page.fill("#message textarea", message)
    page.click("#read")
    quoted = page.locator("blockquote", has_text=shown or message[:60])
    quoted.wait_for()
    shown = page.get_attribute(".card.result", "class").split()
    return next(label for label in LABELS if label in shown)


def another(label: str) -> str:
    return next(other for other in LABELS if other != label)


def screenshot(page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.wait_for_timeout(500)  # transitions
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_correction_at_the_desk_is_stored(app, open_desk):
    page = open_desk()
    assert page.title() == "Attune"
    screenshot(page, "empty")
    predicted = read(page, MESSAGE)
    screenshot(page, "read")
    page.fill("#comment textarea", "it came, and nothing is open")
    page.click(f"#label-{another(predicted)}")
    page.wait_for_selector(".stored")
    screenshot(page, "corrected")
    outcome = page.inner_text("#outcome")
    stored = app.rows(
        "SELECT f.id, f.label, f.status, f.actor_kind, f.comment, f.created_at, p.label, p.model_version,"
        " abs(p.negative + p.neutral + p.positive - 1) < 0.001"
        " FROM feedback f JOIN predictions p ON p.id = f.prediction_id WHERE p.text = ?",
        MESSAGE,
    )
    assert len(stored) == 1
    receipt, label, status, actor_kind, comment, at, shown, version, sums = stored[0]
    expected = (another(predicted), "pending", "it came, and nothing is open", predicted, 1)
    assert (label, status, comment, shown, sums) == expected
    assert actor_kind == "client" and at and version in page.inner_text(".facts")
    assert f"Saved: {label}." in outcome and receipt[:8] in outcome


def test_a_confirmation_is_stored_and_can_be_changed_from_the_list(app, open_desk):
    page = open_desk()
    message = "Do you ship to Norway, and what does it cost?"
    predicted = read(page, message)
    page.click("#confirm")
    page.wait_for_selector(".stored")
    label_of = "SELECT f.label FROM feedback f JOIN predictions p ON p.id = f.prediction_id WHERE p.text = ?"
    assert app.rows(label_of, message) == [(predicted,)]
    read(page, "Thank you, it works again.")
    page.click(f".recent button:has-text('{message[:20]}')")
    page.wait_for_selector(f"#label-{predicted}.chosen")
    page.wait_for_timeout(800)  # an earlier click counts as a double click
    page.click(f"#label-{another(predicted)}")
    page.wait_for_selector(f"#label-{another(predicted)}.chosen")
    assert app.rows(label_of, message) == [(another(predicted),)]
    screenshot(page, "back")


def test_a_double_click_on_confirm_stores_the_predicted_label(app, open_desk):
    """The label buttons move up to where the confirm button was."""
    page = open_desk()
    message = "The second click was not meant for anything."
    predicted = read(page, message)
    page.evaluate(f"['confirm', 'label-{another(predicted)}'].map(id => document.getElementById(id).click())")
    page.wait_for_selector(".stored")
    page.wait_for_timeout(500)
    labels = "SELECT f.label FROM feedback f JOIN predictions p ON p.id = f.prediction_id WHERE p.text = ?"
    assert app.rows(labels, message) == [(predicted,)]


@pytest.mark.parametrize(
    ("message", "explanation"),
    [
        ("", "1 to 10,000 characters"),
        (" \n\t ", "1 to 10,000 characters"),
        ("x" * 10_001, "10,001 characters; the limit is 10,000"),
    ],
)
def test_an_invalid_message_is_refused_with_the_limit_and_not_stored(app, open_desk, message, explanation):
    page = open_desk()
    before = app.count("predictions")
    page.fill("#message textarea", message)
    page.click("#read")
    page.wait_for_selector("#problem .problem")
    assert explanation in page.inner_text("#problem")
    assert app.count("predictions") == before
    screenshot(page, f"refused-{len(message)}")


@pytest.mark.parametrize(
    ("attack", "shown"),
    [
        # complete markup is removed from a message; a tag that is never closed is text
        ("<img src=x onerror='hacked=1'><script>hacked=2</script> ${hacked=3} </blockquote><b id=evil>", "${hacked=3}"),
        ("<img src=x onerror='hacked=1' ${hacked=3} {{hacked}} <b id=evil", ""),
    ],
)
def test_markup_in_a_message_is_not_run(open_desk, attack, shown):
    page = open_desk()
    read(page, attack, shown)
    page.wait_for_timeout(300)
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("#evil").count() == 0
    assert page.inner_text("blockquote") == (shown or attack)
    assert page.inner_text(".recent .snippet").startswith((shown or attack)[:20])


def test_the_desk_works_with_the_keyboard_alone(app, open_desk):
    page = open_desk()
    before = app.count("feedback")
    page.focus("#message textarea")
    page.keyboard.type("Line one")
    page.keyboard.press("Enter")
    page.keyboard.type("line two")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".card.result")
    assert page.inner_text("blockquote") == "Line one\nline two"
    assert page.inner_text("#spoken")
    while page.evaluate("document.activeElement.id") != "confirm":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".stored")
    page.wait_for_function("document.activeElement.matches('#labels .chosen')")
    assert app.count("feedback") == before + 1


@pytest.mark.parametrize(
    ("locale", "button", "language"),
    [("zh-CN", "分析消息", "zh"), ("en-GB", "Analyse message", "en"), ("de-DE", "Analyse message", "en")],
)
def test_texts_are_in_the_language_of_the_browser(open_desk, locale, button, language):
    page = open_desk(locale=locale)
    assert page.inner_text("#read") == button
    assert page.evaluate("document.documentElement.lang") == language
    page.click("#example-question")
    page.wait_for_selector(".card.result")
    assert ("置信度" in page.inner_text(".predicted")) is (language == "zh")
    screenshot(page, f"language-{locale}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(open_desk, scheme):
    page = open_desk(color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(CONTRAST) == []
    for count, name in enumerate(("angry", "question", "praise")):
        page.click(f"#example-{name}")
        page.wait_for_function("before => document.querySelectorAll('.recent li').length > before", arg=count)
        page.click("#label-negative")
        page.wait_for_selector("#label-negative.chosen")
        page.mouse.move(2, 2)
        page.wait_for_timeout(400)
        assert page.evaluate(CONTRAST) == []
        screenshot(page, f"{scheme}-{name}")


def test_the_desk_fits_a_phone_without_horizontal_scrolling(open_desk):
    page = open_desk(390, 844, is_mobile=True, has_touch=True)
    screenshot(page, "phone-empty")
    predicted = read(page, MESSAGE)
    page.tap(f"#label-{another(predicted)}")
    page.wait_for_selector(".stored")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "phone-corrected")


def test_sessions_do_not_see_each_others_messages(open_desk):
    first, second = open_desk(), open_desk()
    read(first, "Only in the first window.")
    read(second, "Only in the second window.")
    assert second.locator(".recent li").count() == 1
    assert "first" not in second.inner_text(".recent")


def test_with_a_locked_database_the_result_is_shown_and_feedback_is_disabled(app, open_desk):
    page = open_desk()
    lock = sqlite3.connect(app.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        read(page, "This one cannot be kept.")
        assert page.is_disabled("#confirm") and page.is_disabled("#label-negative")
        assert "cannot be saved" in page.inner_text("#outcome")
        screenshot(page, "locked")
    finally:
        lock.close()
