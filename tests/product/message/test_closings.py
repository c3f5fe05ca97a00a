import pytest

from product.message.customer import CustomerText, customer_text

OWN = "It broke again."
ZH = "屏幕又坏了，请处理。"


@pytest.mark.parametrize(
    "signature",
    [
        "Kind regards,\nTom",
        "Kind regards\nTom Miller",
        "Best regards,\n\nTom Miller\nSales Manager\nHappy Homes Ltd\n+44 20 7946 0123\nwww.example.com",
        "Best wishes and many thanks,\nHappy Homes Ltd – Bringing joy to your home. Award-winning, 5-star rated!",
        "Kind regards,\nTom\nAwesome Sound Studio – we love what we do! ❤️",
        "Kind regards,\nTom\nSunny Travel\nMaking dreams come true since 1990",
        "Regards,\nJ. R. Miller, PhD",
        "Yours sincerely,\n\nAnna van der Berg",
        "Yours faithfully\nMr. T. Miller",
        "With best regards,\nThe Miller Family",
        "Kind regards, Tom Miller",
        "Regards Tom",
        "Kind regards",
        "Thanks and regards,\nTom",
        "Best Regards / Mit freundlichen Grüßen\nTom Müller",
        "BR\nTom",
        "Sincerely,\ntom",
        "Mit freundlichen Grüßen\nTom Müller",
        "Cordialement,\nJean Dupont",
        "-- \nTom Miller\nHappy Homes Ltd",
        "-- \nWe build the best homes in town, ask anybody",
        "--\nTom Miller\nHappy Homes Ltd\nTel: +44 20 7946 0123",
        "--\nTom",
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from my iPad, please excuse typos",
        "Sent via BlackBerry from T-Mobile",
        "Sent from Outlook for Android",
        "Sent from Yahoo Mail on Android",
        "Sent with Proton Mail secure email.",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Regards,\nTom\n\nSent from my iPhone",
        "Kind regards,\nTom\n4 November 2024",
        "Kind regards,\n王伟\nBeijing Trading Co., Ltd",
        "Kind regards,\nEdgar Blunt\nTree Surgeon, fully insured\nRot, decay and dangerous branches",
        "Best wishes,\nGRAND FAIL Electrical\nDomestic and commercial\nCall Dan on 07700 900 833\nDon't fear a "
        "grand fail!",
        "Best wishes,\nNina Hart\nAngry Goat Brewing\nTaproom open Thu-Sun",
        "Warmly,\nTom\nHappy Homes Ltd\nFollow us on Facebook",
        "Kind regards,\n[email]\n[phone]",
        "Kind regards,\nGood Evening Tea House\n17 Mill Road, Leeds\nGood tea, bad jokes",
    ],
)
def test_a_signature_is_left_out(signature):
    assert customer_text(f"{OWN}\n\n{signature}") == CustomerText(OWN, ("signature",))


