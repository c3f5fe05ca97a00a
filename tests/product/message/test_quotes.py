"""Quoted threads and forwarded mails, as mail programs write them."""

import pytest

from product.message.customer import CustomerText, customer_text

OWN = "It is still broken."
THEIRS = "We are happy to tell you that it is solved. Thank you for your patience!"
ZH = "还是没有收到货。"
ZH_THEIRS = "非常抱歉给您带来不便，感谢您的耐心等待。"

ENGLISH_HEADINGS = {
    "gmail": "On Mon, Nov 4, 2024 at 9:12 AM Support <s@example.com> wrote:",
    "gmail in two lines": "On Mon, Nov 4, 2024 at 9:12 AM Customer Support Team\n<support.team@example.com> wrote:",
    "gmail in three lines": "On Mon, Nov 4, 2024 at 9:12 AM\nCustomer Support Team\n<support.team@example.com> wrote:",
    "apple": "On 4 Nov 2024, at 09:12, Support <s@example.com> wrote:",
    "apple without address": "On Nov 4, 2024, at 9:12 AM, Support wrote:",
    "yahoo": "On Monday, November 4, 2024 at 09:12:33 AM GMT, Support <s@example.com> wrote:",
    "redacted before": "On Mon, Nov 4, 2024 at 9:12 AM Support <[email]> wrote:",
    "thunderbird": "On 11/4/24 09:12, Support wrote:",
    "proton": "------- Original Message -------\nOn Monday, November 4th, 2024 at 9:12 AM, Support <s@e.com> wrote:",
    "zoho": "---- On Mon, 04 Nov 2024 09:12:33 +0000 Support <s@example.com> wrote ----",
    "outlook 2003": "-----Original Message-----\nFrom: Support\nSent: Monday, November 4, 2024 9:12 AM\nTo: Tom\n"
    "Subject: RE: your request",
    "outlook": "From: Support <s@example.com>\nSent: Monday, November 4, 2024 9:12 AM\nTo: Tom <t@example.com>\n"
    "Cc: Ann <a@example.com>\nSubject: RE: your request",
    "outlook without addresses": "From: Support\nSent: Monday, November 4, 2024 9:12 AM\nTo: Tom\nSubject: RE: hello",
    "outlook with line": "________________________________\nFrom: Support <s@example.com>\nSent: Monday, 4 November\n"
    "To: Tom\nSubject: RE: hello",
    "outlook in bold": "*From:* Support <s@example.com>\n*Sent:* Monday, November 4, 2024 9:12 AM\n*To:* Tom\n"
    "*Subject:* RE: hello",
    "outlook, many recipients": "From: Support <s@example.com>\nSent: Monday\nTo: Tom <t@example.com>;\n"
    "  Ann <a@example.com>\nSubject: RE: hello",
    "samsung": "-------- Original message --------\nFrom: Support <s@example.com>\nDate: 04/11/2024 09:12 "
    "(GMT+00:00)\n"
    "To: Tom <t@example.com>\nSubject: Re: hello",
    "tencent": '------------------ Original ------------------\nFrom: "Support" <s@example.com>;\nDate: Mon\nTo: Tom',
    "netease": "---- Replied Message ----\nFrom\tSupport<s@example.com>\nDate\t11/04/2024 09:12",
    "zendesk": "##- Please type your reply above this line -##",
    "german": "Am Mo., 4. Nov. 2024 um 09:12 Uhr schrieb Support <s@example.com>:",
    "german outlook": "Von: Support <s@example.com>\nGesendet: Montag, 4. November 2024 09:12\nAn: Tom\n"
    "Betreff: AW: Hallo",
    "german thunderbird": "Am 04.11.2024 um 09:12 schrieb Support:",
    "french": "Le lun. 4 nov. 2024 à 09:12, Support <s@example.com> a écrit :",
    "french outlook": "De : Support <s@example.com>\nEnvoyé : lundi 4 novembre 2024 09:12\nÀ : Tom\nObjet : "
    "RE: bonjour",
    "spanish": "El lun, 4 nov 2024 a las 9:12, Support (<s@example.com>) escribió:",
    "portuguese": "Em seg., 4 de nov. de 2024 às 09:12, Support <s@example.com> escreveu:",
    "italian": "Il giorno lun 4 nov 2024 alle ore 09:12 Support <s@example.com> ha scritto:",
    "dutch": "Op ma 4 nov 2024 om 09:12 schreef Support <s@example.com>:",
    "swedish": "Den mån 4 nov. 2024 kl 09:12 skrev Support <s@example.com>:",
    "polish": "W dniu pon., 4 lis 2024 o 09:12 Support <s@example.com> napisał(a):",
    "japanese": "2024年11月4日(月) 9:12 Support <s@example.com>:",
    "chinese program": "Support <s@example.com> 于2024年11月4日周一 09:12写道：",
}
CHINESE_HEADINGS = {
    "gmail": "客服 <kf@example.com> 于2024年11月4日周一 09:12写道：",
    "gmail, traditional": "客服 <kf@example.com> 於 2024年11月4日 週一 上午9:12寫道：",
    "netease": '在 2024-11-04 09:12:33，"客服" <kf@example.com> 写道：',
    "netease without address": "在2024年11月4日 09:12，客服写道：",
    "apple": "在 2024年11月4日，上午9:12，客服 <kf@example.com> 写道：",
    "apple, traditional": "客服 <kf@example.com> 在 2024年11月4日 上午9:12 寫道：",
    "qq": '------------------ 原始邮件 ------------------\n发件人: "客服" <kf@qq.com>;\n发送时间: '
    "2024年11月4日(星期一) 上午9:12\n"
    '收件人: "王伟"<w@qq.com>;\n主题: 回复：发票',
    "qq, only the separator": "------------------ 原始邮件 ------------------",
    "qq in the new form": '------------------&nbsp;原始邮件&nbsp;------------------\n发件人: "客服"',
    "netease master": "---- 回复的原邮件 ----\n| 发件人 | 客服<kf@163.com> |\n| 日期 | 2024年11月04日 09:12 "
    "|\n| 收件人 | w@163.com |\n"
    "| 主题 | 回复：发票 |",
    "foxmail": "发件人： 客服\n发送时间： 2024-11-04 09:12\n收件人： 王伟\n主题： Re: 发票",
    "outlook": "________________________________\n发件人: 客服 <kf@example.com>\n发送时间: 2024年11月4日 "
    "9:12\n收件人: 王伟\n主题: 答复: 发票",
    "outlook 2003": "-----邮件原件-----\n发件人: 客服\n发送时间: 2024年11月4日 9:12\n收件人: 王伟\n主题: 答复: 发票",
    "outlook, traditional": "寄件者: 客服 <kf@example.com>\n傳送時間: 2024年11月4日 上午 09:12\n收件者: "
    "王偉\n主旨: RE: 發票",
    "aliyun": "------------------------------------------------------------------\n发件人：客服 <kf@aliyun.com>\n"
    "发送时间：2024年11月4日(星期一) 09:12\n收件人：王伟 <w@aliyun.com>\n主　题：Re:发票",
    "samsung": "-------- 原始邮件 --------\n由： 客服 <kf@example.com>\n日期： 2024年11月4日 上午9:12\n"
    "收件人： 王伟\n主题： Re: 发票",
    "yahoo, traditional": "-----原始郵件-----\n寄件者: 客服\n寄件日期: 2024/11/4\n收件者: 王偉\n主旨: 發票",
    "139": "----邮件原文----\n发件人：客服\n收件人：王伟",
}


