"""Chat transcripts: of a conversation, only the customer's lines count."""

import re
from dataclasses import dataclass

from product.codes import Cut, OmittedPart
from product.message.characters import has_words, listed

CUSTOMERS = listed(
    "customer client consumer user end-user visitor guest buyer shopper caller member subscriber passenger "
    "patient tenant"
    " me 客户 客戶 顾客 顧客 用户 用戶 买家 買家 买方 访客 訪客 我 消费者 消費者 会员 會員 乘客 旅客 来电者 "
    "來電者 游客 咨询者 本人 玩家"
)
AGENTS = listed(
    "agent support operator advisor adviser representative rep csr assistant bot chatbot system staff seller merchant"
    " shop store supporter helpdesk service team server-bot autoreply auto-reply moderator specialist concierge"
    " 客服 坐席 座席 商家 卖家 賣家 卖方 机器人 機器人 智能客服 在线客服 線上客服 人工客服 小助手 智能助手 店家 "
    "店铺 店鋪 掌柜 系统 系統 系统消息 系統訊息"
    " 专员 專員 客服专员 客服人员 客服人員 工作人员 工作人員 店小二 小二 管家 官方客服 平台 骑手 快递员 小蜜 "
    "助手 接线员 客服中心"
)
WORDS_BEFORE = listed(
    "live chat support customer service virtual online sales technical tech help desk our "
    "your the ai human service-desk"
    " automated care success account"
)
"""Words that may stand before an agent's role: "live chat agent", "customer service"."""
FIELDS = listed(
    "order issue problem question subject product model date time email e-mail phone address name "
    "note notes ps p.s update edit"
    " answer q a pros cons error message status price quality delivery shipping rating score title summary "
    "description version"
    " device browser os steps expected actual result re fw from to cc total amount reason password username "
    "login id ref reference"
    " location country city website url link http https 优点 缺点 问题 订单 订单号 物流 质量 价格 服务 总结 "
    "建议 备注 姓名 电话 地址 型号 时间 日期"
    " 标题 主题 发件人 收件人 内容 描述 原因 结果 态度 包装 环境 味道 口味 性价比 外观 屏幕 续航 系统版本 版本 "
    "追评 补充"
)
"""Names before a colon that are not somebody's: "Order: 123", "Delivery: late"."""
DATE = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}(?:[-/.]\d{2,4})?)"
CLOCK = r"(?:(?:上午|下午|晚上)?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?)"
MOMENT = rf"(?:{DATE}[,，]?[ T]{{0,2}})?{CLOCK}"
BRACKETED = rf"[\[(（【]?{MOMENT}[\])）】]?"
NAME = r"[^\s:：\[\]()（）<>\n][^:：\[\]()（）<>\n]{0,29}?"
EXTRA = r"(?:[ ]?[(（\[][^()（）\[\]\n]{1,30}[)）\]])?"
SPEAKER = re.compile(
    rf"[ \t>*-]{{0,4}}(?:(?P<before>{BRACKETED})[ \t]*(?:[-–—|][ \t]*)?)?\**(?P<name>{NAME})(?P<extra>{EXTRA})"
    rf"\**[ \t]*(?P<after>{BRACKETED})?\**[ \t]?[:：]\**[ \t]*(?P<said>(?!//)[^\n]*)"
)
SPEAKER_ABOVE = re.compile(
    rf"[ \t]*(?:(?P<name>{NAME})(?P<extra>{EXTRA})[ \t,，|-]+{BRACKETED}"
    rf"|{BRACKETED}[ \t,，|-]+(?P<name2>{NAME})(?P<extra2>{EXTRA}))[ \t]*[:：]?[ \t]*"
)
BRACKETED_ROLE = re.compile(r"[ \t]*[\[【(（<](?P<name>[^\[\]【】()（）<>\n]{1,20})[\]】)）>][ \t:：]*(?P<said>[^\n]*)")
SAYS = re.compile(r"[ \t]?(?:说|說|says?|said|wrote|writes)$", re.IGNORECASE)
HEADING = re.compile(
    r"\W*(?:(?:live )?chat (?:transcript|log|started|history|session)|conversation (?:with|started)|transcript "
    r"of|聊天记录|对话记录|會話紀錄|会话记录)\b[^\n]{0,80}",
    re.IGNORECASE,
)
INLINE = re.compile(
    r"(?:(?<=[\s.!?。！？…])|^)(?:\[?\d{1,2}:\d{2}(?::\d{2})?\]?[ ])?((?:Customer|Client|Visitor|Guest|User"
    r"|Buyer|Agent|Support|Bot|Chatbot|Operator|Representative"
    r"|Rep|Advisor|Seller|客户|客戶|顾客|顧客|用户|用戶|买家|買家|访客|客服|商家|卖家|賣家|机器人|機器人"
    r"|坐席)(?: \d{1,6})?)[ ]?[:：](?!//)"
)
TIME_ONLY = re.compile(rf"[ ]?{BRACKETED}")
MAX_LINE = 2_000


