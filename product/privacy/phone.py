"""Telephone numbers in messages: international ones by country code and length, national ones by their format.

Whether a number is assigned does not matter: people mistype numbers, and lists of ranges go out of date.
"""

import re

import phonenumbers
from phonenumbers import ValidationResult

from product.privacy import words

# Words that people write directly before or after a number, without a space: "VX13800138000", "tel+44…".
JOINED = "加v|vx|wx|wechat|weixin|qq|tel|phone|ph|mob|mobile|cell|call|sms|text|whatsapp|hp|fax"
JOINED_BEFORE = "|".join(rf"(?<={word})" for word in JOINED.split("|"))
JOINED_AFTER = rf"(?:{JOINED}|please|pls|thanks|thx|and|or|ext)"
# Not after a letter, digit, decimal point, "#" or currency sign, nor as part of a code such as "HT-2026-…".
START = rf"(?:(?<![A-Za-z0-9_#$£€¥])(?<!\d\.)(?<![A-Z0-9]-)|(?i:{JOINED_BEFORE}))"
# An extension may follow ("x3").
END = rf"(?:(?![0-9A-WYZa-wyz_]|-[0-9A-Za-z])|(?=(?i:{JOINED_AFTER})))"
NUMBER_END = re.compile(END)

INTERNATIONAL = re.compile(rf"\(?{START}(?:\+|00)[ ]?[(\d](?:[ .\-/()]{{0,2}}\d){{6,17}}")
# Eleven digits, without gaps or as 3-4-4 or 4-3-4; with points, only as 3.4.4.
MOBILE_GAP = r"(?:\s{1,3}|\s?[/-]\s?)"
CHINESE_MOBILE = re.compile(
    rf"{START}(?:\(?86\)?[ -]?)?(?:(?:1[3-9]\d|\(1[3-9]\d\))(?:{MOBILE_GAP}?\d{{4}}{MOBILE_GAP}?|\.\d{{4}}\.)\d{{4}}"
    rf"|1[3-9]\d\d{MOBILE_GAP}\d{{3}}{MOBILE_GAP}\d{{4}}){END}"
)
# With the country code 86: two or three digits of area code, seven or eight more, and at least one gap.
CHINESE_LANDLINE = re.compile(
    rf"\(?{START}86(?!\d{{10}})\)?[ -]?\(?0?(?:10|2\d|[3-9]\d\d)\)?[ -]?\d{{3,4}}[ -]?\d{{4}}{END}"
)
# ITU E.164 country code 1: area code N[0-8]X, exchange NXX but never N11 (North American Numbering Plan).
NORTH_AMERICAN = re.compile(
    rf"{START}(?:1[ .-]?)?(?:\([2-9][0-8]\d\)[ .-]?|[2-9][0-8]\d[ ./-])(?!\d11)[2-9]\d\d[ .-]?\d{{4}}{END}"
)
# With the trunk prefix 0: Britain, Ireland, Australia, New Zealand, South Africa, India, and Chinese landlines.
NATIONAL = re.compile(
    rf"(?:{START}0[1-9]\d{{0,3}}[ ./-]?|\(0[1-9]\d{{0,3}}\)[ .-]{{0,2}})\d{{3,8}}(?:[ .-]\d{{3,4}}){{0,2}}(?!\d)"
)
# Hotlines, with at least one gap: 400 and 800 in China, 1300 and 1800 in Australia and India.
HOTLINE = re.compile(
    rf"{START}(?:[48]00(?:[ -]\d{{3}}[ -]?\d{{4}}|[ -]\d{{4}}[ -]?\d{{3}}|\d[ -]\d{{3}}[ -]?\d{{3}})"
    rf"|1[38]00(?: \d{{3}} ?\d{{3,4}}|-\d{{3}}-?\d{{3,4}})){END}"
)
# Any grouping, for numbers that a word calls a telephone number.
NAMED = re.compile(rf"\(?{START}(?!24/7)\d(?:[ .\-/()]{{0,3}}\d){{6,12}}")
DATE = re.compile(
    r"\(?(?:(?:19|20)\d\d[ ./-]?[01]\d[ ./-]?[0-3]\d|[0-3]?\d[ ./-][01]?\d[ ./-](?:19|20)\d\d"
    r"|[0-3]?\d([./-])[01]?\d\1\d\d)(?![./-]?\d)"
)
TIMES = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d ?- ?(?:[01]\d|2[0-3])[0-5]\d")
DECIMAL = re.compile(r"\d+\.\d+")


