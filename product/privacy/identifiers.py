"""The kinds of personal identifiers: the pattern that finds each and the check that confirms it.

Telephone numbers are in `product.privacy.phone`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import AddressValueError, IPv6Address

from stdnum import iban, luhn, numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from product.privacy import email, phone, words

KINDS = ("email", "phone", "card", "iban", "id", "ip", "url")


@dataclass(frozen=True)
class Identifier:
    """`kind` is one of KINDS; `start` and `end` count characters, as slices do."""

    kind: str
    start: int
    end: int


Span = tuple[int, int]
Check = Callable[[str, re.Match[str]], Span | None]
"""Gets the text and a match; returns the span of the identifier, None if the match is not one."""

START = r"(?<![A-Za-z0-9_])"
END = r"(?![A-Za-z0-9_])"
GAP = r"(?:\s{1,4}|\s?[./|·・-]{1,2}\s?)?"
# Letters may come before or after numbers that a check confirms: "IBANDE89…", "4111…CVV123".
IBAN = re.compile(rf"(?<![0-9])(?=([A-Za-z]{{2}})\d\d{GAP}[A-Za-z0-9])")
CHINESE_ID = re.compile(rf"(?<!\d)\d{{6}}{GAP}\d{{8}}{GAP}\d{{3}}{GAP}[\dXx](?!\d)")
# One to six groups of digits, however they are divided.
CARD = re.compile(rf"(?<!\d)(?<!\d[.-])(?=(\d{{4,19}}(?:{GAP}\d{{3,13}}){{0,5}}))")
MIN_DOUBTFUL_DIGITS = 15
"""Digits of a card number that touches a letter or is called something else: shorter ones pass the check too often."""
LETTER = re.compile("[A-Za-z_]")
IPV4 = re.compile(rf"(?:(?<=[Ii][Pp])|{START})(?<!\d\.)(?:\d{{1,3}}\.){{3}}\d{{1,3}}{END}(?!\.\d)")
IPV6 = re.compile(rf"{START}[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:]{{1,40}}(?:\.\d{{1,3}}){{0,3}}(?![A-Za-z0-9_])")
URL = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z][A-Za-z0-9+.-]{1,20}://|www\.)[^\s\"<>\u0080-\uffff]+"
    r"|(?<![A-Za-z0-9@._-])(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}[/?][^\s\"<>\u0080-\uffff]+"
)

# Prefixes and lengths by network: Visa; Mastercard and Mir; American Express; Diners; Discover, JCB and UnionPay;
# Maestro. JCB numbers have at least 16 digits here: an IMEI has 15, may start like one and passes the Luhn check.
CARD_NUMBERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|220[0-4])\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d|62\d\d|81\d\d|352[89]|35[3-8]\d)\d{12,15}"
    r"|(?:5018|5019|50[2-9]\d|5[6-8]\d\d|63\d\d|67\d\d)\d{9,15}"
)

PARAMETER = re.compile(r"[?&#;]([^=&#;?]{1,64})=([^&#;]+)")
USERINFO = re.compile(r"://[^/?#@:]{0,256}:[^/?#@]{1,256}@")
SECRET_NAME = re.compile(
    "(?:access|session)?token|secret|passw(?:or)?d|pwd|pass|signature|sig|hmac|(?:j|php)?sess(?:ion)?(?:id)?|sid|apikey"
    "|jwt|otp|auth(?:orization)?|credentials?"
)
SECRET_KEY_PREFIXES = frozenset(("", "api", "access", "secret", "private", "auth", "license", "session"))
"""What may precede `key` in the name of a secret: `api_key` is one, `sort_key` is not."""
# A path that gives access: after one of these words, eight characters that mix letters and digits.
SECRET_PATH = re.compile(
    r"(?:(?:reset|password|verif|confirm|activat|magic|invit|shar|log-?in|sign-?in|auth|token|session|secret)"
    r"[a-z_-]{0,24}/(?:[^/?#]{0,80}/)?|hooks?[./][^?#]{0,60}/)"
    r"(?=[A-Za-z]{0,40}\d)(?=\d{0,40}[A-Za-z])[A-Za-z0-9]{8}",
    re.IGNORECASE,
)
ALPHANUMERIC_RUN = re.compile(r"[A-Za-z0-9]{16,}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CHARACTER_CHANGE = re.compile(r"(?<=\d)[A-Za-z]|(?<=[A-Za-z])\d|(?<=[a-z])[A-Z]")
MIN_RANDOM_CHANGES = 4
"""A run of 16 characters looks random if it changes this often between letters and digits, or to upper case.