@pytest.mark.parametrize("heading", ENGLISH_HEADINGS.values(), ids=ENGLISH_HEADINGS)
def test_everything_below_an_english_heading_is_left_out(heading):
    assert customer_text(f"{OWN}\n\n{heading}\n\n{THEIRS}") == CustomerText(OWN, ("quoted-reply",))


@pytest.mark.parametrize("heading", CHINESE_HEADINGS.values(), ids=CHINESE_HEADINGS)
def test_everything_below_a_chinese_heading_is_left_out(heading):
    assert customer_text(f"{ZH}\n\n{heading}\n\n{ZH_THEIRS}") == CustomerText(ZH, ("quoted-reply",))


@pytest.mark.parametrize("heading", [*list(ENGLISH_HEADINGS.values())[:8], *list(CHINESE_HEADINGS.values())[:6]])
def test_quoted_lines_below_a_heading_are_left_out(heading):
    quoted = "\n".join(f"> {line}" for line in (THEIRS, "", ">> " + OWN, "Regards,", "Support"))
    assert customer_text(f"{OWN}\r\n\r\n{heading}\r\n{quoted}") == CustomerText(OWN, ("quoted-reply",))


@pytest.mark.parametrize("heading", [ENGLISH_HEADINGS["gmail"], CHINESE_HEADINGS["netease"]])
def test_a_reply_below_the_quoted_lines_stays(heading):
    assert customer_text(f"{heading}\n> {THEIRS}\n> Bye\n\n{OWN}") == CustomerText(OWN, ("quoted-reply",))


def test_replies_between_quoted_lines_stay():
    text = "On Nov 4, 2024, at 9:12 AM, Support wrote:\n> Did you restart?\nYes, twice.\n> Does it work?\nNo."
    assert customer_text(text) == CustomerText("Yes, twice.\nNo.", ("quoted-reply",))


