"""Review and My corrections in a real browser, against the real app.

SCREENSHOTS=FOLDER saves a screenshot of every state.
"""

import shutil
from contextlib import closing, contextmanager

import pytest

from tests.browser.test_desk import BROWSER, CONTRAST, FLAGS, MESSAGE, DeskApp, another, read, screenshot

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

NAMES = {"en-GB": ("My corrections", "Review"), "zh-CN": ("我的纠正", "审核")}
DISPUTED = "Wow, the queue was only two hours this time. Well done, everyone."


@contextmanager
def running(installation, folder, **environment):
    with DeskApp(shutil.copytree(installation, folder / "data"), **environment) as app:
        yield app
        assert app.stop() == 0, "asked to stop, the app must end without an error"


@pytest.fixture(scope="module")
def app(installation, tmp_path_factory):
    with running(installation, tmp_path_factory.mktemp("review")) as app:
        app.predict(
            ["客服态度还行，就是等了四十分钟。", "The router was broken, but Jenna had a new one here at once."]
        )
        [answer] = app.predict([DISPUTED])["predictions"]
        for actor, label in (("anna", "negative"), ("bob", "positive")):
            app.correct(answer["id"], label, actor)
        yield app


@pytest.fixture(scope="module")
def browser():
    with (
        playwright.sync_playwright() as runner,
        closing(runner.chromium.launch(executable_path=BROWSER, args=FLAGS)) as browser,
    ):
        yield browser


@pytest.fixture
def open_page(browser):
    """Opens the page of an app. Fails at the end if a script failed."""
    contexts, script_errors = [], []

    def open_in_browser(app, width=1280, height=900, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: script_errors.append(str(error)))
        page.goto(app.url)
        page.wait_for_selector(".card.empty")
        return page

    yield open_in_browser
    for context in contexts:
        context.close()
    assert not script_errors, "a script of the page failed"


def open_tab(page, name: str, shows: str) -> None:
    page.click(f"role=tab[name='{name}']")
    page.wait_for_selector(shows)


def wait_out_double_click(page) -> None:
    """An earlier click would count as the second of a double click."""
    page.wait_for_timeout(800)


def corrections_of(app, text: str) -> list[tuple]:
    query = "SELECT f.label, f.status, f.actor_kind, f.actor_name, f.reviewer_name FROM feedback f JOIN predictions p"
    return app.rows(f"{query} ON p.id = f.prediction_id WHERE p.text = ? ORDER BY f.actor_name", text)


def test_a_lead_labels_a_message_and_decides_on_disputed_corrections(app, open_page):
    page = open_page(app)
    open_tab(page, "Review", "#review-queue li")
    screenshot(page, "review")
    page.fill("#reviewer-name input", "Eve")
    card = page.locator("#review-queue ol > li", has_text="Jenna")
    card.locator("button.positive").click()
    page.wait_for_selector("#review-notice:has-text('Saved the label positive')")
    assert page.locator("#review-queue ol > li", has_text="Jenna").count() == 0
    [stored] = corrections_of(app, "The router was broken, but Jenna had a new one here at once.")
    assert stored == ("positive", "accepted", "lead", "Eve", "Eve")
    wait_out_double_click(page)
    page.locator("#review-queue li li", has_text="anna").locator("button.accept").click()
    page.wait_for_selector("#review-notice:has-text('Accepted the label negative')")
    wait_out_double_click(page)
    page.fill("#decision-note input", "Bob had the wrong customer in mind.")
    page.locator("#review-queue li li", has_text="bob").locator("button.reject").click()
    page.wait_for_selector("#review-notice:has-text('Rejected the label positive')")
    page.wait_for_function("document.querySelector('#decision-note input').value === ''")
    assert [(label, status, reviewer) for label, status, *_, reviewer in corrections_of(app, DISPUTED)] == [
        ("negative", "accepted", "Eve"),
        ("positive", "rejected", "Eve"),
    ]
    assert page.locator("#review-queue ol > li", has_text="playlists").count() == 0
    screenshot(page, "review-decided")
    wait_out_double_click(page)
    page.click("#review-notice button:has-text('Accept instead')")
    page.wait_for_selector("#review-notice:has-text('Accepted the label positive')")
    wait_out_double_click(page)
    page.click("#review-notice button:has-text('Reject instead')")
    page.wait_for_selector("#review-notice:has-text('Rejected the label positive')")
    assert [status for _, status, *_ in corrections_of(app, DISPUTED)] == ["accepted", "rejected"]


def test_a_double_click_labels_one_message(app, open_page):
    app.predict(["The parcel was wet, the second one too.", "Nobody told me that the shop had moved."])
    page = open_page(app)
    open_tab(page, "Review", "#review-queue li")
    before = app.rows("SELECT count(*) FROM feedback")[0][0]
    # the second click hits the next card, which has moved up
    page.evaluate(
        "[...document.querySelectorAll('#review-queue .choose button.negative')].slice(0, 2).map(b => b.click())"
    )
    page.wait_for_selector("#review-notice:has-text('Saved the label')")
    page.wait_for_timeout(500)
    assert app.rows("SELECT count(*) FROM feedback") == [(before + 1,)]


