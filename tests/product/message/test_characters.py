import time

import pytest

from product.message.characters import visible
from product.privacy.redact import redact_for_storage
from product.sentiment import InvalidInput
from product.validation import check_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ter\u200brible ser\u200bvice", "terrible service"),
        ("re\u00adfund", "refund"),
        ("\ufeffHello", "Hello"),
        ("\u202eabc\u202c", "abc"),
        ("\u2066left\u2069 \u200eright\u200f", "left right"),
        ("a\u2060b\u2061c\u2062d\u2063e\u2064f", "abcdef"),
        ("hi\U000e0068\U000e0069", "hi"),
        ("a\u200cb\u200dc", "abc"),
        ("葛\U000e0100城", "葛城"),
        ("差\u200b评", "差评"),
        ("a\ufe0fb", "ab"),
        ("5\ufe0f5", "55"),
    ],
)
def test_invisible_characters_are_removed(text, expected):
    assert visible(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "👩\u200d👩\u200d👧\u200d👦",
        "❤\ufe0f\u200d🔥",
        "👍🏽",
        "🤦🏽\u200d♀\ufe0f",
        "1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
        "谢谢！",
        "naïve café",
    ],
)
def test_what_shapes_visible_characters_stays(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d\u200d👧",
        "a\ufe0f\u200d👧",
        "❤\u200d\ufe0f",
        "1\ufe0f\u200d\u20e3",
        "م\u200c\u200bخ",
        "\u200d",
        "\ufe0f",
    ],
)
def test_removing_again_changes_nothing(text):
    assert visible(visible(text)) == visible(text)


def test_time_is_linear_in_the_length():
    start = time.perf_counter()
    for text in ("\u200b" * 10_000, "❤\ufe0f\u200d" * 3_333, "🏴\U000e0067" * 5_000, "a\u200d" * 5_000):
        visible(text)
    assert time.perf_counter() - start < 0.5


def test_identifiers_are_found_although_characters_are_hidden_in_them():
    assert redact_for_storage("write to foo\u200b@example.com") == "write to [email]"


def test_a_message_of_invisible_characters_only_is_refused_as_empty():
    with pytest.raises(InvalidInput):
        check_text("texts[0]", "\u200b\u200e")