Words, product numbers and order numbers change less often.
"""


def _entire_match(_text: str, match: re.Match[str]) -> Span:
    return match.span()


def _card(text: str, match: re.Match[str]) -> Span | None:
    """The longest run of whole groups that is a card number."""
    start = match.start()
    named_otherwise = words.OTHER_BEFORE.search(text[max(0, start - words.WINDOW) : start])
    for group in reversed(list(re.finditer(r"\d+", match.group(1)))):
        end = start + group.end()
        digits = re.sub(r"\D", "", text[start:end])
        doubtful = named_otherwise or LETTER.match(text[start - 1 : start]) or LETTER.match(text, end)
        if text[end : end + 1].isdigit() or (doubtful and len(digits) < MIN_DOUBTFUL_DIGITS):
            continue
        if CARD_NUMBERS.fullmatch(digits) and luhn.is_valid(digits):
            return start, end
    return None


def _iban(text: str, match: re.Match[str]) -> Span | None:
    """As many letters and digits as the country's IBANs have, with its structure and the check of ISO 13616-1."""
    length = _iban_length(match.group(1).upper())
    written = re.compile(rf"(?:[A-Za-z0-9]{GAP}){{{length - 1}}}(?:\d(?!\d)|[A-Za-z]{END})").match(text, match.start())
    if not length or not written:
        return None
    compact = re.sub("[^A-Za-z0-9]", "", written.group())
    inside_word = LETTER.match(text[match.start() - 1 : match.start()]) and compact != written.group()
    if inside_word and text[: match.start()][-4:].upper() != "IBAN":
        return None
    return written.span() if is_iban(compact) else None


def is_iban(compact: str) -> bool:
    """Whether an IBAN without gaps has its country's structure and check digits. The bank need not exist."""
    return iban.is_valid(compact, check_country=False)


@cache
def _iban_length(country: str) -> int:
    """Characters of the country's IBANs (ISO 13616-2), 0 if it has none."""
    structure = numdb.get("iban").info(country)[0][1].get("bban", "")
    return sum(map(int, re.findall(r"(\d+)!", structure)), start=4) if structure else 0


def _chinese_id(_text: str, match: re.Match[str]) -> Span | None:
    return match.span() if is_chinese_id(re.sub("[^0-9Xx]", "", match.group())) else None


def is_chinese_id(number: str) -> bool:
    """The check of GB 11643-1999 on 18 characters: a date of birth at 7 to 14, and ISO 7064 MOD 11-2, X meaning 10.

    The county code counts for nothing: lists of them go out of date.
    """
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return number[6:8] in ("18", "19", "20") and ric.calc_check_digit(number) == number[-1].upper()


def _ipv4(text: str, match: re.Match[str]) -> Span | None:
    """Four numbers from 0 to 255 without leading zeros (RFC 3986, 3.2.2), unless a word makes them a version."""
    octets = match.group().split(".")
    if any(int(octet) > 255 or str(int(octet)) != octet for octet in octets):
        return None
    before = text[max(0, match.start() - 48) : match.start()]
    named_version = words.VERSION_BEFORE.search(before) or words.VERSION_AFTER.match(text, match.end())
    return None if named_version else match.span()


def _ipv6(_text: str, match: re.Match[str]) -> Span | None:
    """RFC 4291, 2.2. An address with `::` must start with it or with four digits: `10::2` may be anything."""
    written = match.group()
    start = match.start() + (written[0] == ":" and written[1] != ":")
    written = written.lstrip(":") if start > match.start() else written
    written = written.removesuffix(":") if written[-2:-1] != ":" else written
    plausible = re.match(r"::.|[0-9a-f]{4}:|64:ff9b:|(?:[0-9a-f]{1,4}:){7}", written, re.IGNORECASE)
    try:
        IPv6Address(written)
    except AddressValueError:
        return None
    return (start, start + len(written)) if plausible and re.search(r"\d", written) else None


def _secret_url(_text: str, match: re.Match[str]) -> Span | None:
    url = match.group().rstrip(".,;:!?'`)]}*_")
    return (match.start(), match.start() + len(url)) if carries_secret(url) else None


def carries_secret(url: str) -> bool:
    """Whether a URL contains a password, a secret parameter, a reset or invitation path, or a random-looking value."""
    if USERINFO.search(url) or SECRET_PATH.search(url) or UUID.search(url):
        return True
    if any(_names_secret(name) for name, _ in PARAMETER.findall(url)):
        return True
    return any(len(CHARACTER_CHANGE.findall(run)) >= MIN_RANDOM_CHANGES for run in ALPHANUMERIC_RUN.findall(url))


def _names_secret(name: str) -> bool:
    *before, last = re.split(r"[_.-]", name.lower())
    prefix = before[-1] if before else ""
    return bool(SECRET_NAME.fullmatch(last)) or (last == "key" and prefix in SECRET_KEY_PREFIXES)


RULES: tuple[tuple[str, re.Pattern[str], Check], ...] = (
    ("url", URL, _secret_url),
    ("email", email.EMAIL, _entire_match),
    ("email", email.HAN_EMAIL, email.after_sentence),
    ("iban", IBAN, _iban),
    ("id", CHINESE_ID, _chinese_id),
    ("card", CARD, _card),
    ("ip", IPV6, _ipv6),
    ("ip", IPV4, _ipv4),
    *(("phone", pattern, check) for pattern, check in phone.RULES),
)
"""Kind, pattern and check, applied in this order: later rules do not see what an earlier one has found."""
