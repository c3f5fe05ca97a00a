"""E-mail addresses in any script (RFC 6531), with internationalised domains."""

import re

from product.privacy.fold import folded

LETTERS = "A-Za-z\u00c0-\u1fff\u2c00-\u2dff\ua640-\uabff\uac00-\ud7af\ufb00-\ufdff\ufe70-\ufefc\u200c\u200d"
"""Letters, marks and joiners of alphabets, whose words are separated by spaces."""
HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Chinese and Japanese characters, written without spaces: a sentence may go on into the address."""
# From the IANA root zone. Others in these scripts are not recognised: after them, too, the sentence may go on.
HAN_DOMAINS = folded(
    "测试|測試|中国|中國|公司|网络|網絡|政务|公益|在线|中文网|集团|网址|网站|网店|商城|商店|商标|移动|信息|新闻|游戏|娱乐|机构|组织机构|"
    "企业|我爱你|时尚|世界|健康|慈善|佛山|广东|台湾|台灣|香港|澳门|澳門|新加坡|餐厅|食品|购物|酒店|珠宝|招聘|微博|手机|テスト|みんな|コム|ストア|セール|クラウド|ファッション"
)
DOMAIN = (
    rf"(?:[{LETTERS}{HAN}0-9-]{{1,63}}\.){{1,9}}"
    rf"(?:[Xx][Nn]--[A-Za-z0-9-]{{2,59}}|[{LETTERS}]{{2,24}}|{HAN_DOMAINS})"
)
# Every repetition is bounded, so that no text needs quadratic time.
EMAIL = re.compile(rf"[{LETTERS}0-9](?:[{LETTERS}0-9._%+'-]{{0,62}}[{LETTERS}0-9_%+-])?@{DOMAIN}")
HAN_EMAIL = re.compile(rf"[{LETTERS}{HAN}0-9._%+-]{{0,63}}[{HAN}]@{DOMAIN}")
# The sentence before a name: what follows the last of these words, if at least two characters are left.
SENTENCE = re.compile(
    folded(
        r".*(?:邮箱|郵箱|邮件|信箱|电邮|邮址|地址|账号|账户|用户名?|联系人?|发送?[到给至]|[寄写][到信]?给?|抄送|客服|メール|アドレス|[是为给到用至请は])(?=..)"
    ),
    re.DOTALL,
)
MAX_NAME = 4
"""A Chinese name has two to four characters: a shorter run before the @ is not searched for a sentence."""


def after_sentence(_text: str, match: re.Match[str]) -> tuple[int, int]:
    """The address without the sentence that runs into its name, as in 我的邮箱是张三@example.com."""
    name = match.group().partition("@")[0]
    sentence = SENTENCE.match(name) if len(name) > MAX_NAME else None
    return match.start() + (sentence.end() if sentence else 0), match.end()
