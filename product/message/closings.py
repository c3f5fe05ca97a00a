"""Signatures: a closing formula with the lines below it, "-- ", and what phones and mail programs add.

A signature is cut line by line. The first line that may be something the customer says ends it: a P.S. stays.
"""

import re

from product.codes import Cut, OmittedPart
from product.message.characters import has_words, listed

DELIMITER = re.compile(r"[ \t]*(?:--|—|__|––|\|)[ \t\u00a0]*")
DEVICE = (
    r"(?:my )?(?:verizon|at&t|t-mobile|vodafone)?[, ]*(?:(?:apple |samsung |huawei |xiaomi |google |nokia |sony "
    r"|htc |lg |oppo |vivo |honor |oneplus |motorola )?"
    r"(?:iphone|ipad|ipod|mac(?:book)?|apple watch|galaxy[\w ]{0,12}|pixel[\w ]{0,8}|android(?: phone| device)?"
    r"|blackberry|windows phone|smart ?phone|mobile(?: phone| device)?|cell ?phone"
    r"|phone|tablet|device|outlook|mail|samsung|huawei|xiaomi|nokia|mi phone|redmi[\w ]{0,8}|gmail|yahoo mail"
    r"|proton ?mail|aol|thunderbird|spark|blue ?mail|foxmail|mailbird|airmail|zoho mail))"
)
SENT_FROM = re.compile(
    r"[ \t*_(\[]*(?:sent|written|typed|composed) (?:from|via|with|using|by|on) (?:the )?"
    + DEVICE
    + r"(?:[^\w\n]|(?:from|t-mobile|verizon|vodafone|at&t|for|on|using|with|via|app|mobile|mail|email|secure"
    r"|network|ios|android|iphone|wireless|4g"
    r"|5g|lte"
    r"|outlook|proton|yahoo|by|the|a|my|\d+)\b|(?:please )?(?:excuse|forgive|pardon|sorry "
    r"for)[^\n]{0,60}$){0,14}[ \t]*"
    r"|[ \t]*(?:please )?(?:excuse|forgive|pardon) (?:my |any |the )?(?:brevity|typos?|spelling)[^\n]{0,50}"
    r"|[ \t]*(?:get|download|获取|下载) (?:outlook|适用于|用于)[^\n]{0,100}|[ \t]*(?:获取|下载)适用于[^\n]{0,100}"
    r"|[ \t]*(?:von meinem|gesendet (?:von|mit)|envoyé de(?:puis)?|enviado desde|enviado do|inviato da"
    r"|verzonden vanaf"
    r"|skickat från) [^\n]{0,50}(?:iphone|ipad|android|samsung|galaxy|huawei|handy|outlook|mail|mobile?)[^\n]{0,30}"
    r"|[ \t]*(?:此[邮郵]件)?(?:发自|發自|来自|來自|(?:从|從|由|通过|通過)(?=[^\n]{2,30}(?:发送|傳送|寄出))|寄自"
    r"|傳送自|发送自|傳自)(?:我的|于"
    r"|於)?[ \w]{0,20}?"
    r"(?:iphone|ipad|android|安卓|手机|手機|邮箱|郵箱|mail|outlook|foxmail|华为|小米|荣耀|oppo|vivo|三星|客户端"
    r"|用戶端|平板"
    r"|邮件大师)[^\n。！？，,]{0,20}(?:发送|傳送|寄出)?[。.]?[ \t]*",
    re.IGNORECASE,
)
FORMULA = listed(
    "with and many my our very much the kind kindest best warm warmest warmly sincere sincerely yours "
    "your faithfully truly"
    " respectfully cordially friendly all thanks thank you again in advance cheers regards regard wishes "
    "greetings rgds"
    " rgrds brgds kr br thx ty cordialement mfg lg vg viele grüße gruß liebe mit freundlichen grüßen "
    "freundliche beste"
    " schöne bien cordialement saludos atentamente cordiales un saludo atenciosamente cumprimentos obrigado distinti"
    " saluti cordiali met vriendelijke groet groeten always ever so a lot"
)
REGARDS = listed(
    "regards wishes warmly sincerely faithfully truly respectfully cordially rgds rgrds brgds kr br "
    "greetings cordialement mfg"
    " grüße gruß grüßen saludos atentamente saludo atenciosamente cumprimentos saluti groet groeten"
)
WEAK = listed("thanks thank thx ty cheers best yours kind obrigado")
"""Words that are also said for themselves: they stay, and only names below them go."""
CHINESE_REGARDS = re.compile(
    r"[ \t\u3000]*(?:此致[ \t\u3000，,]*(?:敬礼|敬禮)?|敬礼|敬禮|祝好|顺祝?(?:商祺|安好|时祺)|順祝?(?:商祺"
    r"|安好)|顺颂(?:商祺|时祺|春祺|夏祺|秋祺|冬祺)|順頌(?:商祺|時祺)|祝[您你]?(?:工作顺利|工作順利|生活愉快"
    r"|生意兴隆|商祺|安好|一切顺利|一切順利|身体健康|万事如意)"
    r"|谨上|謹上|敬上|祝安|即颂[^\n]{0,4}|即頌[^\n]{0,4}|致敬|专此|順頌|此致敬意"
    r"|敬祝[^\n]{0,8})(?:[ \t\u3000，,]+[\u3400-\u9fff]{2,4})?[ \t\u3000！!。.，,]*"
)
CHINESE_THANKS = re.compile(
    r"[ \t\u3000]*(?:谢谢|多谢|感谢|謝謝|感謝|非常感谢|辛苦了|麻烦了)(?:您|你|了|啦|大家)?[ \t\u3000！!。.，,～~]*"
)
PUNCTUATION = " \t\u00a0,.!，。！*_-–—~"
WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")

