"""Folding: one character becomes one, so that rules in plain ASCII and simplified Chinese find every spelling.

Positions in the folded text are positions in the text.
"""

import re
import unicodedata

FULL_WIDTH = "０１２３４５６７８９＠．－＋（）／＿"
FULL_WIDTH += "".join(map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))))
"""Full-width commas, colons and full stops of Chinese sentences stay, because they end an identifier."""
SPACES = (0x09, 0x0B, 0x0C, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x2800, 0x3000, 0x3164)
DASHES = (*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE63)
ACCENTED = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
OTHER_LETTERS = dict(zip("ßæÆœŒøØđłŁı", "saAoOoOdlLi", strict=True))
# The characters of the cue words in `words`, not of the language.
TRADITIONAL = (
    "專電話機聯絡繫號碼訂單發撥來熱線簡訊傳遞運編參條戶稅驗證讀數郵區帳韌體驅動"
    "軟級節間錯誤報頻頁經緯標餘額價總幣網團傳測試遊戲請給為銷樓門臺灣寫張連員約製"
)
SIMPLIFIED = (
    "专电话机联络系号码订单发拨来热线简讯传递运编参条户税验证读数邮区账韧体驱动"
    "软级节间错误报频页经纬标余额价总币网团传测试游戏请给为销楼门台湾写张连员约制"
)

FOLDED: dict[int, str] = {ord(character): chr(ord(character) - 0xFEE0) for character in FULL_WIDTH}
FOLDED |= dict.fromkeys(SPACES, " ") | dict.fromkeys(DASHES, "-")
FOLDED |= {
    code: base for code in ACCENTED if (base := unicodedata.normalize("NFD", chr(code))[0]).isascii() and base.isalpha()
}
FOLDED |= str.maketrans(OTHER_LETTERS) | dict(zip(map(ord, TRADITIONAL), SIMPLIFIED, strict=True))
UNDERSCORE_GAP = re.compile(r"(?<=\d)_(?=\d)")


def folded(text: str) -> str:
    """The text with plain letters, digits, spaces and dashes; as long as before."""
    return UNDERSCORE_GAP.sub("-", text.translate(FOLDED))
