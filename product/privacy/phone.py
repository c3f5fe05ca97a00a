"""Telephone numbers in messages: international ones by country code and length, national ones by their format.

Whether a number is assigned does not matter: people mistype numbers, and lists of ranges go out of date.
"""

import re

import phonenumbers
from phonenumbers import ValidationResult

# Not after a letter, digit, decimal point, "#" or currency sign, nor as part of a code such as "HT-2026-…".
START = r"(?<![A-Za-z0-9_#$£€¥])(?<!\d\.)(?<![A-Z0-9]-)"
# An extension may follow ("x3").
END = r"(?![0-9A-WYZa-wyz_]|-[0-9A-Za-z])"
NUMBER_END = re.compile(END)

INTERNATIONAL = re.compile(rf"\(?{START}(?:\+|00)[ ]?[(\d](?:[ .\-/()]{{0,2}}\d){{6,17}}")
CHINESE_MOBILE = re.compile(rf"{START}(?:\(?86\)?[ -]?)?1[3-9]\d[ .-]?\d{{4}}[ .-]?\d{{4}}{END}")
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
LOCAL = re.compile(rf"{START}\d{{2,11}}(?:([ .-])\d{{2,5}}(?:\1\d{{2,5}}){{0,3}})?{END}")
DATE = re.compile(r"(?:(?:19|20)\d\d[ .-]?[01]\d[ .-]?[0-3]\d|[0-3]?\d[ .-][01]?\d[ .-](?:19|20)\d\d)(?!\d)")

WINDOW = 32
"""Characters before or after a number that are searched for a word saying what it is."""
GAP = r"[\s:：#(（\"“,，]{0,3}"
CONNECTORS = (
    r"(?:(?:numbers?|no\.?|nr\.?|num|id|code|ref|is|was|number is|号码|编号|号|码|是|为|改成|到)" + GAP + r"){0,3}"
)
# "my number" means a telephone number, "number" alone does not. The placeholder "[phone]" does not count as a word.
PHONE_WORD = (
    r"(?:(?<!\[)\b(?:call(?:ed|ing)?|ring|rang|dial(?:led)?|(?:tele|smart|cell)?phone|tel|mob(?:ile)?|cell|hp|landline"
    r"|text|sms|whats ?app|fax|hotline|helpline|reach(?: me)?|contact|(?:my|new|his|her|our)(?: \w{1,8})? number)\b"
    r"|电话|手机|座机|致电|拨打?|来电|回电|热线|短信|传真|联系|打(?=\D{0,3}$))"
)
OTHER_NUMBER_WORD = (
    r"(?:\b(?:orders?|invoices?|tracking|parcels?|packages?|shipments?|ref(?:erence)?|accounts?|acct|policy|bookings?"
    r"|reservations?|tickets?|case|claim|serial|part|item|sku|customer|member(?:ship)?|loyalty|receipt|transaction"
    r"|confirmation|contract|meter(?: reading)?|tags?|imei|isbn|barcode|batch|lot|model|po|gate|seat|room|flight"
    r"|sort code|code|pin)\b"
    r"|订单|单号|快递单?|运单|流水|编号|参考号?|发票|保单|合同|交易|工单|工号|型号|序列|条码|户号|税号"
    r"|取件码|验证码|尾号|读数|邮编|密码|代码)"
)
OTHER_WORD_BEFORE = re.compile(rf"{OTHER_NUMBER_WORD}{GAP}{CONNECTORS}$", re.IGNORECASE | re.ASCII)
# Other words may come between, as in "call me back tonight on …", but no digit or placeholder.
BETWEEN = r"[^\d\n\]\ue000]"
PHONE_WORD_BEFORE = re.compile(rf"{PHONE_WORD}{BETWEEN}{{0,16}}$", re.IGNORECASE | re.ASCII)
PHONE_WORD_AFTER = re.compile(rf"\W{{0,2}}(?:is|was|是){BETWEEN}{{0,12}}{PHONE_WORD}", re.IGNORECASE | re.ASCII)


def international(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The longest run of whole digit groups whose length is possible for its country code (ITU-T E.164)."""
    if "+" not in match.group() and _preceded_by(OTHER_WORD_BEFORE, text, match):
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
    if _preceded_by(OTHER_WORD_BEFORE, text, match):
        return None
    for end in _group_ends(text, match):
        written = text[match.start() : end]
        digits = re.sub(r"\D", "", written)
        if (10 if written.isdigit() else 9) <= len(digits) <= 12 and NUMBER_END.match(text, end):
            return match.start(), end
    return None


def unless_named_otherwise(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The match, unless a word before it names another kind of number."""
    return None if _preceded_by(OTHER_WORD_BEFORE, text, match) else match.span()


def if_named_phone(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """7 to 11 digits that a word nearby calls a telephone number, and that are not a date."""
    digits = re.sub(r"\D", "", match.group())
    if not 7 <= len(digits) <= 11 or DATE.match(match.group()) or _preceded_by(OTHER_WORD_BEFORE, text, match):
        return None
    named = _preceded_by(PHONE_WORD_BEFORE, text, match) or PHONE_WORD_AFTER.match(
        text, match.end(), match.end() + WINDOW
    )
    return match.span() if named else None


def _preceded_by(words: re.Pattern[str], text: str, match: re.Match[str]) -> bool:
    return words.search(text[max(0, match.start() - WINDOW) : match.start()]) is not None


RULES = (
    (INTERNATIONAL, international),
    (CHINESE_MOBILE, unless_named_otherwise),
    (NORTH_AMERICAN, unless_named_otherwise),
    (NATIONAL, national),
    (HOTLINE, unless_named_otherwise),
    (LOCAL, if_named_phone),
)
"""Pattern and check, applied in this order; a check returns the span of the number, None if there is none."""