CONTACT = re.compile(
    r"@|\d[\d ()-]{8,}\d|(?:电话|電話|手机|手機|座机|传真|微信|tel)[ \u3000.]*[\d+(]|微信同号|\b(?:follow|visit"
    r"|find|like) us (?:on|at)\b|\bconnect with (?:us|me) on\b|\bwww\.|https?://|\[(?:email"
    r"|phone|url|id|iban|ip)\]|\b(?:tel|phone|mobile|cell|fax|mob|direct|office"
    r"|e-?mail|web(?:site)?|skype|whatsapp|wechat|linkedin|twitter|facebook|instagram|address|ext)\b ?\.?[:：]"
    r"|^[TMFEPWD][:.] ?[\w+(]|^\W*\+?[\d\s().\-/]{7,}\W*$|(?:电话|電話|手机|手機|邮箱|郵箱|电邮|微信|传真|傳真"
    r"|网址|網址|地址|邮编|郵編|公众号|[qQ]{2})[ \u3000]*[:：]",
    re.IGNORECASE,
)
STREET = re.compile(
    r"^\d{1,5}[A-Za-z]?,? [A-Z]|\b(?:street|st|road|rd|avenue|ave|lane|square|blvd|drive|suite|floor|p\.?o\.? "
    r"box)\b\.?"
    r"|str(?:aße|asse|\.) ?\d|[路街道弄巷]\d{1,5}号",
    re.IGNORECASE,
)
COMPANY = re.compile(
    r"\b(?:ltd|limited|gmbh|inc|llc|llp|plc|ag|s\.?a\.?|b\.?v\.?|co|corp|corporation|company|studios?|group"
    r"|holdings?|agency|consulting|solutions|services|systems|technologies|labs|partners|associates|university"
    r"|institute|hotel|bakery|clinic|foundation)\b\.?"
    r"|有限公司|股份|集团|集團|公司|工作室|事务所|酒店|学院|大学|大學|医院|銀行|银行|科技|店$",
    re.IGNORECASE,
)
CHINESE_ORGANISATION = re.compile(
    r"(?!.*[的太很还没不了我你他这那最])[\u3400-\u9fff]{3,16}(?:公司|集团|集團|中心|工作室|部|队|隊|所|店|厂|廠|院"
    r"|馆|館|社|行|网络|科技)"
)
TITLE = re.compile(
    r"\b(?:manager|director|ceo|cto|cfo|coo|vp|president|founder|owner|head of|engineer|developer|designer"
    r"|consultant|assistant|officer|executive|coordinator|specialist|analyst|accountant|secretary|lecturer"
    r"|professor|phd|md|department|dept|division|sales|marketing|finance)\b"
    r"|经理|經理|总监|總監|主任|部$|部门|主管|董事|总裁|工程师|工程師|助理|专员|會計|会计|秘书",
    re.IGNORECASE,
)
SLOGAN = re.compile(
    r"\b(?:since \d{4}|est\.? \d{4}|established|award|rated|quality|mission|we (?:love|care|deliver|make|build"
    r"|believe|bring)|bringing|making|creating|building|connecting|delivering|empowering|inspiring|trusted"
    r"|partner|experts?|excellence|innovat\w+|passion|joy|smiles?|happ\w+|dreams?|better|future|tomorrow"
    r"|solutions|beautiful|perfect\w*|amazing|awesome|love|world|simply|where|your (?:home|life|day|business"
    r"|success|trust|world|journey|happiness))\b"
    r"|品质|品質|用心|服务至上|服務至上|客户第一|客戶第一|顾客至上|專業|专业|值得信赖|值得信賴|创造|創造|美好"
    r"|生活|梦想|夢想|未来|未來|匠心|领先|領先|品牌|荣获|榮獲|以人为本|诚信|誠信|幸福|快乐|快樂|好评如潮",
    re.IGNORECASE,
)
SAID = re.compile(
    r"\?|？|\bp\.? ?s\b|\b(?:i|i'm|i’m|me|it|its|it's|it’s|still|not|no|never|nothing|nobody|don|won|can|cannot"
    r"|isn|wasn|didn|doesn|haven|hasn|but|also|please|btw|by the way|broken|broke|fails?|failed|refund|money "
    r"back|order|parcel|delivery|issue|problem|help|support|wait\w*|angry|disappoint\w+|unhappy|frustrat\w+"
    r"|annoyed|fed up|furious|upset|worst|terrible|awful|useless|scam|rip-?off|shame|customer|fix\w*|cancel\w*"
    r"|solved|works?|working|again|today|yesterday|thanks|thank|great|good|bad|nice|perfect|update|edit|forgot"
    r"|one more|reply|answer|call|asap|urgent|hate|lost|late|missing|wrong|dead|error)\b"
    r"|your (?:service|support|team|company|product|help|app|shop|store|staff|website|site)|n['’]t\b"
    r"|[我你您他她它们这那吗呢吧太很还没不差坏退垃失等慢快请求帮再已但是又就什怎么谢谢投诉骗烂破丢错催赔]|客服"
    r"|订单|另外|補充|补充|附言|對了|对了|還|沒|請|謝|壞|騙|爛",
    re.IGNORECASE,
)
"""Words of somebody who says something. They never occur in what is cut below a closing formula, except in slogans."""
SAID_IN_SLOGAN = re.compile(
    r"\?|？|\bp\.? ?s\b|\b(?:i|i'm|i’m|me|my|still|not|never|nothing|broken|broke|refund|please|but|however"
    r"|fix\w*|wait\w*|angry|disappoint\w+|worst|terrible|awful|useless|again|cancel\w*|today|yesterday)\b"
    r"|\byour? (?:service|support|team|company|product|help|app|shop|store|staff|website|site)\b|n['’]t\b"
    r"|[我你您他她它这那吗呢吧太很还没差坏退垃等慢请求再但谢投诉骗烂破丢错催赔還沒請謝壞騙爛]",
    re.IGNORECASE,
)
TOLD = re.compile(
    r"\b(?:it|its|it['’]s|that|there|they|he|she|was|were|did|has|had|have|been|bad|rude|slow|horrible"
    r"|disgusting|pathetic"
    r"|shame|scam\w*|late|lost|missing|waiting|solved|works?|working|fixed|thanks?|money|because|ever|whole"
    r"|wasted?|ruined"
    r"|crash\w*|stop\w*|customer|client|update|reply|answer|asap|urgent|hate|sorry|hope|experience)\b"
    r"|失望|生气|生氣|满意|滿意|不好|不行|不满|到现在|一直|客服|订单|差评",
    re.IGNORECASE,
)
"""More words of somebody who says something, for short lines of no known kind."""
NO_TITLE = re.compile(
    r"\b(?:i|my|me|your?|we|our|still|not|never|again|please|customer|client"
    r"|user)\b",
    re.IGNORECASE,
)
PARTICLES = listed("van von de der den del della di da la le bin al el dos of and & - | /")
CHINESE_NAME = re.compile(
    r"[\u3400-\u9fff·]{2,4}(?:先生|女士|小姐|同学)?(?:[ \u3000]?(?:敬上|谨上|謹上|上|呈"
    r"|拜上))?"
)
DATE = re.compile(r"\d{1,4}(?:[-/.年 ]|st |nd |rd |th )(?:\d{1,2}|[A-Z][a-z]{2,8})(?:[-/.月 ])(?:\d{1,4}[日号]?)")
RULE = re.compile(r"[\W_]{2,}")
MAX_LINE = 100
QUIET_LINE = 60
MAX_LINES = 10
"""Lines of a signature below a closing formula."""
MAX_DELIMITED = 20
"""Lines below "-- "."""