@dataclass
class _Turn:
    """What one speaker says at once. `timed`: the line tells when."""

    speaker: str
    role: str
    timed: bool
    lines: list[str]


def customer_turns(text: str) -> Cut:
    """Only the customer's lines, if the text is a transcript in which it is certain who is the customer."""
    if not any(mark in text for mark in (":", "：", "】", "\n[")):
        return text, set()
    lines = text.split("\n")
    if sum(SPEAKER.match(line) is not None for line in lines if line.strip()) < 2:
        lines = _split_inline(text)
    before, turns = _read(lines)
    roles = _roles(turns)
    if roles is None or _count_fields(lines) >= len(turns):
        return text, set()
    said = [line for turn in turns if roles[turn.speaker] == "customer" for line in turn.lines]
    before = [line for line in before if not HEADING.fullmatch(line)]
    left = "\n".join([*before, *said, *_below(turns, roles)]).strip()
    return (left, {OmittedPart.agent_turns}) if has_words("\n".join(said)) else (text, set())


def _below(turns: list[_Turn], roles: dict[str, str]) -> list[str]:
    """What the customer writes below the transcript: paragraphs after an agent's last line.

    Only if no other turn has paragraphs: otherwise they may be the agent's.
    """
    *earlier, last = turns
    if roles[last.speaker] == "customer" or any(_paragraph(turn.lines) for turn in earlier):
        return []
    return _paragraph(last.lines)


def _paragraph(lines: list[str]) -> list[str]:
    """The lines from the first blank line on, if any of them has words."""
    blank = next((index for index, line in enumerate(lines) if index and not line.strip()), len(lines))
    return lines[blank:] if has_words("\n".join(lines[blank:])) else []


def _count_fields(lines: list[str]) -> int:
    """Lines such as "Order: 123". As many of them as turns make a form, not a conversation."""
    return sum(match is not None and _is_field(match["name"]) for match in map(SPEAKER.fullmatch, lines))


