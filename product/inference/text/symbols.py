"""Emoji, emoticons and star ratings as words that say what they mean.

The Unicode name of an emoji describes the drawing ("face with look of triumph" is an angry snort), and the English
vocabulary has no tokens for emoji. Meanings follow common use; where use is divided, as with folded hands or a polite
smile, the symbol gets a weak word or none.
"""

import re
import unicodedata
from typing import NamedTuple

MEANINGS: dict[str, tuple[str, str]] = {
    "😠😡🤬👿😤💢🖕🗯": ("furious", "气死了"),
    "🙄😒😑🤨🙃": ("annoyed", "无语"),
    "🤢🤮🤧": ("disgusting", "恶心"),
    "😢😭😿🥺🥲😥": ("crying", "难过"),
    "😞😔😟😕🙁☹😩😫😖😣😓😪🥹🤦😮‍💨": ("disappointed", "失望"),
    "💔": ("heartbroken", "心碎"),
    "👎": ("bad", "差评"),
    "💩🗑🤡": ("rubbish", "垃圾"),
    "😱😨😰😧😦🤯": ("horrified", "吓人"),
    "🐌🐢": ("very slow", "太慢了"),
    "😀😃😄😁😊☺😸😺🤗😌😇": ("happy", "开心"),
    "😍🥰😘😻❤🧡💛💚💙💜🤎🖤🤍💕💖💗💘💝💞💓♥❣😚😙🫶": ("love it", "喜欢"),
    "👏🎉🥳🙌💯🏆🤩✨🎊🫡👑": ("great", "太棒了"),
    "😋🤤": ("delicious", "好吃"),
    "👍👌✅☑✔🆗": ("ok", "好的"),
    "🙏": ("thanks", "谢谢"),
    "💪": ("strong", "加油"),
    "😎": ("cool", "很酷"),
    "❌✖🚫⛔": ("no", "不行"),
    "😂🤣😆😅😹": ("haha", "哈哈"),
    "🤔🤷🧐": ("hmm", "嗯"),
    "❓❔": ("?", "？"),
    "❗❕‼": ("!", "！"),
    "👋": ("hello", "你好"),
    "🙂😉😐😶🙋": ("", ""),
}
"""Emoji and their meaning in English and Chinese. The polite smile means nothing (labelling guide, "Emoji")."""
EMOJI = {
    character: meaning
    for characters, meaning in MEANINGS.items()
    for character in characters
    if character not in ("\u200d", "💨")
}

BRACKETED: dict[str, tuple[str, str]] = {
    "怒|发怒|愤怒|抓狂|怒骂|咒骂|傲慢|哼": ("furious", "气死了"),
    "大哭|流泪|泪|难过|伤心|委屈|悲伤|快哭了": ("crying", "难过"),
    "白眼|无语|汗|黑线|鄙视|尴尬|捂脸|衰": ("annoyed", "无语"),
    "失望|叹气": ("disappointed", "失望"),
    "弱|差|踩": ("bad", "差评"),
    "吐": ("disgusting", "恶心"),
    "心碎": ("heartbroken", "心碎"),
    "赞|强|鼓掌|good|给力|威武|棒": ("great", "太棒了"),
    "爱心|心|爱你|色|亲亲|玫瑰": ("love it", "喜欢"),
    "抱拳|合十|作揖|谢谢": ("thanks", "谢谢"),
    "呲牙|愉快|开心|哈哈|嘻嘻|太开心|可爱|憨笑": ("happy", "开心"),
    "OK|ok": ("ok", "好的"),
    "微笑": ("", ""),
}
"""Emoji as WeChat and Weibo write them: names in brackets."""
BRACKETED_MEANINGS = {name: meaning for names, meaning in BRACKETED.items() for name in names.split("|")}