def without_signature(text: str) -> Cut:
    """The text without signatures. A message of one line is never cut."""
    if "\n" not in text:
        return text, set()
    lines = text.split("\n")
    kept = [line for line in lines if not SENT_FROM.fullmatch(line)]
    for cut in (_below_delimiter, _below_formula):
        shorter = cut(kept)
        if any(has_words(line) for line in shorter):
            kept = shorter
    if len(kept) == len(lines) or not any(has_words(line) for line in kept):
        return text, set()
    return "\n".join(kept), {OmittedPart.signature}


def _below_delimiter(lines: list[str]) -> list[str]:
    """Without what follows the line "-- ": all of it, or only what looks like a signature if the space is missing."""
    spoken = [index for index, line in enumerate(lines) if has_words(line)]
    for index in range(spoken[0] + 1, len(lines)) if spoken else ():
        line = lines[index]
        if DELIMITER.fullmatch(line):
            strict = line.startswith("--") and line != line.rstrip()
            end = _until_postscript(lines, index + 1) if strict else _signature_end(lines, index + 1, MAX_DELIMITED)
            if end > index + 1 or index > spoken[-1]:
                return lines[:index] + lines[end:]
    return lines


def _until_postscript(lines: list[str], start: int) -> int:
    for index in range(start, len(lines)):
        if re.match(r"\W*p\.? ?s\b", lines[index], re.IGNORECASE):
            return index
    return len(lines) if len(lines) - start <= MAX_DELIMITED else start