@pytest.mark.parametrize(
    "signature",
    [
        "此致\n敬礼\n王伟",
        "此致\n敬礼！\n\n王伟\n2024年11月4日",
        "此致 敬礼",
        "祝好\n王小明",
        "此致 敬禮 王建國",
        "祝安 王小明",
        "此致\n敬礼\n王海 | 采购部\n苏州恒立精密机械有限公司\n质量就是生命\n电话 0512-66183920",
        "此致\n敬礼\n张强\n垃圾清运队\n0571-85310072",
        "|\n|\n王伟\n|\n|\nw@163.com\n|",
        "顺祝商祺\n王伟\n上海幸福家居有限公司\n电话：021-12345678",
        "祝您工作顺利！\n李女士",
        "敬上\n王伟",
        "发自我的iPhone",
        "发自我的华为手机",
        "發自我的 iPhone",
        "从我的iPhone发送",
        "来自网易邮箱大师",
        "获取 Outlook for iOS",
        "发自 Foxmail for iOS",
        "--\n王伟\n幸福家居有限公司\n让生活更美好",
    ],
)
def test_a_chinese_signature_is_left_out(signature):
    assert customer_text(f"{ZH}\n\n{signature}") == CustomerText(ZH, ("signature",))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{OWN}\n\nThanks,\nTom", f"{OWN}\n\nThanks,"),
        (f"{OWN}\n\nThank you!\nTom Miller\nHappy Homes Ltd", f"{OWN}\n\nThank you!"),
        (f"{OWN}\n\nBest,\nTom", f"{OWN}\n\nBest,"),
        (f"{ZH}\n谢谢！\n王伟", f"{ZH}\n谢谢！"),
        (f"{OWN}\n\nKind regards,\nTom\n\nP.S. It is still loud.", f"{OWN}\n\nP.S. It is still loud."),
        (f"{OWN}\nRegards,\nTom\nIt is still loud.", f"{OWN}\nIt is still loud."),
        (f"{OWN}\n\nKind regards,\nTom\n\nI forgot: the box was open.", f"{OWN}\n\nI forgot: the box was open."),
        (f"{OWN}\n-- \nTom\nP.S. It is still loud.", f"{OWN}\nP.S. It is still loud."),
        (
            f"{OWN}\n\nKind regards,\nTom\n\nAlso, nobody answers the phone!",
            f"{OWN}\n\nAlso, nobody answers the phone!",
        ),
        (f"{OWN}\n\nRegards,\nTom\nWorst experience ever.", f"{OWN}\n\nWorst experience ever."),
        (f"{OWN}\n\nRegards,\nTom\nbroken since Monday", f"{OWN}\n\nbroken since Monday"),
        (f"{OWN}\n\nThanks,\nTom\nScreen flickers all day", f"{OWN}\n\nThanks,\nScreen flickers all day"),
        (f"{ZH}\n此致\n敬礼\n王伟\n垃圾公司", f"{ZH}\n垃圾公司"),
        (f"{ZH}\n此致\n敬礼\n王伟\n最差劲的一家店", f"{ZH}\n最差劲的一家店"),
        (f"{ZH}\n此致\n敬礼\n王伟\n太让人失望了", f"{ZH}\n太让人失望了"),
        (f"{ZH}\n此致\n敬礼\n王伟\n另外，客服态度太差了。", f"{ZH}\n另外，客服态度太差了。"),
    ],
)
def test_thanks_and_what_the_customer_adds_below_stay(text, left):
    assert customer_text(text) == CustomerText(left, ("signature",))


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, Tom",
        "Kind regards, Tom",
        "Sent from my iPhone",
        "It broke again. Kind regards, Tom",
        "best regards to nobody, you ruined my day",
        f"{OWN}\nbest regards to nobody, you ruined my day",
        f"{OWN}\nThanks, Tom\nP.S. it is still broken",
        f"{OWN}\nThanks for nothing",
        f"{OWN}\nThank you!",
        f"{OWN}\nBest,\nworst day of my life",
        f"{OWN}\n\nRegards,\nA very disappointed customer",
        f"{OWN}\n\nRegards,\nstill waiting",
        f"{OWN}\n\nRegards,\nBad Service",
        "Regards\nTom",
        "Hello,\nmy name is Tom.\nWhere is it?",
        "Hi Tom,\n\nwhere is it?\n\nAnna",
        f"{OWN}\n--\nIt is loud, too.",
        f"{OWN}\n--\nNever again!",
        f"{OWN}\n- slow\n- loud",
        f"{OWN}\nI sent from my iPhone three mails",
        f"{OWN}\nSent from my account on Monday, it never arrived",
        f"{OWN}\nSent from my iPhone, which you broke",
        f"{OWN}\nWarm regards to your driver, who threw it over the fence",
        f"{OWN}\nBest wishes?\nYou must be joking",
        f"{ZH}\n谢谢",
        f"{ZH}\n太差了",
        f"{ZH}\n来自客户的投诉",
        f"{ZH}\n从手机上下单两次都失败",
        f"{ZH}\n谢谢\n还没到",
        "祝好\n东西收到了",
        f"{OWN}\nKind regards are not what I feel\nTom",
        "Sincerely disappointed\nTom",
    ],
)
def test_what_only_resembles_a_signature_stays(text):
    assert customer_text(text) == CustomerText(text, ())


def test_a_signature_above_a_quoted_thread_is_left_out_too():
    text = f"{OWN}\n\nKind regards,\nTom\n\nOn Mon, Nov 4, 2024 at 9:12 AM Support <s@e.com> wrote:\n> Great news!"
    assert customer_text(text) == CustomerText(OWN, ("quoted-reply", "signature"))