ANGRY, SAD, HAPPY, LOVE, FINE = "furious", "crying", "happy", "love it", ""
CHINESE = {meaning[0]: meaning[1] for meaning in MEANINGS.values()} | {"": ""}
EMOTICONS: tuple[tuple[str, str], ...] = (
    (r"(?:[(（]\s?[ノ╯┛].{1,6}[)）][ノ╯┛]?\s?[︵彡︶]?\s?)?(?:┻━┻|┻╋┻)|凸[(（].{1,6}[)）]凸?", ANGRY),
    (r">:-?\(|>:-?\[|D:<|-_-\s?(?:#|\|\|+|凸)|=_=\s?#", ANGRY),
    (r"[(（][ノ╯┛]?[^()（）A-Za-z0-9]{0,4}(?:ಠ|益|皿|Д|д|╬|﹏\s?#)[^()（）A-Za-z0-9]{0,8}[)）][ノ╯┛]?", ANGRY),
    (r"(?<![A-Za-z0-9])(?:T[_.﹏^~～]T|TдT|TAT|QAQ|Q_Q|QwQ|TT_TT|T\.T|orz|Orz|OTZ|ToT|;_;|;-;)(?![A-Za-z0-9])", SAD),
    (
        r"[(（][^()（）\w]{0,3}(?:ಥ|╥|﹏|Ｔ|T|╯|;|；|>|＞|ㄒ|｡•́|´･|´°̥)[^()（）A-Za-z0-9]{1,8}(?:ಥ|╥|T|Ｔ|╰|;|；|<|＜|ㄒ|•̀｡|`|°̥`)"
        r"[^()（）\w]{0,3}[)）]",
        SAD,
    ),
    (r"(?<![\w:;=])(?::['’]-?\(|:-?\(+|=\(|:-?\[|:-?<(?!\w)|:-?c(?!\w)|:\(\()", SAD),
    (r"(?<![\w:;=/])(?::-?[/\\](?![/\\\w])|:-?\|(?!\w)|-_-\"?|=_=|¬_¬|ಠ_ಠ|\(¬_¬\))", "annoyed"),
    (r"[(（][^()（）\w]{0,4}(?:▽|∀|‿|◡|ᴗ|◕|≧|✿|♥|❤|ω|\^|＾|☆)[^()（）]{0,8}[)）](?:[ノﾉoO~～b]|و)?", HAPPY),
    (r"(?<![A-Za-z0-9])(?:\^[_.\-o▽ω]?\^|n_n|\\o/|O\(∩_∩\)O)(?![A-Za-z0-9])", HAPPY),
    (r"(?<![\w:;=])(?::-?D+|=D(?![:\\\w])|(?<=\s)[xX]D+|:-?[pP](?!\w)|:-?\*)(?!\w)", HAPPY),
    (r"<3+(?!\d)", LOVE),
    (r"</3(?!\d)", "heartbroken"),
    (r"(?<![\w:;=])(?::-?\)+|=\)|;-?\)|:-?\]|\(:)", FINE),
)
"""Patterns of emoticons and what they mean; a plain smile is as polite as 🙂 and means nothing."""
EMOTICON_PATTERNS = [(re.compile(pattern), word) for pattern, word in EMOTICONS]


RATING_WORDS = (
    ("very bad rating", "评分很差"),
    ("bad rating", "评分差"),
    ("average rating", "评分一般"),
    ("good rating", "评分好"),
    ("excellent rating", "评分很好"),
)
FULL_STARS, EMPTY_STARS = "★⭐🌟✭✮", "☆✩✰"
STAR_SYMBOLS = FULL_STARS + EMPTY_STARS
STARS = re.compile(rf"[{FULL_STARS}{EMPTY_STARS}](?:[ \ufe0f]?[{FULL_STARS}{EMPTY_STARS}])*\ufe0f?")
NUMBERS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
           "nine": 9, "ten": 10, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7,
           "八": 8, "九": 9, "十": 10}  # fmt: skip
_NUMBER = r"(?:\d{1,3}(?:\.\d)?|zero|one|two|three|four|five|six|seven|eight|nine|ten)"
_HAN_NUMBER = r"(?:\d{1,3}(?:\.\d)?|[零一二两三四五六七八九十])"
_THINGS = (
    r"hotels?|resorts?|restaurants?|propert|rooms?|general|spangled|signs?|chart|system|cruise|accommodation|energy"
)
_COUNTED = r"items?|people|persons|pieces?|packages?|boxes|days?|times?|orders?|tickets?|seats?|users?"
ENGLISH_RATING = re.compile(
    rf"(?<![\w./:\-])(?P<value>{_NUMBER})\s?(?:/|\bout of\b|\bof\b)\s?(?P<base>5|10|100|five|ten)"
    rf"(?:\s?(?:stars?|points?)\b)?(?![\d/%:\-]|\.\d|\s?(?:of the|{_COUNTED})\b)"
    rf"|(?<![\w./:\-])(?P<stars>{_NUMBER})[ \-]stars?\b(?![ \-](?:{_THINGS})|\w)",
    re.IGNORECASE,
)
NOT_A_RATING_BEFORE = re.compile(
    r"(?:\b(?:on|by|until|till|since|from|before|after|page|part|version|step|of|only|all|received|got|episodes?|day|due|dated?|"
    r"January|February|March|April|May|June|July|August|September|October|November|December)|[#])\s*$",
    re.IGNORECASE,
)
CHINESE_RATING = re.compile(
    rf"(?P<full>满分(?!的?(?:是|为|\d))|[给打]满分)"
    rf"|(?:(?<=[给打评])|(?<=打了)|(?<=给了)|(?<=评分)|(?<=^))[ :：]?(?P<value>{_HAN_NUMBER})分"
    rf"(?!钟|之|公司|店|期|部|类)"
    rf"(?:[ ,，(（/]*(?:满分)?(?P<base>十|5|五|10|100|一百)分?(?:满分|制)?[)）]?)?"
    rf"|(?:(?<=^)|(?<=[给打评只能好差，。,.!！？?；;\s]))(?P<stars>[一二两三四五1-5])(?:颗|个)?星(?=好评|差评|评价|吧|$|[，。,.!！？?；;~～\s\ue000])"
)


