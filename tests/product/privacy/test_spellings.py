"""Redaction of identifiers as people write them: joined to words, spaced oddly, in other scripts and languages."""

import pytest

from product.privacy.fold import folded
from product.privacy.redact import redact


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("call +44 20 7946\u200b 0123", "call [phone]"),
        ("card 4111 1111\u200b 1111 1111", "card [card]"),
        ("DE89 3704\u200b 0044 0532 0130 00", "[iban]"),
        ("电话 13800\u00ad138000", "电话 [phone]"),
        ("anna\u2060@example.com", "[email]"),
    ],
)
def test_invisible_characters_do_not_hide_an_identifier(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("VX13800138000", "VX[phone]"),
        ("13800138000QQ同号", "[phone]QQ同号"),
        ("加V13800138000", "加V[phone]"),
        ("tel+44 20 7946 0123", "tel[phone]"),
        ("IBANDE89370400440532013000", "IBAN[iban]"),
        ("IBANDE89 3704 0044 0532 0130 00", "IBAN[iban]"),
        ("4111111111111111CVV123", "[card]CVV123"),
        ("ID11010519491231002X有误", "ID[id]有误"),
        ("IP192.0.2.1", "IP[ip]"),
    ],
)
def test_letters_next_to_an_identifier_do_not_hide_it(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "SN13800138000",
        "13800138000AB",
        "AB4222222222222",
        "运单SF13800138000",
        "VIN 1HGBH41JXMN740671 is in your system",
    ],
)
def test_a_number_inside_another_code_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("電話 9123 4567", "電話 [phone]"),
        ("聯絡電話：91234567", "聯絡電話：[phone]"),
        ("手機(02)2345-6789", "手機[phone]"),
        ("信用卡4111 1111 1111 1111", "信用卡[card]"),
        ("身份證11010519491231002X", "身份證[id]"),
        ("訂單號91234567，單號9123 4567", "訂單號91234567，單號9123 4567"),
    ],
)
def test_traditional_characters_name_a_number(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "card",
    [
        "4111  1111  1111  1111",
        "4111\t1111\t1111\t1111",
        "4111\n1111\n1111\n1111",
        "4111/1111/1111/1111",
        "4111 11111111 1111",
        "4111_1111_1111_1111",
        "41111111 11111111",
        "4111 - 1111 - 1111 - 1111",
    ],
)
def test_a_card_is_found_in_any_spacing(card):
    assert redact(f"card {card} on file") == "card [card] on file"


@pytest.mark.parametrize(
    "number", ["138_0013_8000", "138\t0013\t8000", "138/0013/8000", "1380 013 8000", "(138)00138000"]
)
def test_a_mobile_number_is_found_in_any_spacing(number):
    assert redact(f"我是{number}，急") == "我是[phone]，急"


@pytest.mark.parametrize("number", ["86-10-85550188", "86 755 8555 0132", "(86)10-85550188", "86 (21) 8555 0177"])
def test_a_chinese_landline_after_its_country_code_is_redacted(number):
    assert redact(f"门店{number}没人接") == "门店[phone]没人接"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("jörg@example.de", "[email]"),
        ("张三@example.com", "[email]"),
        ("иван@example.com", "[email]"),
        ("user@例子.测试收不到", "[email]收不到"),
        ("user@bücher.example", "[email]"),
        ("user@xn--bcher-kva.example", "[email]"),
        ("अनिल@example.in", "[email]"),
        ("می\u200cخوانم@example.ir", "[email]"),
        ("我的邮箱是tom@example.com", "我的邮箱是[email]"),
        ("我的邮箱是张三@example.com", "我的邮箱是[email]"),
        ("請寄到張為民@example.tw", "請寄到[email]"),
        ("谢谢@小红书", "谢谢@小红书"),
        ("关注@品牌.官方", "关注@品牌.官方"),
    ],
)
def test_an_address_in_another_script_is_redacted_as_a_whole_without_the_sentence_before_it(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Rückruf unter 030/23125 456", "Rückruf unter [phone]"),
        ("Handy 0171 39 20 0 99", "Handy [phone]"),
        ("Mon numéro est 01 42 68 53 00.", "Mon numéro est [phone]."),
        ("Llámame al 612 345 678", "Llámame al [phone]"),
        ("Il mio numero è 345 000 1234", "Il mio numero è [phone]"),
        ("meu telefone (11) 91234-5678", "meu telefone [phone]"),
        ("電話番号は03-0000-1234です", "電話番号は[phone]です"),
        ("Tél. 01 42 68 53 00 ou 06 39 98 00 11", "Tél. [phone] ou [phone]"),
    ],
)
def test_a_national_number_is_redacted_if_a_word_of_its_language_names_it(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "errors 500 502 5030",
        "rooms we had: 201 203 2050",
        "500 502 5030 errors",
        "4.3.2.1版",
        "OS 10.1.2.3",
        "10.1.2.3 update",
        "GPS 139.12345678",
        "13800138000元",
        "call me 0900-1700 or on 25/11/2026 10:30",
        "Mon numéro de commande est 12345678",
        "Commande n° 0639981234",
        "注文番号090-0000-1234",
        "phone bill of 120.00 130.00 140.00",
        "a handy tool, 12345678 points",
        "2019\n2020\n2021\n2022",
    ],
)
def test_a_number_that_words_or_its_form_mark_as_something_else_stays(text):
    assert redact(text) == text


def test_a_list_with_a_telephone_word_is_a_telephone_number():
    assert redact("The rooms are fine, ring 201 203 2050") == "The rooms are fine, ring [phone]"


def test_redacting_again_changes_nothing_where_an_identifier_ends_at_a_joiner():
    once = redact("4111111111111111\ufe0f\u20e3 می\u200c13800138000")
    assert redact(once) == once


def test_folding_keeps_positions():
    text = "Ａ１\u3000é電_1_2 ß"
    assert folded(text) == "A1 e电_1-2 s"
    assert len(folded(text)) == len(text)