def _split_inline(text: str) -> list[str]:
    """The lines, with turns that follow each other inside a line on lines of their own."""
    matches = list(INLINE.finditer(text))
    if len({match.group(1).split()[0] for match in matches}) < 2:
        return text.split("\n")
    starts = [match.start() for match in matches]
    pieces = [text[: starts[0]]] + [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [piece.strip() for piece in pieces if piece.strip()]


def _read(lines: list[str]) -> tuple[list[str], list[_Turn]]:
    """The lines before the first turn, and the turns."""
    before: list[str] = []
    turns: list[_Turn] = []
    for line in lines:
        turn = _turn(line) if len(line) <= MAX_LINE else None
        if turn:
            turns.append(turn)
        elif turns:
            turns[-1].lines.append(line)
        else:
            before.append(line)
    return before, turns


def _turn(line: str) -> _Turn | None:
    above = SPEAKER_ABOVE.fullmatch(line)
    if above:
        name, extra = above["name"] or above["name2"], above["extra"] or above["extra2"]
        role = _role(name, extra)
        return _Turn(name.strip().lower(), role, True, []) if role or len(name.split()) < 3 else None
    bracketed = BRACKETED_ROLE.fullmatch(line)
    if bracketed and (role := _role(bracketed["name"], "")):
        return _Turn(bracketed["name"].lower(), role, False, [bracketed["said"]])
    match = SPEAKER.fullmatch(line)
    if not match or _is_field(match["name"]):
        return None
    role = _role(match["name"], match["extra"])
    timed = bool(match["before"] or match["after"] or TIME_ONLY.fullmatch(match["extra"]))
    if not role and not timed and not match["said"].strip():
        return None  # "This is what I told you:"
    return _Turn(match["name"].strip().lower(), role, timed, [match["said"]])


def _is_field(name: str) -> bool:
    return name.strip(" *").lower() in FIELDS


def _role(name: str, extra: str | None) -> str:
    """`customer`, `agent`, or an empty string for a name that tells nothing. `extra` is what follows in brackets."""
    for part in (SAYS.sub("", name.strip()), (extra or "").strip(" ()（）[]")):
        words = part.strip(" *#_").replace("_", " ").split()
        if not words:
            continue
        for roles, role in ((CUSTOMERS, "customer"), (AGENTS, "agent")):
            if _names_role(words, roles):
                return role
    return ""


def _names_role(words: list[str], roles: frozenset[str]) -> bool:
    """Such as "Agent", "Agent Lisa", "Visitor 123", "Live chat agent", "客服小美", "客服001"."""
    lower = [word.lower().strip(".#") for word in words]
    first = 0
    while first < len(lower) - 1 and lower[first] in WORDS_BEFORE and roles is AGENTS:
        first += 1
    if lower[first] in roles:
        rest = words[first + 1 :]
        named = len(rest) <= 2 and all(
            word[:1].isupper() or word.strip("#").isalnum() and word[-1].isdigit() for word in rest
        )
        return named and not (rest and rest[0].lower() in NOT_NAMES)
    return len(words) == 1 and any(
        lower[0].startswith(role) and len(lower[0]) <= len(role) + 6 and not lower[0][len(role) :].endswith(NOT_AFTER)
        for role in roles
        if not role.isascii() and len(role) > 1
    )


NOT_NAMES = listed(
    "experience service interface name id number support care satisfaction review reviews rating friendliness quality"
)
NOT_AFTER = (
    "态度",
    "服务",
    "质量",
    "名",
    "号码",
    "编号",
    "体验",
    "回复",
    "评价",
    "反馈",
    "电话",
    "说",
    "表示",
    "姓名",
    "名称",
    "速度",
    "那边",
    "地址",
    "环境",
    "功能",
    "问题",
)


def _roles(turns: list[_Turn]) -> dict[str, str] | None:
    """The role of each speaker, or None unless it is certain who is the customer."""
    roles = {turn.speaker: turn.role for turn in turns}
    known = set(roles.values()) - {""}
    unknown = [speaker for speaker, role in roles.items() if not role]
    if not known or len(turns) < 2:
        return None
    if not unknown:
        return roles if known == {"customer", "agent"} and _talks(turns) else None
    # One name without a role is the other side, if this is clearly a conversation.
    changes = sum(a.speaker != b.speaker for a, b in zip(turns, turns[1:], strict=False))
    if len(unknown) == 1 and len(known) == 1 and (all(turn.timed for turn in turns) or changes >= 2):
        other = "agent" if known == {"customer"} else "customer"
        return {speaker: role or other for speaker, role in roles.items()}
    return None


def _talks(turns: list[_Turn]) -> bool:
    """Whether somebody says a few words: "Customer: Tom" above "Agent: Lisa" are the fields of a form."""
    return len(turns) > 2 or any(_long("\n".join(turn.lines)) for turn in turns)


def _long(said: str) -> bool:
    return len(said.split()) > 2 or len(re.findall("[\u3400-\u9fff]", said)) > 3
