"""What holds for every message: order of codes, repetition, fallback, time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product.codes import OmittedPart
from product.message.customer import CustomerText, customer_text

PIECES = (
    "It is still broken.",
    "Thanks, all good now!",
    "还没到，太差了",
    "Hello,",
    "\n",
    "\n\n",
    " ",
    "\u200b",
    "<b>",
    "</b>",
    "<p>",
    "</div>",
    "<div>",
    "<br>",
    "<blockquote>",
    "</blockquote>",
    '<div class="gmail_quote">',
    "&amp;",
    "&lt;",
    "&gt;",
    "lt;",
    "&nbsp;",
    "<",
    ">",
    "> We are sorry",
    "> ",
    ">> ",
    "On Mon, Nov 4, 2024 at 9:12 AM Support <s@example.com> wrote:",
    "在 2024-11-04 09:12，客服写道：",
    "-----Original Message-----",
    "------------------ 原始邮件 ------------------",
    "---------- Forwarded message ---------",
    "From: Support <s@example.com>",
    "Sent: Monday 9:12",
    "To: Tom",
    "Subject: RE: hello",
    "Subject: Broken",
    "发件人: 客服",
    "主题: 发票",
    "-- ",
    "--",
    "Kind regards,",
    "Thanks,",
    "Tom",
    "Happy Homes Ltd",
    "Sent from my iPhone",
    "此致",
    "敬礼",
    "王伟",
    "P.S. It is loud.",
    "This e-mail is confidential.",
    "We are not liable for any virus.",
    "[EXTERNAL]",
    "Virus-free. www.avast.com",
    "外部邮件提醒：请勿点击链接。",
    "Customer: it is late",
    "Agent: sorry about that",
    "客服：非常抱歉",
    "客户：还没到",
    "[10:32]",
    "```",
    "ValueError: bad",
    "{",
    '{"a": 1}',
    "}",
    "[ERROR] failed",
    "    at foo (app.js:1:2)",
    "<!--",
    "-->",
    "👍",
    "❤\ufe0f",
    "________________",
)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=300, deadline=None)
def test_doing_it_again_changes_nothing(raw):
    once = customer_text(raw)
    assert customer_text(once.text) == CustomerText(once.text, ())


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(raw):
    once = customer_text(raw)
    assert customer_text(once.text) == CustomerText(once.text, ())
    assert not once.omitted or once.text.strip()


def test_codes_have_a_fixed_order():
    text = (
        "[EXTERNAL] It broke.\n\n```\nfatal()\n```\n\nKind regards,\nTom\n\nThis e-mail is confidential. If you "
        "received this "
        "e-mail in error, delete it.\n\nOn Mon, Nov 4, 2024 at 9:12 AM Support <s@example.com> wrote:\n> Sorry!"
    )
    expected = ("quoted-reply", "signature", "disclaimer", "banner", "code")
    assert customer_text(text) == CustomerText("It broke.", expected)
    assert [part.value for part in OmittedPart if part.value in expected] == list(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel?",
        "  spaces stay  ",
        "two\n\nlines",
        "差评",
        "😡",
        "",
        "a: b",
        "one\ttwo",
        "C:\\temp & D:\\x",
        "\x00 null",
        "one\r\ntwo\u2028three",
    ],
)
def test_a_plain_message_stays_as_it_was_typed(text):
    assert customer_text(text) == CustomerText(text, ())


def test_every_kind_of_line_end_is_understood():
    assert customer_text("It broke.\r\nAgain.\r\n> Sorry!\u2028> Bye").text == "It broke.\nAgain."


ADVERSARIAL = {
    "tags": "<b a" * 2_500,
    "open tags": "<b a=1>" * 1_400,
    "formatting and paragraphs": "<font a><p>" * 900,
    "nested": "<div>" * 2_000,
    "quotation marks in tags": '<a "' * 2_500,
    "comments": "<!--" * 2_500,
    "comments, closed first": "--><!--" * 1_400,
    "entities": "&amp;" * 2_000,
    "entities in entities": "&" + "amp;" * 2_499,
    "double escaped": "&lt;p&gt;" * 1_100,
    "greater": ">" * 10_000,
    "greater lines": "> \n" * 3_333,
    "dashes": "-" * 10_000,
    "dashes and words": "---Original" * 900,
    "underscores": "________________\n" * 588,
    "wrote": "On 2024 wrote:\n" * 660,
    "on": "On Mon <a" * 1_100,
    "on lines": "On Mon, Nov 4\n" * 700,
    "from": "From: a\n" * 1_250,
    "from inline": "From: Sent: To: " * 620,
    "headers": "From: a\nSent: b\n\n" * 600,
    "chinese dates": "2024年11月4日" * 900,
    "colons": "a:" * 5_000,
    "speakers": "[10:32] a: b\n" * 769,
    "roles": "Customer: Agent: " * 588,
    "brackets": "[{" * 5_000,
    "objects": '{"a":' * 2_000,
    "object lines": '{"a":\n' * 1_666,
    "regards": "Regards,\n" * 1_100,
    "signature lines": "Regards,\nTom\n" * 769,
    "names": "Tom " * 2_500,
    "capitals": "A. " * 3_333,
    "sentences": "! " * 5_000,
    "mails": "This email " * 900,
    "notices": "This email is confidential. " * 370,
    "spaces": " " * 9_998 + "\nx",
    "tabs and lines": "\t\n" * 5_000,
    "lines": "\n" * 10_000,
    "at": "at a." * 2_000,
    "at lines": "at a.b(\n" * 1_250,
    "digits": "1:2" * 3_333,
    "sent from": "Sent from my iPhone " * 500,
    "sent from lines": "Sent from my \n" * 769,
    "fences": "```\n" * 2_500,
    "ideographs": "请" * 10_000,
    "assignments": "a=" * 5_000,
    "slashes": "//" * 5_000,
    "stars": "*" * 10_000,
    "stars and spaces": "* " * 5_000,
}


@pytest.mark.parametrize("text", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_ten_thousand_characters_take_a_fraction_of_a_second(text):
    start = time.perf_counter()
    customer_text(text[:10_000])
    assert time.perf_counter() - start < 0.5


def test_a_short_message_takes_microseconds():
    text = "Third time this month my delivery is late and nobody answers the phone. I want my money back."
    start = time.perf_counter()
    for _ in range(1_000):
        customer_text(text)
    assert time.perf_counter() - start < 0.05