def _below_formula(lines: list[str]) -> list[str]:
    """Without closing formulas and the lines below them, wherever they stand under other words."""
    kept: list[str] = []
    position = 0
    above = False
    while position < len(lines):
        line = lines[position]
        kind = _formula(line) if above and len(line) <= MAX_LINE else ""
        end = _signature_end(lines, position + 1, MAX_LINES, kind != "thanks") if kind else position + 1
        named = end > position + 1 and any(line.strip() for line in lines[position + 1 : end])
        closes = named or end == len(lines) or (kind == "regards" and _formula(lines[end]) != "")
        if kind in ("regards", "named") and closes:
            position = end
        elif kind == "thanks" and named:
            kept.append(line)
            position = end
        else:
            kept.append(line)
            position += 1
            above = above or has_words(line)
    return kept


def _formula(line: str) -> str:
    """`regards`, `thanks`, `named` if the name stands on the same line, or an empty string for any other line."""
    if CHINESE_REGARDS.fullmatch(line):
        return "regards"
    if CHINESE_THANKS.fullmatch(line):
        return "thanks"
    plain = line.strip(PUNCTUATION + "\u3000")
    if not plain or "?" in line:
        return ""
    words = [word.lower().rstrip(".") for word in WORD.findall(plain)]
    length = 0
    while length < len(words) and words[length] in FORMULA:
        length += 1
    said = set(words[:length])
    if length == len(words) and re.fullmatch(r"[^\W\d_][^\d:;()]*", plain):
        return "regards" if said & REGARDS else "thanks" if said & WEAK else ""
    name = WORD.findall(plain)[length:]
    if said & REGARDS and len(name) <= 3 and all(word[:1].isupper() for word in name) and _is_name(" ".join(name)):
        return "named"
    return ""


