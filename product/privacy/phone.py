"""Telephone numbers in messages: international ones by length and country code, national ones by how they are written.

Whether a number is assigned is not asked: people mistype, and ranges change faster than lists of them.
"""

import re

import phonenumbers
from phonenumbers import ValidationResult

# No letter, digit or decimal point before it, no code that a dash joins to it ("HT-2026-…"), no "#", no currency.
BEFORE = r"(?<![A-Za-z0-9_#$£€¥])(?<!\d\.)(?<![A-Z0-9]-)"
# "x3" may follow: an extension.
AFTER = r"(?![0-9A-WYZa-wyz_]|-[0-9A-Za-z])"
STOPS = re.compile(AFTER)

INTERNATIONAL = re.compile(rf"\(?{BEFORE}(?:\+|00)[ ]?[(\d](?:[ .\-/()]{{0,2}}\d){{6,17}}")
CHINESE_MOBILE = re.compile(rf"{BEFORE}(?:\(?86\)?[ -]?)?1[3-9]\d[ .-]?\d{{4}}[ .-]?\d{{4}}{AFTER}")
# ITU E.164 country code 1: area code N[0-8]X, exchange NXX but never N11 (North American Numbering Plan).
NORTH_AMERICAN = re.compile(
    rf"{BEFORE}(?:1[ .-]?)?(?:\([2-9][0-8]\d\)[ .-]?|[2-9][0-8]\d[ ./-])(?!\d11)[2-9]\d\d[ .-]?\d{{4}}{AFTER}"
)
# A single trunk prefix 0: Britain, Ireland, Australia, New Zealand, South Africa, India, and Chinese landlines.
NATIONAL = re.compile(
    rf"(?:{BEFORE}0[1-9]\d{{0,3}}[ ./-]?|\(0[1-9]\d{{0,3}}\)[ .-]{{0,2}})\d{{3,8}}(?:[ .-]\d{{3,4}}){{0,2}}(?!\d)"
)
# 400 and 800 in China, 1300 and 1800 in Australia and India: hotlines, with at least one gap.
HOTLINE = re.compile(
    rf"{BEFORE}(?:[48]00(?:[ -]\d{{3}}[ -]?\d{{4}}|[ -]\d{{4}}[ -]?\d{{3}}|\d[ -]\d{{3}}[ -]?\d{{3}})"
    rf"|1[38]00(?: \d{{3}} ?\d{{3,4}}|-\d{{3}}-?\d{{3,4}})){AFTER}"
)
LOCAL = re.compile(rf"{BEFORE}\d{{2,11}}(?:([ .-])\d{{2,5}}(?:\1\d{{2,5}}){{0,3}})?{AFTER}")
DATE = re.compile(r"(?:(?:19|20)\d\d[ .-]?[01]\d[ .-]?[0-3]\d|[0-3]?\d[ .-][01]?\d[ .-](?:19|20)\d\d)(?!\d)")

