import pytest

from product.privacy import redact


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to anna.k+shop@mail.example.org, please", "write to [email], please"),
        ("card 4111 1111 1111 1111 was charged", "card [card] was charged"),
        ("card 5555-5555-5555-4444.", "card [card]."),
        ("call +44 20 7946 0958 after six", "call [phone] after six"),
        ("call 0049 30 901820", "call [phone]"),
        ("IBAN GB82 WEST 1234 5698 7654 32 please", "IBAN [iban] please"),
        ("银行卡4111111111111111被扣款", "银行卡[card]被扣款"),
    ],
)
def test_an_identifier_becomes_its_placeholder(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 has not come",  # one digit off: fails the Luhn check
        "flight BA 0117 on 2026-03-14 at 10:45",
        "it cost 1,299.00, not 1.199,00",
        "tracking RT55092 and LM 4410 7782",
        "thanks @united for nothing",
        "GB82 WEST 1234 5698 7654 33",  # check digits do not fit
    ],
)
def test_an_ordinary_number_stays(text):
    assert redact(text) == text


def test_redacting_twice_changes_nothing_more():
    once = redact("a@b.co and 4111111111111111 and +1 202 555 0143")
    assert redact(once) == once