def _signature_end(lines: list[str], start: int, limit: int, certain: bool = False) -> int:
    """The position behind the last line below a formula that belongs to the signature; blank lines at its end too.

    `certain`: the formula is only ever used above a signature, so a short line directly below a name belongs to it.
    """
    end = start
    seen: list[str] = []
    for index in range(start, len(lines)):
        line = lines[index].strip()
        if not line:
            if index - end >= 3:
                break
            continue
        together = certain and bool(seen) and index == end
        if len(seen) >= limit or not (_in_signature(line, seen) or together and _is_quiet(line, seen)):
            break
        seen.append(line)
        end = index + 1
    while end < len(lines) and not lines[end].strip():
        end += 1
    return end if seen or end == len(lines) else start


def _in_signature(line: str, above: list[str]) -> bool:
    """Whether a line is a name, a title, an address, a company with its slogan, a date or a rule.

    `above`: the lines of the signature so far. A slogan stands below one of them.
    """
    if len(line) > MAX_LINE:
        return False
    if (
        not has_words(line)
        or RULE.fullmatch(line)
        or DATE.fullmatch(line)
        or _is_name(line)
        or _formula(line) == "regards"
    ):
        return True
    if CHINESE_ORGANISATION.fullmatch(line):
        return True
    if SAID_IN_SLOGAN.search(line):
        return False
    if CONTACT.search(line) or _is_organisation(line):
        return True
    if not above:
        return False
    return SLOGAN.search(line) is not None or (len(line.split()) <= 10 and _gives_address(above[-1]))


def _is_quiet(line: str, above: list[str]) -> bool:
    """Whether a short line says nothing: a slogan, a trade, opening hours, or anything that repeats a name above."""
    if len(line) > QUIET_LINE or line[:1].islower():
        return False
    names = {word.lower() for name in above for word in WORD.findall(name) if len(word) > 3}
    said = SAID_IN_SLOGAN.search(line) or TOLD.search(line)
    return not said or not names.isdisjoint(word.lower() for word in WORD.findall(line))


def _gives_address(line: str) -> bool:
    return CONTACT.search(line) is not None or _is_organisation(line)


def _is_organisation(line: str) -> bool:
    """A company, somebody's position, or a street."""
    named = COMPANY.search(line) or TITLE.search(line) or (STREET.search(line) and re.search(r"\d", line))
    return bool(named) and (_mostly_capitals(line) or not line.isascii())


def _is_name(line: str) -> bool:
    """One to five capitalised words, one short word in small letters, or two to four Chinese characters."""
    line = line.strip(PUNCTUATION + "()（）")
    words = line.split()
    capitals = all(word[:1].isupper() or word.lower() in PARTICLES for word in words)
    # "Good Grief Coffee Roasters" is a name, "Good" may be an opinion.
    if (NO_TITLE if capitals and len(words) > 2 else SAID).search(line):
        return False
    if CHINESE_NAME.fullmatch(line):
        return True
    if not 1 <= len(words) <= 5 or re.search(r"[!?:;\d]", line):
        return False
    if len(words) == 1:
        return len(line) <= 15 and line.isascii() and re.sub("[-'.]", "", line).isalpha()
    return capitals and any(character.isalpha() for character in line)


def _mostly_capitals(line: str) -> bool:
    """Whether the first word, and every second of the first four, is capitalised, as in a title or a company."""
    words = [word for word in re.split(r"[\s,/|·–-]+", line) if word[:1].isalpha()][:4]
    return bool(words) and words[0][:1].isupper() and sum(word[:1].isupper() for word in words) * 2 >= len(words)
