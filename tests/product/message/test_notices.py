import pytest

from product.message.customer import CustomerText, customer_text

OWN = "Thanks, all good now!"
ZH = "已经解决了，谢谢！"

DISCLAIMERS = [
    "This e-mail is confidential. If you received it in error, please delete it. Unauthorised use is prohibited. "
    "We are not liable for any damage, loss, error or virus.",
    "This email and any attachments are confidential and intended solely for the use of the individual to whom "
    "they are "
    "addressed. If you have received this email in error, please notify the sender.",
    "This email and any files transmitted with it are confidential and\nintended solely for the use of the "
    "individual or "
    "entity to whom they\nare addressed. If you have received this email in error please notify\nthe system manager.",
    "CONFIDENTIALITY NOTICE: The contents of this email message are intended solely for the addressee(s).",
    "DISCLAIMER\nThe information contained in this message may be privileged. Any copying is prohibited.",
    "Disclaimer: This message may contain privileged information. Do not distribute it.",
    "The information contained in this communication from the sender is confidential. It is intended solely for "
    "use by "
    "the recipient and others authorized to receive it.",
    "If you are not the intended recipient, you are hereby notified that disclosing, copying or distributing this "
    "is strictly prohibited.",
    "***************\nThis message is intended only for the addressee.\n***************",
    "The views expressed in this email are those of the author.",
    "Please consider the environment before printing this e-mail.",
]
CHINESE_DISCLAIMERS = [
    "本邮件及其附件含有保密信息，仅限于发送给上面地址中列出的个人。禁止任何其他人以任何形式使用。"
    "如果您错收了本邮件，请您立即通知发件人并删除本邮件！",
    "此电子邮件及附件可能包含机密信息。若您不是指定的收件人，请勿复制或散布，并立即删除。",
    "免责声明：本邮件仅供收件人使用，对因病毒造成的损失不承担责任。",
    "声明：本邮件含有保密信息，请勿外传。",
    "保密声明\n本邮件内容属于机密，请勿泄露。",
    "本郵件及附件可能含有機密資料，僅供指定收件人使用。",
]
BANNERS = [
    "This e-mail has been scanned for viruses by AVG antivirus software. WARNING: external sender, do not click "
    "links or "
    "open attachments, this may be a phishing attack.",
    "This email has been checked for viruses by Avast antivirus software.\nwww.avast.com",
    "Virus-free. www.avast.com",
    "No virus found in this message.\nChecked by AVG - www.avg.com",
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments "
    "unless you "
    "recognize the sender and know the content is safe.",
    "WARNING: This message came from an external source.",
    "[EXTERNAL] CAUTION: do not click links or open attachments from unknown senders.",
    "External email: use caution with links and attachments.",
    "You don't often get email from tom@example.com. Learn why this is important",
    "⚠ External sender. Please be careful with links.",
    "Click here to report this email as spam.",
]
CHINESE_BANNERS = [
    "外部邮件提醒：此邮件来自公司外部，请谨慎点击链接和附件。",
    "【外部邮件】请勿点击不明链接。",
    "注意：此邮件来自外部，请勿打开可疑附件。",
    "本邮件已经过病毒扫描。",
    "您不经常收到来自 tom@example.com 的电子邮件。了解为什么这一点很重要",
]


@pytest.mark.parametrize("notice", DISCLAIMERS)
def test_a_disclaimer_is_left_out(notice):
    assert customer_text(f"{OWN}\n\n{notice}") == CustomerText(OWN, ("disclaimer",))


@pytest.mark.parametrize("notice", CHINESE_DISCLAIMERS)
def test_a_chinese_disclaimer_is_left_out(notice):
    assert customer_text(f"{ZH}\n\n{notice}") == CustomerText(ZH, ("disclaimer",))


@pytest.mark.parametrize("notice", BANNERS)
def test_a_banner_is_left_out_below_and_above(notice):
    assert customer_text(f"{OWN}\n\n{notice}") == CustomerText(OWN, ("banner",))
    assert customer_text(f"{notice}\n\n{OWN}") == CustomerText(OWN, ("banner",))


@pytest.mark.parametrize("notice", CHINESE_BANNERS)
def test_a_chinese_banner_is_left_out_below_and_above(notice):
    assert customer_text(f"{ZH}\n\n{notice}") == CustomerText(ZH, ("banner",))
    assert customer_text(f"{notice}\n\n{ZH}") == CustomerText(ZH, ("banner",))


@pytest.mark.parametrize(
    ("text", "left", "omitted"),
    [
        (f"{OWN} {DISCLAIMERS[0]}", OWN, "disclaimer"),
        (f"[EXTERNAL] {OWN}", OWN, "banner"),
        (f"[外部邮件] {ZH}", ZH, "banner"),
        ("【外部邮件】附件打不开", "附件打不开", "banner"),
        (f"{OWN}\n\n{DISCLAIMERS[0]}\n\nP.S. It is loud.", f"{OWN}\n\nP.S. It is loud.", "disclaimer"),
        (f"{BANNERS[4]} {OWN}", OWN, "banner"),
    ],
)
def test_own_words_beside_a_notice_stay(text, left, omitted):
    assert customer_text(text) == CustomerText(left, (omitted,))


@pytest.mark.parametrize(
    "text",
    [
        "Your app is infected with a virus, I scanned it.",
        "I got an external hard drive, and it is broken.",
        "You sent my confidential data to somebody else by email!",
        "I received this message in error: cannot log in.",
        "Your email said the order was cancelled.",
        "This email is not helpful. I want my money back.",
        "This message is for your manager: you lost a customer.",
        "The attachments are missing.",
        "Caution: the battery explodes!",
        "WARNING: do not buy this phone",
        "Please delete my account, it was opened in error.",
        "你们的邮件泄露了我的信息，太过分了。",
        "Disclaimer: I work for a competitor. Still, I liked it.",
        "外部屏幕坏了。",
        "电脑中病毒了，怎么办？",
        "这封邮件我没看懂。",
        "External keyboard not recognised after the update.",
    ],
)
def test_what_only_resembles_a_notice_stays(text):
    assert customer_text(text) == CustomerText(text, ())
    assert customer_text(f"Hello\n\n{text}") == CustomerText(f"Hello\n\n{text}", ())