class Rating(NamedTuple):
    """A rating in a text: where it stands, and its level from 0 (worst) to 4 (best)."""

    start: int
    end: int
    level: int


def words_for_symbols(text: str, chinese: bool) -> tuple[str, int | None]:
    """The text with ratings, emoticons and emoji as words, in Chinese if `chinese`, else in English.

    Also returns the level of the ratings in it, 0 (worst) to 4 (best), or None if there is none or they differ.
    """
    column = 1 if chinese else 0
    ratings = find_ratings(text)
    for rating in reversed(ratings):
        text = f"{text[: rating.start]} {RATING_WORDS[rating.level][column]} {text[rating.end :]}"
    text = _replace_emoticons(text, column)
    if not text.isascii():
        text = "".join(_emoji_as_word(character, column) for character in text)
    levels = {rating.level for rating in ratings}
    return text, levels.pop() if len(levels) == 1 else None


def find_ratings(text: str) -> list[Rating]:
    """The ratings in a text from left to right: stars, n/5, n out of 10, n stars, 三星, 打 8 分, 满分."""
    found = [rating for match in STARS.finditer(text) if (rating := _star_rating(text, match))]
    if "/" in text or " of " in text or "star" in text.lower():
        found += [rating for match in ENGLISH_RATING.finditer(text) if (rating := _english_rating(text, match))]
    if "分" in text or "星" in text:
        found += [rating for match in CHINESE_RATING.finditer(text) if (rating := _chinese_rating(match))]
    return sorted(found)


def _star_rating(text: str, match: re.Match[str]) -> Rating | None:
    full = sum(character in FULL_STARS for character in match[0])
    stars = full + sum(character in EMPTY_STARS for character in match[0])
    alone = not any(character.isalnum() for character in text[: match.start()] + text[match.end() :])
    # A single star beside words is decoration, and so is a row that is longer than any scale.
    if stars > 10 or (stars == 1 and not alone) or (full == 0 and stars < 3):
        return None
    return Rating(match.start(), match.end(), _level(full, 5 if stars <= 5 else 10))


def _english_rating(text: str, match: re.Match[str]) -> Rating | None:
    if NOT_A_RATING_BEFORE.search(text[max(0, match.start() - 16) : match.start()]):
        return None
    value = _number(match["value"] or match["stars"])
    base = _number(match["base"]) if match["base"] else 5
    return Rating(match.start(), match.end(), _level(value, base)) if value <= base else None


def _chinese_rating(match: re.Match[str]) -> Rating | None:
    if match["full"]:
        return Rating(match.start(), match.end(), 4)
    value = _number(match["value"] or match["stars"])
    base = 5 if match["stars"] else _number(match["base"].replace("一百", "100")) if match["base"] else 0
    base = base or (5 if value <= 5 and "." in (match["value"] or "") else 10 if value <= 10 else 100)
    return Rating(match.start(), match.end(), _level(value, base)) if value <= base else None


def _number(text: str) -> float:
    return float(NUMBERS[text.lower()]) if text.lower() in NUMBERS else float(text)


def _level(value: float, base: float) -> int:
    """0 to 4 for a value on a scale up to `base`. On a scale of 5 each point is a level, with 3 in the middle."""
    return max(0, min(4, round(5 * value / base + 1e-9) - 1))


def _replace_emoticons(text: str, column: int) -> str:
    for name, meaning in BRACKETED_MEANINGS.items() if "[" in text else ():
        text = text.replace(f"[{name}]", f" {meaning[column]} ")
    for pattern, word in EMOTICON_PATTERNS:
        text = pattern.sub(f" {CHINESE.get(word, word) if column else word} ", text)
    return text


def _emoji_as_word(character: str, column: int) -> str:
    if character < "\u203c":
        return character
    if character in EMOJI:
        return f" {EMOJI[character][column]} "
    if character == "\ufffd" or unicodedata.category(character) != "So":
        return character
    # Other symbols are objects and signs. The Chinese expert does not know their English names.
    return " " if column or character in STAR_SYMBOLS else f" {unicodedata.name(character, '').lower()} "
