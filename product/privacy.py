"""Redaction: personal identifiers become typed placeholders before the model or the disk sees a text.

What is recognised: e-mail addresses, payment cards (13 to 19 digits that pass the Luhn check), IBANs (mod-97 check)
and phone numbers written internationally (+ or 00 and 8 to 15 digits). A number that is not one of these, such as an
order, a flight, a price or a date, is left as it is.
"""

import re

# Every repetition is bounded: a text of 10,000 letters must not cost a quadratic search.
EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
CARD = re.compile(r"(?<![\d+])(?:\d[ -]?){12,18}\d(?!\d)", re.ASCII)
PHONE = re.compile(r"(?<![\w+])(?:\+|00)(?:[ .\-/()]{0,2}\d){8,15}(?!\d)", re.ASCII)


def redact(text: str) -> str:
    """The text with identifiers replaced by `[email]`, `[iban]`, `[card]` and `[phone]`."""
    text = EMAIL.sub("[email]", text)
    text = IBAN.sub(lambda match: "[iban]" if _is_iban(match.group()) else match.group(), text)
    text = CARD.sub(lambda match: "[card]" if _passes_luhn(match.group()) else match.group(), text)
    return PHONE.sub("[phone]", text)


def _passes_luhn(number: str) -> bool:
    """ISO/IEC 7812-1 annex B: every second digit from the right doubled, digit sums divisible by ten."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(candidate: str) -> bool:
    """ISO 13616: country and check digits to the end, letters as 10 to 35, remainder 1 on division by 97."""
    compact = candidate.replace(" ", "")
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