WINDOW = 32
"""Characters before a number in which a word may say what it is."""
GAP = r"[\s:：#(（\"“,，]{0,3}"
LINKS = r"(?:(?:numbers?|no\.?|nr\.?|num|id|code|ref|is|was|number is|号码|编号|号|码|是|为|改成|到)" + GAP + r"){0,3}"
# "number" alone says nothing of which; "my number" does. A placeholder says nothing of the number after it.
TELEPHONE = (
    r"(?:(?<!\[)\b(?:call(?:ed|ing)?|ring|rang|dial(?:led)?|(?:tele|smart|cell)?phone|tel|mob(?:ile)?|cell|hp|landline"
    r"|text|sms|whats ?app|fax|hotline|helpline|reach(?: me)?|contact|(?:my|new|his|her|our)(?: \w{1,8})? number)\b"
    r"|电话|手机|座机|致电|拨打?|来电|回电|热线|短信|传真|联系|打(?=\D{0,3}$))"
)
OTHER = (
    r"(?:\b(?:orders?|invoices?|tracking|parcels?|packages?|shipments?|ref(?:erence)?|accounts?|acct|policy|bookings?"
    r"|reservations?|tickets?|case|claim|serial|part|item|sku|customer|member(?:ship)?|loyalty|receipt|transaction"
    r"|confirmation|contract|meter(?: reading)?|tags?|imei|isbn|barcode|batch|lot|model|po|gate|seat|room|flight"
    r"|sort code|code|pin)\b"
    r"|订单|单号|快递单?|运单|流水|编号|参考号?|发票|保单|合同|交易|工单|工号|型号|序列|条码|户号|税号"
    r"|取件码|验证码|尾号|读数|邮编|密码|代码)"
)
SAID_OTHER = re.compile(rf"{OTHER}{GAP}{LINKS}$", re.IGNORECASE | re.ASCII)
# A few words may stand between: "call me back tonight on …". No digit or placeholder, or it would be that one's word.
BETWEEN = r"[^\d\n\]\ue000]"
SAID_TELEPHONE = re.compile(rf"{TELEPHONE}{BETWEEN}{{0,16}}$", re.IGNORECASE | re.ASCII)
SAID_AFTERWARDS = re.compile(rf"\W{{0,2}}(?:is|was|是){BETWEEN}{{0,12}}{TELEPHONE}", re.IGNORECASE | re.ASCII)


def international(text: str, match: re.Match) -> tuple[int, int] | None:
    """The longest run of whole groups that is as long as numbers of its country are (ITU-T E.164)."""
    if "+" not in match.group() and _said(SAID_OTHER, text, match):
        return None
    start = match.start() + (match.group()[0] == "(" and ")" not in match.group())
    return next(((start, end) for end in _group_ends(text, match) if _is_possible(text[start:end])), None)


def _is_possible(written: str) -> bool:
    digits = re.sub(r"\D", "", written.replace("(0)", ""))
    digits = digits if "+" in written else digits.removeprefix("00")
    for length in (1, 2, 3):
        country = int(digits[:length] or 0)
        if country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            national = digits[length:].removeprefix("0")
            number = phonenumbers.PhoneNumber(country_code=country, national_number=int(national or 0))
            return phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return False


def _group_ends(text: str, match: re.Match) -> list[int]:
    """Ends of the groups of digits in a match, last first; none inside a longer number."""
    ends = [each.end() for each in re.finditer(r"\d+\)?", match.group())]
    return [
        match.start() + end
        for end in reversed(ends)
        if not text[match.start() + end : match.start() + end + 1].isdigit()
    ]


def national(text: str, match: re.Match) -> tuple[int, int] | None:
    """A number with the trunk prefix: 9 to 12 digits, 10 to 12 in one piece."""
    if _said(SAID_OTHER, text, match):
        return None
    for end in _group_ends(text, match):
        written = text[match.start() : end]
        digits = re.sub(r"\D", "", written)
        if (10 if written.isdigit() else 9) <= len(digits) <= 12 and STOPS.match(text, end):
            return match.start(), end
    return None


def unless_said_otherwise(text: str, match: re.Match) -> tuple[int, int] | None:
    return None if _said(SAID_OTHER, text, match) else match.span()


def if_said(text: str, match: re.Match) -> tuple[int, int] | None:
    """7 to 11 digits that a word nearby calls a telephone number."""
    digits = re.sub(r"\D", "", match.group())
    if not 7 <= len(digits) <= 11 or DATE.match(match.group()) or _said(SAID_OTHER, text, match):
        return None
    said = _said(SAID_TELEPHONE, text, match) or SAID_AFTERWARDS.match(text, match.end(), match.end() + WINDOW)
    return match.span() if said else None


def _said(what: re.Pattern, text: str, match: re.Match) -> bool:
    return what.search(text[max(0, match.start() - WINDOW) : match.start()]) is not None


RULES = (
    (INTERNATIONAL, international),
    (CHINESE_MOBILE, unless_said_otherwise),
    (NORTH_AMERICAN, unless_said_otherwise),
    (NATIONAL, national),
    (HOTLINE, unless_said_otherwise),
    (LOCAL, if_said),
)
"""In this order; each a pattern, and what says which part of a match is a number, None if none is."""
