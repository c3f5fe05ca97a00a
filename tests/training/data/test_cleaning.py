import re

import pytest

from tests.support.corpora import rows
from training.data.catalogue import load_clean
from training.data.cleaning import clean, drop_duplicates, drop_overlap, key, mend
from training.data.rows import SPLITS


def undecodable(*values: int) -> str:
    """Bytes as the corpus reader hands them on."""
    return bytes(values).decode("utf-8", errors="surrogateescape")


def test_an_apostrophe_decoded_wrongly_three_times_is_restored():
    # ' -> UTF-8 E2 80 99 -> "â€™" -> Mac Roman 89 DB AA -> "‰Ûª" -> E4 F3 BB -> "äó»" -> 8A 97 C8
    assert mend(f"can{undecodable(0x8A, 0x97, 0xC8)}t") == "can't"


def test_an_emoji_whose_first_byte_was_lost_is_restored():
    assert mend(f"late _{undecodable(0x99, 0x85, 0x8D)}") == "late 😡"


def test_html_entities_are_resolved_even_when_escaped_twice():
    assert mend("L&amp;F &gt; you &amp;amp; me") == "L&F > you & me"


def test_bytes_that_cannot_be_decoded_become_a_space():
    assert mend(f"good{undecodable(0xFF, 0xFE)}bye") == "good bye"


def test_a_broken_character_next_to_a_valid_emoji_is_restored():
    assert mend(f"😀 can{undecodable(0x8A, 0x97, 0xC8)}t") == "😀 can't"


@pytest.mark.parametrize(("name", "rows"), [("airline", 14641), ("crowd", 22438)])
def test_no_tweet_keeps_a_broken_character(name, rows):
    mended = [row.text for split in SPLITS for row in load_clean(name, split, "")]
    assert len(mended) == rows
    assert not [text for text in mended if re.search("[\ufffd\ud800-\udfff]", text)]


def test_only_the_customers_words_are_left_of_a_row_as_in_serving():
    message = "<p>bad bag</p><blockquote>good day</blockquote>"
    assert [row.text for row in clean(rows((message, "negative")))[0]] == ["bad bag"]
    assert key(message) == "bad bag"


@pytest.mark.parametrize(
    "same",
    ["Flight 12 was LATE", "@acme flight 900 was late!", "flight was late http://t.co/x"],
)
def test_key_ignores_handles_links_numbers_and_case(same):
    assert key(same) == "flight was late"


def test_key_ignores_chinese_punctuation():
    assert key("很好，不错！") == key("很好 不错") == key("很好不错") == "很好不错"
    assert key("iPhone 很好") == "iphone 很好"


def test_key_of_a_text_without_words_is_its_symbols():
    assert key("@acme 😡") == "😡"
    assert key("@acme 😡") != key("@acme 😍")
    assert key("@acme 12") == ""


def test_different_emoji_are_not_duplicates():
    kept, step = drop_duplicates(rows(("😡", "negative"), ("😍", "positive"), ("😍 ", "positive")))
    assert [row.text for row in kept] == ["😡", "😍"]
    assert (step.kept, step.dropped) == (2, 1)


def test_clean_redacts_personal_identifiers():
    kept, _ = clean(rows(("mail anna@example.com &amp; ring +44 20 7946 0958", "neutral")))
    assert [row.text for row in kept] == ["mail [email] & ring [phone]"]


def test_clean_drops_rows_that_are_empty_after_mending():
    kept, step = clean(rows(("&nbsp;", "neutral"), (" ok ", "neutral"), ("", "neutral")))
    assert [row.text for row in kept] == ["ok"]
    assert (step.kept, step.dropped) == (1, 2)


def test_duplicates_with_two_tied_labels_out_of_three_are_all_dropped():
    even = [("late", "negative")] * 2 + [("late", "neutral")] * 2 + [("late", "positive")]
    assert drop_duplicates(rows(*even))[0] == []


def test_of_duplicates_the_first_with_the_majority_label_is_kept():
    given = rows(("Late 1", "negative"), ("late 2", "neutral"), ("late 3", "negative"))
    kept, step = drop_duplicates(given)
    assert [(row.text, row.label) for row in kept] == [("Late 1", "negative")]
    assert (step.kept, step.dropped) == (1, 2)


def test_duplicates_with_tied_labels_are_all_dropped():
    assert drop_duplicates(rows(("late", "negative"), ("late", "neutral")))[0] == []


def test_a_duplicate_of_a_row_of_another_split_is_dropped():
    kept, step = drop_overlap(rows(("Late 1", "negative"), ("on time", "positive")), rows(("late 99", "neutral")))
    assert [row.text for row in kept] == ["on time"]
    assert step.dropped == 1
