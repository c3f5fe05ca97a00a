import pytest

from product.inference.checkpoint import locate_base
from product.inference.text.encoding import TextEncoder, pad, prepare


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("@AcmeAir see https://t.co/x1 now", "@AcmeAir see http now"),
        ("so late 😡😡", "so late furious furious"),
        ("nice 👍🏽", "nice ok"),
        ("ﬁne\u200b\t\n  ok\x00", "fine ok"),
        ("caf\ufffde", "caf e"),
        ("mail [email] me", "mail [email] me"),
    ],
)
def test_prepare_keeps_words_and_emoji_on_one_line(text, prepared):
    assert prepare(text) == prepared


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder(locate_base() / "tokenizer.json", max_tokens=16)


def test_a_short_text_is_encoded_whole(encoder):
    encoded = encoder.encode(["hello there"])[0]
    # [CLS] hello there [SEP] in the vocabulary of BERT uncased
    assert encoded.ids == [101, 7592, 2045, 102]
    assert not encoded.truncated


def test_a_long_text_keeps_its_first_and_last_tokens(encoder):
    text = " ".join(["hello"] * 30 + ["there"] * 30)
    encoded = encoder.encode([text])[0]
    assert encoded.truncated
    assert encoded.ids == [101] + [7592] * 7 + [2045] * 7 + [102]


def test_rows_are_padded_to_the_longest_row():
    ids, mask = pad([[1, 2, 3], [4]])
    assert ids.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("在https://shop.example.cn/p/88买的杯子很好", "在http买的杯子很好"),
        ("see www.example.com/a?b=1, it is down", "see http it is down"),
        ("your page example.net/help is down", "your page http is down"),
        ("打开app.example.cn/help就报错", "打开http就报错"),
        ("It broke.Completely", "It broke.Completely"),
        ("version 7.1.3 of it", "version 7.1.3 of it"),
    ],
)
def test_only_links_become_http(text, prepared):
    assert prepare(text) == prepared