def international(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The longest run of whole digit groups whose length is possible for its country code (ITU-T E.164)."""
    if "+" not in match.group() and is_something_else(text, *match.span()):
        return None
    start = match.start() + (match.group()[0] == "(" and ")" not in match.group())
    return next(((start, end) for end in _group_ends(text, match) if _is_possible(text[start:end])), None)


def _is_possible(written: str) -> bool:
    """Whether the country code exists and its numbers can have this length."""
    digits = re.sub(r"\D", "", written.replace("(0)", ""))
    digits = digits if "+" in written else digits.removeprefix("00")
    for length in (1, 2, 3):
        country = int(digits[:length] or 0)
        if country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            national = digits[length:].removeprefix("0")
            number = phonenumbers.PhoneNumber(country_code=country, national_number=int(national or 0))
            return phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return False


def _group_ends(text: str, match: re.Match[str]) -> list[int]:
    """Ends of the digit groups in a match, last first, except where another digit follows."""
    ends = [group.end() for group in re.finditer(r"\d+\)?", match.group())]
    return [
        match.start() + end
        for end in reversed(ends)
        if not text[match.start() + end : match.start() + end + 1].isdigit()
    ]


def national(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """A number with the trunk prefix: 9 to 12 digits, or 10 to 12 without gaps."""
    for end in _group_ends(text, match):
        written = text[match.start() : end]
        digits = re.sub(r"\D", "", written)
        if (10 if written.isdigit() else 9) <= len(digits) <= 12 and NUMBER_END.match(text, end):
            return None if is_something_else(text, match.start(), end) else (match.start(), end)
    return None


def unless_named_otherwise(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The match, unless it is a decimal number or a word before or after it names another kind of number."""
    return None if is_something_else(text, *match.span()) else match.span()


def north_american(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """A number of the North American Numbering Plan, unless it may be a list such as "rooms 201 203 2050"."""
    before = text[max(0, match.start() - words.WINDOW) : match.start()]
    spaced = re.fullmatch(r"[\d ]+", match.group())
    if spaced and words.COUNTED_BEFORE.search(before) and not words.PHONE_BEFORE.search(before):
        return None
    return unless_named_otherwise(text, match)


def is_something_else(text: str, start: int, end: int) -> bool:
    """Whether a number is a decimal, or named otherwise by a word before it or a unit after it."""
    return bool(
        DECIMAL.fullmatch(text, start, end)
        or words.OTHER_AFTER.match(text, end)
        or words.OTHER_BEFORE.search(text[max(0, start - words.WINDOW) : start])
    )


def if_named_phone(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """7 to 13 digits that a word nearby calls a telephone number, and that are not a date or two times of day."""
    start = match.start()
    for end in _group_ends(text, match):
        written = text[start:end]
        if _looks_like_phone(written) and NUMBER_END.match(text, end):
            before = text[max(0, start - words.WINDOW) : start]
            named = words.PHONE_BEFORE.search(before) or words.PHONE_AFTER.match(text, end, end + words.WINDOW)
            return (start, end) if named and not is_something_else(text, start, end) else None
    return None


def _looks_like_phone(written: str) -> bool:
    """Whether a number is long enough for a telephone number, and grouped like one."""
    digits = re.sub(r"\D", "", written)
    groups = re.findall(r"\d+", written)
    longest = 13 if digits.startswith(("0", "86")) else 11
    if not 7 <= len(digits) <= longest or written.count("(") != written.count(")"):
        return False
    single = len(groups) > 1 and len(groups[-1]) == 1
    decimals = "." in written and re.search(r"[ /-]", written) is not None
    return not (single or decimals or DATE.match(written) or TIMES.fullmatch(written))


RULES = (
    (INTERNATIONAL, international),
    (CHINESE_MOBILE, unless_named_otherwise),
    (CHINESE_LANDLINE, unless_named_otherwise),
    (NORTH_AMERICAN, north_american),
    (NATIONAL, national),
    (HOTLINE, unless_named_otherwise),
    (NAMED, if_named_phone),
)
"""Pattern and check, applied in this order; a check returns the span of the number, None if there is none."""
