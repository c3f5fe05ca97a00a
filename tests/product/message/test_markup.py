import pytest

from product.message.customer import CustomerText, customer_text

OWN = "It is still broken."
THEIRS = "<div>We are happy to tell you that it is solved.</div>"
OUTLOOK_HEADER = (
    "<p><b>From:</b> Support &lt;s@example.com&gt;<br><b>Sent:</b> Monday, November 4, 2024 9:12 AM<br>"
    "<b>To:</b> Tom<br><b>Subject:</b> RE: hello</p>"
)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Where is my parcel?</p>", "Where is my parcel?"),
        ("<html><body>Where is my parcel?</body></html>", "Where is my parcel?"),
        ("<!DOCTYPE html><html><head><title>Mail</title></head><body><p>Hi</p></body></html>", "Hi"),
        ("<!-- error: failed --><p>Thank you, it works now!</p>", "Thank you, it works now!"),
        ("<style>p {color: red}</style><script>alert('bad')</script><p>Hello there</p>", "Hello there"),
        ("I <b>really</b> want <i>my</i> money", "I really want my money"),
        ("un<b>believ</b>able", "unbelievable"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("<div>one</div>\n<div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<ul><li>slow</li><li>loud</li></ul>", "slow\nloud"),
        (
            "<table><tr><td>Order</td><td>late</td></tr><tr><td>Price</td><td>ok</td></tr></table>",
            "Order late\nPrice ok",
        ),
        ("<p>a&nbsp;b &amp; c &lt;3 &#8364;5 &#x1F600;</p>", "a b & c <3 €5 😀"),
        ("I&#39;m angry &amp; tired", "I'm angry & tired"),
        ("It&amp;#39;s late &amp;amp; cold", "It's late & cold"),
        ("&lt;p&gt;Where is it?&lt;/p&gt;", "Where is it?"),
        ("&ldquo;great&rdquo; service&hellip;", "“great” service…"),
        ("ter&#8203;rible", "terrible"),
        ("ter&shy;rible", "terrible"),
        ('<p>Look <a href="https://example.com/terrible">here</a></p>', "Look here"),
        ('<p>Great <img alt="👍" src="x.png"></p>', "Great 👍"),
        ('<p>Hi<img alt="company logo" src="x.png"></p>', "Hi"),
        ('<div style="display:none">preheader</div><div>Where is it?</div>', "Where is it?"),
        ('<span style="font-size:11pt">太差了<o:p></o:p></span>', "太差了"),
        (
            '<div class="WordSection1"><p class="MsoNormal"><span lang="EN-US">太差了，<o:p></o:p></span></p></div>',
            "太差了，",
        ),
        ("<div><includetail><!--<![endif]--></includetail></div><div>太差了，等了一周</div>", "太差了，等了一周"),
        ("<!--[if gte mso 9]><xml>bad</xml><![endif]--><p>Hello you</p>", "Hello you"),
        ("<p>5 < 6 and <3</p>", "5 < 6 and <3"),
        ("<p>Write to <tom@example.com> or Tom <t@e.com></p>", "Write to <tom@example.com> or Tom <t@e.com>"),
        ("<p>It says <order number> not found</p>", "It says <order number> not found"),
        ("<p>http://e.com/?a=1&copy=2&lt=3</p>", "http://e.com/?a=1&copy=2&lt=3"),
        ("<p>never closed", "<p>never closed"),
        ("<div><p>never closed", "never closed"),
        ("Hello\nit <b>broke</b>\n\nTwice", "Hello\nit broke\n\nTwice"),
        ("<pre>a\nb</pre>", "a\nb"),
        ("good film.<br /><br />Bad end.", "good film.\n\nBad end."),
        ("<P>UPPER</P>", "UPPER"),
    ],
)
def test_markup_becomes_text(markup, text):
    assert customer_text(markup) == CustomerText(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "5 < 6",
        "I <3 you",
        "a<b and c>d",
        "<- look",
        "Tom <tom@example.com> has not answered",
        "press <Enter> or <p>",
        "<sarcasm>great</sarcasm> job",
        "AT&T & R&D",
        "see ?a=1&copy=2&reg=3",
        "Fish & chips; salt",
        "x &foo; y",
        "<!important> read this",
        "<!-- no end",
        "what does <br mean",
        "<<< look >>>",
        "email <foo@example.com>",
        "我<3你们",
        "</3 broken heart",
        "<script",
    ],
)
def test_what_only_resembles_markup_stays(text):
    assert customer_text(text) == CustomerText(text, ())


