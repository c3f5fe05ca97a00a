import pytest

from product.inference.text.encoding import prepare, prepare_with_rating
from product.inference.text.symbols import BRACKETED_MEANINGS, EMOJI, find_ratings


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("Again 🤬🤬", "Again furious furious"),
        ("又来了🤬", "又来了 气死了"),
        ("Order arrived 🙄", "Order arrived annoyed"),
        ("💔", "heartbroken"),
        ("ok 👍🏽", "ok ok"),
        ("Could you check? 🙂", "Could you check?"),
        ("📦 arrived", "package arrived"),
        ("📦到了", "到了"),
        ("love ❤️", "love love it"),
    ],
)
def test_an_emoji_becomes_the_word_it_means(text, prepared):
    assert prepare(text) == prepared


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("T_T", "crying"),
        ("QAQ 又坏了", "难过 又坏了"),
        ("(╯°□°）╯︵ ┻━┻", "furious"),
        ("(ノಠ益ಠ)ノ", "furious"),
        ("(ಥ﹏ಥ)", "crying"),
        ("(´；ω；`)", "crying"),
        ("不错 (≧▽≦)", "不错 开心"),
        ("(*^▽^*)", "happy"),
        (":-(", "crying"),
        (">:(", "furious"),
        ("great :D", "great happy"),
        ("-_-", "annoyed"),
        ("thx :)", "thx"),
        ("<3 this", "love it this"),
        ("收到[怒]", "收到 气死了"),
    ],
)
def test_an_emoticon_becomes_the_word_it_means(text, prepared):
    assert prepare(text) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "see: (a) and (b)",
        "price (incl. tax)",
        "C:/temp",
        "10:30 (Tue)",
        "5 < 6",
        "hold (T & C apply)",
        "my number is [phone]",
        "f(x)=D:\\path",
        "ORDER: D: x",
        "尺码(大)：M",
    ],
)
def test_text_that_only_looks_like_an_emoticon_stays(text):
    assert prepare(text) == " ".join(text.replace("：", ":").split())


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("★☆☆☆☆", 0),
        ("⭐☆☆☆☆", 0),
        ("⭐⭐", 1),
        ("★★★☆☆", 2),
        ("⭐️⭐️⭐️⭐️⭐️ love it", 4),
        ("1/5 stars", 0),
        ("2/5", 1),
        ("Rated 4/5", 3),
        ("2 out of 10", 0),
        ("5/10", 2),
        ("9/10 would recommend", 4),
        ("10 out of 10", 4),
        ("one star", 0),
        ("I give it three stars.", 2),
        ("a 5-star review", 4),
        ("zero stars if I could", 0),
        ("三星", 2),
        ("一星差评", 0),
        ("给五星吧", 4),
        ("打8分", 3),
        ("给9分(满分10分)", 4),
        ("满分", 4),
    ],
)
def test_a_rating_has_a_level(text, level):
    assert [rating.level for rating in find_ratings(text.replace("\ufe0f", ""))] == [level]
    assert prepare_with_rating(text)[1] == level


@pytest.mark.parametrize(
    "text",
    [
        "a 4-star hotel",
        "三星手机坏了",
        "五星级酒店",
        "due 1/5",
        "on 10/10",
        "3/5/2024",
        "part 1/2",
        "I ordered 3 of 5 items",
        "10分钟",
        "满分是多少",
        "5 of the shirts",
        "⭐ new in store",
        "7/5",
    ],
)
def test_numbers_and_stars_that_rate_nothing_are_no_rating(text):
    assert find_ratings(text) == []


def test_ratings_that_differ_have_no_common_level():
    assert prepare_with_rating("Food 5/5, service 1/5")[1] is None


def test_every_symbol_has_a_meaning_in_both_languages_or_in_none():
    for english, chinese in [*EMOJI.values(), *BRACKETED_MEANINGS.values()]:
        assert bool(english) == bool(chinese)


@pytest.mark.parametrize("part", ["(", ":", "★", "1/5 ", "(´", "9", "T_", "一星 ", "[怒", "(╯"])
def test_repeated_symbols_take_time_linear_in_the_length(part):
    text = part * (10_000 // len(part))
    assert len(prepare(text)) <= 20 * len(text)
