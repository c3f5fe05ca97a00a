"""Which language a message is in, which expert reads it, and whether that expert has learned to."""

import csv
import time

import pytest

from product.inference.text.identification import CODES
from product.inference.text.language import detect_language, expert_for, supports
from product.settings.configuration import ROOT

EXPERTS = ("en", "zh")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ihr Service ist furchtbar, ich warte seit drei Wochen", "de"),
        ("furchtbar", "de"),
        ("Péssimo atendimento, nunca mais", "pt"),
        ("Le colis est arrivé cassé", "fr"),
        ("No funciona la aplicación", "es"),
        ("Il pacco è arrivato rotto", "it"),
        ("Terima kasih banyak", "id"),
        ("Kargom hâlâ gelmedi", "tr"),
        ("Hàng bị vỡ rồi", "vi"),
        ("Где моя посылка?", "ru"),
        ("ขอบคุณมาก ดีมาก", "th"),
        ("الخدمة سيئة جدا", "ar"),
        ("मेरा पार्सल कहाँ है?", "hi"),
        ("השירות נורא", "he"),
        ("δεν λειτουργεί", "el"),
        ("荷物が届かない", "ja"),
        ("クソアプリ", "ja"),
        ("배송이 너무 느려요", "ko"),
        ("სერვისი ცუდია", "ka"),
        ("Мой iPhone не заряжается", "ru"),
        ("MEIN PAKET IST NICHT DA", "de"),
    ],
)
def test_another_language_gets_its_own_code_and_is_not_supported(text, language):
    assert detect_language(text) == language
    assert not supports(EXPERTS, text, language)


@pytest.mark.parametrize(
    "text",
    [
        "ok", "ty", "thx", "lol", "wifi down", "no internet", "lmao ur app is trash", "pls fix asap",
        "WHERE IS MY REFUND", "teh delivry was laet", "Samsung Galaxy S24", "iPhone 15 Pro", "John Smith",
        "lag lag lag", "Deutsche Bank app down", "The croissant was stale", "err_connection_refused", "Order 4471-B",
        "#fail", "Bonjour and thanks for the help!", "Sent to São Paulo by mistake", "<p>late again</p>",
    ],
)  # fmt: skip
def test_english_slang_names_and_products_stay_english(text):
    assert detect_language(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "checkout的时候payment失败了",
        "Delivery super慢, 差评",
        "login不了",
        "WiFi断断续续，tech support没人接",
        "iPhone充不上电",
        "在https://shop.example.cn/products/kettle-for-tea买的壶很好",
        "@AcmeAirCustomerCare 你好",
        "#AcmeSale #BlackFriday 太坑了",
        "寄到[email]",
        "[ip]登[url]",
        "<div class='reply'><b>太慢了</b>&nbsp;</div>",
        "型号 WH-1000XM5 没声音",
        "帳號被lock住",
        "点解咁耐都未送到",
        "超好吃の",
        "最好喝的カルビー薯片，下次还来",
        "Best 火锅 in town, 一定会再来.",
        "The service 真的很差劲 的 了",
    ],
)
def test_a_chinese_message_with_names_addresses_or_english_nouns_is_chinese(text):
    assert detect_language(text) == "zh"
    assert expert_for(text, EXPERTS) == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "the 外卖 was cold",
        "My 快递 is late",
        "What does 已揽收 mean in the tracking?",
        "Please change the 收货地址 to my office",
        "I expected more from this 餐厅, the food was cold. 失望.",
    ],
)
def test_an_english_message_with_chinese_words_is_english(text):
    assert expert_for(text, EXPERTS) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "😡",
        "123 !!!",
        "1/5",
        "¯\\_(ツ)_/¯",
        "ಠ_ಠ",
        "(´・ω・`)",
        "Σ(ﾟДﾟ)",
        "[email]",
        "https://shop.example.cn",
        "@AcmeAir",
    ],
)
def test_a_text_without_words_has_no_language_but_can_be_read(text):
    assert detect_language(text) == "und"
    assert supports(EXPERTS, text, "und")


def test_words_in_an_unknown_script_have_no_language_and_cannot_be_read():
    cherokee = "ᎣᏏᏲ ᏙᎯᏧ"
    assert detect_language(cherokee) == "und"
    assert not supports(EXPERTS, cherokee, "und")


def test_only_languages_with_an_expert_are_supported():
    assert supports(("en",), "late", "en")
    assert not supports(("en",), "太慢了", "zh")


def rows(split: str) -> list[tuple[str, str]]:
    found = []
    for path in sorted((ROOT / "data" / "languages").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found += [(row["text"], path.stem) for row in csv.DictReader(stream) if row["split"] == split]
    return found


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_evaluation_messages_are_told_apart(split):
    found = [(text, language, detect_language(text)) for text, language in rows(split)]
    readable = [supports(EXPERTS, text, code) for text, language, code in found if language in (*EXPERTS, "und")]
    foreign = [(language == code, supports(EXPERTS, text, code)) for text, language, code in found
               if language not in (*EXPERTS, "und")]  # fmt: skip
    assert sum(readable) / len(readable) >= 0.97
    assert sum(called for _, called in foreign) / len(foreign) <= 0.03
    assert sum(right for right, _ in foreign) / len(foreign) >= 0.94


def test_every_answer_is_a_known_code():
    codes = {*CODES.split(), "und"}
    assert {detect_language(text) for split in ("dev", "test") for text, _ in rows(split)} <= codes
    assert len(codes) <= 80  # metrics count predictions by language


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "<a",
        "ab1 ",
        "é",
        "的",
        "的a",
        "я",
        "ಠ_",
        "aB",
        "&a",
        "#",
        "ﷺ",
        "My order is late. ",
        "ich warte schon lange ",
    ],
)
def test_ten_thousand_characters_take_little_time(unit):
    detect_language("furchtbar")  # loads the word lists
    text = (unit * 10_000)[:10_000]
    start = time.perf_counter()
    detect_language(text)
    assert time.perf_counter() - start < 0.25