FORWARDS = {
    "gmail": "---------- Forwarded message ---------\nFrom: Support <s@example.com>\nDate: Mon, Nov 4, 2024\n"
    "Subject: News\n"
    "To: <t@example.com>",
    "apple": "Begin forwarded message:\n\nFrom: Support <s@example.com>\nSubject: News\nDate: 4 November 2024\nTo: Tom",
    "thunderbird": "-------- Forwarded Message --------\nSubject: News\nDate: Mon, 4 Nov 2024\nFrom: Support "
    "<s@e.com>\n"
    "To: t@example.com",
    "netease": '-------- 转发邮件信息 --------\n发件人："客服" <kf@163.com>\n发送日期：2024-11-04 09:12:33\n'
    "收件人：w@163.com\n主题：News",
    "apple in chinese": "开始转发的邮件：\n\n发件人: 客服 <kf@example.com>\n主题: News\n日期: 2024年11月4日\n"
    "收件人: 王伟",
    "traditional": "---------- 轉寄的郵件 ---------\n寄件者: 客服 <kf@example.com>\n日期: 2024年11月4日\n"
    "主旨: News\n收件者: w@example.com",
}


@pytest.mark.parametrize("heading", FORWARDS.values(), ids=FORWARDS)
def test_a_forwarded_mail_below_own_words_is_left_out(heading):
    assert customer_text(f"{OWN}\n\n{heading}\n\n{THEIRS}") == CustomerText(OWN, ("forwarded",))


@pytest.mark.parametrize("heading", FORWARDS.values(), ids=FORWARDS)
def test_a_forwarded_mail_without_own_words_is_read(heading):
    read = customer_text(f"{heading}\n\n{THEIRS}")
    assert read == CustomerText(f"News\n\n{THEIRS}", ())


def test_a_device_line_is_no_word_of_the_customer():
    text = f"Sent from my iPhone\n\n{FORWARDS['apple']}\n\n{THEIRS}"
    assert THEIRS in customer_text(text).text


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (f"{OWN} -----Original Message----- From: Support {THEIRS}", OWN),
        (f"{OWN} On Mon, Nov 4, 2024 at 9:12 AM Support <s@example.com> wrote: > {THEIRS}", OWN),
        (f"{OWN} On Mon, Nov 4, 2024 at 9:12 AM Support <s@example.com> wrote: {THEIRS}", OWN),
        (f"{OWN} From: Support <s@e.com> Sent: Monday 9:12 To: Tom Subject: RE: hello {THEIRS}", OWN),
        (f"{ZH} ------------------ 原始邮件 ------------------ 发件人: 客服 {ZH_THEIRS}", ZH),
        (f'{ZH} 在 2024-11-04 09:12:33，"客服" <kf@example.com> 写道：{ZH_THEIRS}', ZH),
        (f"{ZH} 发件人: 客服 发送时间: 2024年11月4日 收件人: 王伟 主题: 发票 {ZH_THEIRS}", ZH),
    ],
)
def test_a_thread_on_one_line_is_left_out(text, own):
    assert customer_text(text) == CustomerText(own, ("quoted-reply",))


def test_if_all_is_quoted_all_is_read():
    text = f"> {THEIRS}\n> Bye"
    assert customer_text(text) == CustomerText(text, ())


def test_a_mail_with_its_own_header_is_read_without_it():
    text = "From: Tom <t@example.com>\nTo: help@example.com\nSubject: Blender broken\n\nPlease send a new one."
    assert customer_text(text).text == "Blender broken\n\nPlease send a new one."


@pytest.mark.parametrize(
    "text",
    [
        "5 > 3 and 2 < 4",
        ">:( this is bad",
        ">.< why",
        ">5 days and no parcel",
        "＞3天了还没到",
        "->see the picture",
        "On Monday your agent wrote: we do not care.",
        "On 3 May at 10:15 your agent wrote:\nWe will refund you.\nNothing happened since.",
        "I wrote to you on Monday:\nno answer.",
        "She wrote:\nyou get your money back.\nI never got it.",
        "From: London\nTo: Paris\nDate: 4 May\nMy flight was cancelled.",
        "From Monday to Friday nobody answered.\nTo this day.",
        "Subject: broken blender\n\nPlease help.",
        "My problems:\n- it is slow\n- it is loud",
        "-- it broke --\nreally",
        "我在 2024年11月4日 写道：\n你们没有回复。",
        "主题：投诉\n东西坏了",
        "出发地：北京\n目的地：上海\n日期：11月4日\n航班取消了",
        "Original message was lost.\nPlease answer.",
        "I forwarded message after message.\nNo answer.",
        "----------\nbroken\n----------",
    ],
)
def test_what_only_resembles_a_quote_stays(text):
    assert customer_text(text) == CustomerText(text, ())