@pytest.mark.parametrize(
    "quote",
    [
        f'<div class="gmail_quote"><div>On Mon, Nov 4, 2024 Kf wrote:</div><blockquote>{THEIRS}</blockquote></div>',
        f'<div class="gmail_quote gmail_quote_container"><div class="gmail_attr">On Mon</div>{THEIRS}</div>',
        f"<div>On Mon, Nov 4, 2024 at 9:12 AM Support &lt;s@example.com&gt; "
        f"wrote:</div><blockquote>{THEIRS}</blockquote>",
        f'<div class="yahoo_quoted"><div>On Monday</div>{THEIRS}</div>',
        f'<div class="moz-cite-prefix">Am 04.11.24 um 09:12 schrieb Support:</div><blockquote>{THEIRS}</blockquote>',
        f'<div><br><blockquote type="cite"><div>On 4 Nov, Support wrote:</div>{THEIRS}</blockquote></div>',
        f'<hr><div id="divRplyFwdMsg"><b>From:</b> Support<br><b>Sent:</b> Monday</div>{THEIRS}',
        f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Support</div>{THEIRS}',
        f'<hr id="stopSpelling">{OUTLOOK_HEADER}{THEIRS}',
        f'<div style="border-top:solid #E1E1E1 1.0pt">{OUTLOOK_HEADER}</div>{THEIRS}',
        f'<div class="x_gmail_quote">{THEIRS}</div>',
        f'<div class="protonmail_quote">{THEIRS}</div>',
        f'<div id="mail-editor-reference-message-container">{OUTLOOK_HEADER}{THEIRS}</div>',
        f"<includetail><div>------------------&nbsp;原始邮件&nbsp;------------------</div>{THEIRS}</includetail>",
        f"<div>------------------ 原始邮件 ------------------</div><div>发件人: 客服</div>{THEIRS}",
        f'<blockquote id="isReplyContent">At 2024-11-04 09:12:33, "kf" wrote:{THEIRS}</blockquote>',
        f'<div class="ntes-mailmaster-quote"><div>---- 回复的原邮件 ----</div>{THEIRS}</div>',
        f'<p>在 2024-11-04 09:12:33，"客服" &lt;kf@163.com&gt; 写道：</p><blockquote>{THEIRS}</blockquote>',
    ],
)
def test_what_mail_programs_quote_is_left_out(quote):
    assert customer_text(f"<div>{OWN}</div>{quote}") == CustomerText(OWN, ("quoted-reply",))


def test_a_forwarded_mail_is_reported_as_such():
    markup = f'<p>{OWN}</p><div class="gmail_quote"><div>---------- Forwarded message ---------</div>{THEIRS}</div>'
    assert customer_text(markup) == CustomerText(OWN, ("forwarded",))


def test_if_all_is_quoted_all_is_read():
    assert customer_text(f"<blockquote>{THEIRS}</blockquote>") == CustomerText(
        "We are happy to tell you that it is solved.", ()
    )


def test_a_reply_below_the_quote_stays():
    assert customer_text(f"<blockquote>{THEIRS}</blockquote><p>{OWN}</p>") == CustomerText(OWN, ("quoted-reply",))


@pytest.mark.parametrize(
    "signature",
    [
        '<div class="gmail_signature">Tom<br>Happy Homes</div>',
        '<div class="gmail_signature" data-smartmail="gmail_signature"><div>Tom, we love it</div></div>',
        '<span class="gmail_signature_prefix">-- </span><div class="gmail_signature">Tom</div>',
        '<div class="moz-signature">-- <br>Tom</div>',
        '<div id="Signature"><p>Happy Homes, award-winning</p></div>',
        '<div id="ms-outlook-mobile-signature">Get Outlook for iOS</div>',
    ],
)
def test_the_signature_of_a_mail_program_is_left_out(signature):
    assert customer_text(f"<div>{OWN}</div>{signature}") == CustomerText(OWN, ("signature",))


def test_markup_without_text_is_read_as_it_stands():
    assert customer_text("<br><br>") == CustomerText("<br><br>", ())
