import re

import pytest

from training import corpora
from training.corpora import Row
from training.preparation import clean, drop_duplicates, keep_apart, key, mend


def rows(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(text, label, "test") for text, label in pairs]


def undecodable(*values: int) -> str:
    """Bytes as the corpus reader hands them on."""
    return bytes(values).decode("utf-8", errors="surrogateescape")


def test_an_apostrophe_that_went_through_three_wrong_decodings_comes_back():
    # ' -> UTF-8 E2 80 99 -> "â€™" -> Mac Roman 89 DB AA -> "‰Ûª" -> E4 F3 BB -> "äó»" -> 8A 97 C8
    assert mend(f"can{undecodable(0x8A, 0x97, 0xC8)}t") == "can't"


def test_an_emoji_whose_first_byte_was_lost_comes_back():
    assert mend(f"late _{undecodable(0x99, 0x85, 0x8D)}") == "late 😡"


def test_html_entities_are_resolved_even_when_escaped_twice():
    assert mend("L&amp;F &gt; you &amp;amp; me") == "L&F > you & me"


def test_what_cannot_be_recovered_becomes_a_space():
    assert mend(f"good{undecodable(0xFF, 0xFE)}bye") == "good bye"


def test_no_airline_row_keeps_a_broken_character():
    mended = [row.text for split in corpora.SPLITS for row in clean(corpora.load("airline", split))[0]]
    assert len(mended) == 14641
    assert not [text for text in mended if re.search("[\ufffd\ud800-\udfff]", text)]


@pytest.mark.parametrize(
    "same",
    ["Flight 12 was LATE", "@acme flight 900 was late!", "flight was late http://t.co/x"],
)
def test_key_ignores_handles_links_numbers_and_case(same):
    assert key(same) == "flight was late"


def test_of_duplicates_the_label_of_most_copies_stays_once():
    given = rows(("Late 1", "negative"), ("late 2", "neutral"), ("late 3", "negative"))
    kept, step = drop_duplicates(given)
    assert [(row.text, row.label) for row in kept] == [("Late 1", "negative")]
    assert (step.kept, step.dropped) == (1, 2)


def test_duplicates_labelled_evenly_all_go():
    assert drop_duplicates(rows(("late", "negative"), ("late", "neutral")))[0] == []


def test_a_row_that_equals_one_of_another_split_goes():
    kept, step = keep_apart(rows(("Late 1", "negative"), ("on time", "positive")), rows(("late 99", "neutral")))
    assert [row.text for row in kept] == ["on time"]
    assert step.dropped == 1