def test_two_browser_tabs_keep_each_others_receipts(app, open_page):
    first = open_page(app)
    second = first.context.new_page()
    second.goto(app.url)
    second.wait_for_selector(".card.empty")
    for page, text in ((first, "One from the first tab."), (second, "Two from the second."), (first, "Three again.")):
        page.click(f"#label-{another(read(page, text))}")
        page.wait_for_selector(".stored")
        page.wait_for_function(
            "text => JSON.parse(localStorage.getItem('attune-receipts-of-all-tabs') || '[]').length == text",
            arg={"One": 1, "Two": 2, "Thr": 3}[text[:3]],
        )
    for page in (first, second):
        page.reload()
        page.wait_for_selector(".card.empty")
        open_tab(page, "My corrections", "#my-corrections-list li")
        assert page.locator("#my-corrections-list ol > li").count() == 3


def test_a_correction_is_listed_after_a_reload_and_can_be_deleted(app, open_page):
    page = open_page(app)
    label = another(read(page, MESSAGE))
    page.click(f"#label-{label}")
    page.wait_for_selector(".stored")
    page.wait_for_function("JSON.parse(localStorage.getItem('attune-receipts-of-all-tabs') || '[]').length == 1")
    page.reload()
    page.wait_for_selector(".card.empty")
    open_tab(page, "My corrections", "#my-corrections-list li")
    shown = page.inner_text("#my-corrections-list li")
    assert MESSAGE in shown and f"You chose {label};" in shown and "waiting for the next retraining" in shown
    screenshot(page, "my-corrections")
    page.click("#my-corrections-list summary")
    page.click("#my-corrections-list details button")
    page.wait_for_selector("#my-corrections-notice .stored")
    screenshot(page, "my-corrections-deleted")
    assert "Permanently deleted" in page.inner_text("#my-corrections-notice")
    assert MESSAGE not in page.content()
    assert app.rows("SELECT count(*) FROM predictions WHERE text = ?", MESSAGE) == [(0,)]


def test_another_browser_at_the_same_address_does_not_see_the_corrections(app, open_page):
    first, second = open_page(app), open_page(app)
    label = another(read(first, "Only the first browser knows of this."))
    first.click(f"#label-{label}")
    first.wait_for_selector(".stored")
    open_tab(first, "My corrections", "#my-corrections-list li")
    open_tab(second, "My corrections", "#my-corrections-list .empty")
    assert "first browser" not in second.content()


@pytest.mark.parametrize("locale", list(NAMES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(app, open_page, locale, scheme):
    app.predict([f"Well, that was quick: two weeks for a reply. {locale} {scheme}"])
    page = open_page(app, locale=locale, color_scheme=scheme, reduced_motion="reduce")
    read(page, f"{MESSAGE} {locale} {scheme}")
    page.click("#label-neutral")
    page.wait_for_selector(".stored")
    my_corrections, review = NAMES[locale]
    open_tab(page, my_corrections, "#my-corrections-list li")
    page.click("#my-corrections-list summary")
    assert page.evaluate(CONTRAST) == []
    screenshot(page, f"my-corrections-{locale}-{scheme}")
    open_tab(page, review, "#review-queue li")
    page.click("#review-queue .choose .negative")
    page.wait_for_selector("#review-notice .stored")
    page.mouse.move(2, 2)
    page.wait_for_timeout(400)
    assert page.evaluate(CONTRAST) == []
    screenshot(page, f"review-{locale}-{scheme}")


def test_both_tabs_fit_a_phone_without_horizontal_scrolling(app, open_page):
    page = open_page(app, 390, 844, is_mobile=True, has_touch=True)
    app.predict(["One more that nobody answered yet."])
    for name, shows in (("My corrections", "#my-corrections-list .empty"), ("Review", "#review-queue li")):
        open_tab(page, name, shows)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        screenshot(page, f"phone-{name}")


def test_with_a_password_the_queue_is_shown_after_signing_in(installation, tmp_path, open_page):
    with running(installation, tmp_path, ATTUNE_LEAD_PASSWORD="open sesame") as app:
        app.predict(["bad Xanadu"])
        page = open_page(app)
        open_tab(page, "Review", "#password")
        screenshot(page, "sign-in")
        assert "Xanadu" not in page.content()
        page.fill("#password input", "open says me")
        page.click("#sign-in-button")
        page.wait_for_selector("#review-notice:has-text('Wrong password')")
        screenshot(page, "sign-in-refused")
        assert page.evaluate(CONTRAST) == []
        page.fill("#password input", "open sesame")
        page.press("#password input", "Enter")
        page.wait_for_selector("#review-queue li")
        assert "Xanadu" in page.inner_text("#review-queue") and page.is_hidden("#password")
        assert "sesame" not in app.log() + page.content()
