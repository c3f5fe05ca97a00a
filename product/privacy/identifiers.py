"""The kinds of personal identifiers: the pattern that finds each and the check that confirms it.

Telephone numbers are in `product.privacy.phone`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from ipaddress import AddressValueError, IPv6Address

from product.privacy import phone

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

# Every repetition is bounded or cannot backtrack, so that no text needs quadratic time.
EMAIL = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_%+-])?@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}"
)
START = r"(?<![A-Za-z0-9_])"
END = r"(?![A-Za-z0-9_])"
IBAN = re.compile(rf"{START}([A-Za-z]{{2}})\d\d[ -]?[A-Za-z0-9]")
CHINESE_ID = re.compile(rf"{START}\d{{6}}[ -]?\d{{8}}[ -]?\d{{3}}[ -]?[\dXx]{END}")
# Without gaps, in groups of four, as on American Express and Diners cards, or the issuer's six digits and the rest.
CARD_FORMS = (
    r"\d{13,19}",
    r"\d{4}([ .-])\d{4}\1\d{4}\1\d{4}\1\d{3}",
    r"\d{4}([ .-])\d{4}\1\d{4}\1\d{4}",
    r"\d{4}[ .-]\d{6}[ .-]\d{4,5}",
    r"\d{6}[ -]\d{10,13}",
)
CARDS = tuple(re.compile(rf"{START}(?<!\d[.-]){form}{END}") for form in CARD_FORMS)
IPV4 = re.compile(rf"{START}(?<!\d\.)(?:\d{{1,3}}\.){{3}}\d{{1,3}}{END}(?!\.\d)")
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

# IBAN lengths by country, from SWIFT's IBAN registry (ISO 13616-2).
IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
IBAN_LENGTHS = {country: int(length) for country, length in re.findall(r"([A-Z]{2})(\d\d)", IBANS)}

# Words directly before four numbers that make them a version or section number, not an IP address.
VERSION_BEFORE = re.compile(
    r"(?:\b(?:versions?|ver|v|firmware|fw|build|release|driver|patch|app|software|updated?|upgraded?|updating|upgrading"
    r"|clause|section|chapter|paragraph|article|step|ios|android|windows|macos|chrome|firefox)\b|§"
    r"|版本号?|固件|驱动|系统|软件|客户端|鸿蒙|升级|更新|条款|章节|第)"
    r"[\s:：(（]{0,2}(?:(?:is|was|to|from|no\.?|number|是|为|到|至|从|第|v)[\s:：]{0,2}){0,2}"
    r"(?:v?\d[\d.]{0,20}\s?(?:to|and|or|->|→|到|和|至)\s?)?v?$",
    re.IGNORECASE | re.ASCII,
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


def _card(_text: str, match: re.Match[str]) -> Span | None:
    digits = re.sub(r"\D", "", match.group())
    return match.span() if CARD_NUMBERS.fullmatch(digits) and passes_luhn(digits) else None


def passes_luhn(digits: str) -> bool:
    """The check of ISO/IEC 7812-1 annex B: with every second digit from the right doubled, the digit sum ends in 0."""
    values = [int(digit) for digit in digits]
    doubled = [sum(divmod(2 * value, 10)) for value in values[-2::-2]]
    return (sum(values[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(text: str, match: re.Match[str]) -> Span | None:
    """As many letters and digits as the country's IBANs have, with single spaces or dashes between them."""
    length = IBAN_LENGTHS.get(match.group(1).upper(), 0)
    written = re.compile(rf"(?:[A-Za-z0-9][ -]?){{{length - 1}}}[A-Za-z0-9]{END}").match(text, match.start())
    return written.span() if length and written and is_iban(re.sub("[ -]", "", written.group())) else None


def is_iban(compact: str) -> bool:
    """The check of ISO 13616-1: first four characters moved to the end, letters as 10 to 35, modulo 97 gives 1."""
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _chinese_id(_text: str, match: re.Match[str]) -> Span | None:
    return match.span() if is_chinese_id(re.sub("[ -]", "", match.group())) else None


def is_chinese_id(number: str) -> bool:
    """The check of GB 11643-1999 on 18 characters: a date of birth at 7 to 14, and ISO 7064 MOD 11-2, X meaning 10."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    values = [10 if character in "Xx" else int(character) for character in number]
    weighted = sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values))
    return number[6:8] in ("18", "19", "20") and weighted % 11 == 1


def _ipv4(text: str, match: re.Match[str]) -> Span | None:
    """Four numbers from 0 to 255 without leading zeros (RFC 3986, 3.2.2), unless a version is mentioned before them."""
    octets = match.group().split(".")
    if any(int(octet) > 255 or str(int(octet)) != octet for octet in octets):
        return None
    return None if VERSION_BEFORE.search(text[max(0, match.start() - 48) : match.start()]) else match.span()


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
    ("email", EMAIL, _entire_match),
    ("iban", IBAN, _iban),
    ("id", CHINESE_ID, _chinese_id),
    *(("card", form, _card) for form in CARDS),
    ("ip", IPV6, _ipv6),
    ("ip", IPV4, _ipv4),
    *(("phone", pattern, check) for pattern, check in phone.RULES),
)
"""Kind, pattern and check, applied in this order: later rules do not see what an earlier one has found."""
