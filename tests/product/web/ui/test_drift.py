"""The Drift tab: its sentences in both languages, its weeks and its reference."""

import re

import pytest

from product.texts import texts
from product.web.ui import drift as drift_tab
from tests.support.drifting import DAY, MONDAY, mix


def panel_text(report, language: str) -> str:
    """The text of the panel, without its markup."""
    return re.sub(r"<[^>]*>", " ", drift_tab.panel(report, texts(language)))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["large change in sentiment", "Neutral, from 20% to 80%", "2026-W23, so far", "50 messages"],
        ),
        ("zh", ["情绪分布变化很大", "“中性”，从 20% 到 80%", "2026-W23（未结束）", "变化很大", "50 条消息"]),
    ],
)
def test_panel_names_what_changed_in_the_readers_language(world, language, words):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    shown = panel_text(world.monitor().check(), language)
    assert not [word for word in words if word not in shown]


def test_panel_names_the_reference(world):
    assert "Not measured yet" in panel_text(world.monitor().report, "en")
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, neutral=30)
    assert "nothing to compare with yet" in panel_text(world.monitor().check(), "en")
    world.moment = MONDAY + 8 * DAY
    shown = panel_text(world.monitor().check(), "en")
    assert "Reference: the first full weeks of this installation." in shown and "not enough data to compare" in shown


def test_panel_shows_no_week_before_the_first_message(world):
    world.ship(mix(60, 20, 20))
    for language, words in (("en", "No messages counted yet"), ("zh", "还没有统计到消息")):
        assert words in panel_text(world.monitor().check(), language)
    world.give(MONDAY - 14 * DAY, neutral=30)
    shown = panel_text(world.monitor().check(), "en")
    assert "No messages counted yet" not in shown
    # two weeks without messages, and the one with messages
    assert sorted(set(re.findall(r"2026-W\d\d", shown))) == ["2026-W21", "2026-W22", "2026-W23"]
