"""How mail programs introduce a quoted or forwarded mail: separators, "On … wrote:" lines, blocks of header fields."""

import re

from product.codes import OmittedPart

REPLIES = (
    r"original(?: message| email| mail)?|replied message|reply message|ursprüngliche nachricht|original-nachricht"
    r"|original-?nachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale"
    r"|oorspronkelijk bericht|ursprungligt meddelande|oprindelig meddelelse|исходное сообщение|wiadomość oryginalna"
    r"|元のメッセージ|원본 메시지|原始邮件|原始郵件|原始信件|原始消息|原始訊息|原邮件|原郵件|邮件原件|郵件原件"
    r"|邮件原文|原文"
    r"|回复的?原?邮件|回覆的?原?郵件|回复的邮件信息|原消息|源邮件"
)
FORWARDS = (
    r"(?:begin |start of )?forwarded (?:message|email|mail)|forwarded by[^\n]{0,60}|weitergeleitete nachricht"
    r"|message transféré|mensaje reenviado|mensagem encaminhada|messaggio inoltrato|doorgestuurd bericht"
    r"|пересылаемое сообщение|転送されたメッセージ|转发的?邮件(?:信息)?|轉寄的?郵件|轉發的?郵件|转发的?消息"
    r"|转发的?信息|已轉寄的?郵件"
)
LINE = r"[-_—–=*]{2,80}"
REPLY_SEPARATOR = re.compile(rf"[ \t]*{LINE}[ \t]*(?:{REPLIES})[ \t]*:?[ \t]*{LINE}[ \t]*", re.IGNORECASE)
FORWARD_SEPARATOR = re.compile(
    rf"[ \t]*(?:{LINE}[ \t]*(?:{FORWARDS})[ \t]*:?[ \t]*{LINE}"
    r"|(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message transféré"
    r"|inicio del mensaje reenviado|(?:以下是|下面是|開始|开始)?(?:被)?(?:转发|轉寄|轉發)的?(?:邮件|郵件"
    r"|信件))[ \t]*[:：])[ \t]*",
    re.IGNORECASE,
)
INLINE_SEPARATOR = re.compile(rf"(?<!-)-{{3,60}}[ \t]?(?:{REPLIES}|{FORWARDS})[ \t]?-{{3,60}}", re.IGNORECASE)
WROTE_BETWEEN_LINES = re.compile(
    r"[ \t]*-{3,10} ?(?:on|在) [^\n]{5,200}?(?:wrote|写道) "
    r"?-{3,10}[ \t]*",
    re.IGNORECASE,
)
REPLY_ABOVE = re.compile(
    r"[ \t#*_=>-]*(?:please )?(?:type|write|enter)?[^\n.!?]{0,20}\breply (?:above|before) (?:this|the) "
    r"line[ \t#*_=.-]*"
    r"|[ \t#*_=-]*请?在(?:此|这)(?:行|线)(?:以上|上方|之上)[^\n]{0,12}回复[ \t#*_=-]*",
    re.IGNORECASE,
)
UNDERSCORES = re.compile(r"[ \t]*(?:_{8,}|-{8,}|—{4,}|={8,}|─{4,})[ \t]*")

WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|kirjoitti|napisał(?:a"
    r"|\(a\))?|pisze"
    r"|написала?|пишет|napsala?|yazdı|a scris|đã viết)\b|写道|寫道|写到|書きました|のメール|작성",
    re.IGNORECASE,
)
ATTRIBUTION_START = re.compile(
    r"[ \t*]*(?:(?:on|am|le|el|em|il|op|den|w dniu|dne|vào|at|в|in data|---? on)\s|[在於于]\s?|\d{1,4}[-/.年]\d"
    r"|[\"“'‘]?[^\n<>:：]{0,60}[<\[（(])",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[^\s<>@\[\]\"]{1,64}@[^\s<>@\"]{1,190}|\[email\]|mailto:", re.IGNORECASE)
CLOCK = re.compile(r"\b\d{1,2}[:.h：]\d{2}\b|\d点|\d時")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
MONTH_OR_DAY = re.compile(
    r"\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d[-/.年]\d",
    re.IGNORECASE,
)
TOLD = re.compile(r"\b(?:you|your|my|our|i|he|she|they|we)\b|[你您我他她]", re.IGNORECASE)
"""Somebody tells what was written: "On 3 May at 10:15 your agent wrote:" is no heading."""
ADDRESSED_DATE = re.compile(r"[ \t]*\d{4}[-/年]\d{1,2}[-/月][^\n<>]{2,60}[<\[][^\n<>]{3,100}[>\]] ?[:：][ \t]*")
MAX_ATTRIBUTION = 300
ATTRIBUTION_LINES = 3

INLINE_ENGLISH = re.compile(
    r"(?<![\w>])On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d)[^\n<>]{4,120}"
    r"<[^\s<>]{3,120}>,? wrote:"
)
INLINE_CHINESE = re.compile(
    r"(?:在 ?)?\d{4}[年-]\d{1,2}[月-]\d{1,2}日?[^\n<>。！？]{0,60}<[^\s<>]{3,120}>[^\n<>。]{0,40}[写寫]道[:：]"
)

FROM, SENT, DATE, TO, COPY, SUBJECT = range(6)
NAMES = {
    FROM: "from von de da van från fra от od 发件人 寄件者 寄件人 發件人 发件者 差出人 由",
    SENT: "sent gesendet envoyé enviado inviato verzonden skickat sendt отправлено wysłano"
    " 发送时间 發送時間 傳送時間 寄件日期"
    " 发送日期 發送日期 发件时间 送信日時",
    DATE: "date datum fecha data дата 日期 时间 時間 日付",
    TO: "to an à para aan till til кому do 收件人 收件者 至 宛先",
    COPY: "cc bcc kopie copie copia 抄送 副本 密送 reply-to organization importance attachments 附件 重要性 优先级",
    SUBJECT: "subject betreff objet asunto assunto oggetto onderwerp ämne emne тема temat 主题 主旨 主題 标题 件名",
}
FIELDS = {name: field for field, names in NAMES.items() for name in names.split()}
FIELDS |= {
    "enviado el": SENT,
    "enviado em": SENT,
    "보낸 사람": FROM,
    "보낸 날짜": SENT,
    "받는 사람": TO,
    "제목": SUBJECT,
}
FIELD = re.compile(r"[ \t*|]*([^\W\d_](?:[^\W\d_]|[ \t\u3000-](?=[^\W\d_])){0,14})[ \t*]*[:：|][ \t*]*([^\n]*)")
REPLY_PREFIX = re.compile(r"(?:re|aw|sv|fw|fwd|wg|tr|回复|回覆|答复|转发|轉寄|轉發)\s*[:：]", re.IGNORECASE)
MAX_FIELDS = 12
INLINE_FROM = re.compile(r"(?<!\w)From:\s|发件人[:：]|寄件者[:：]")
INLINE_SENT = re.compile(r"\s(?:Sent|Date):\s|(?:发送时间|日期|傳送時間|寄件日期)[:：]")
INLINE_SUBJECT = re.compile(r"\sSubject:\s|(?:主题|主旨|主題)[:：]")


def separator(line: str) -> OmittedPart | None:
    """What a line such as "-----Original Message-----" introduces; None for other lines."""
    if len(line) > MAX_ATTRIBUTION:
        return None
    if FORWARD_SEPARATOR.fullmatch(line):
        return OmittedPart.forwarded
    if REPLY_SEPARATOR.fullmatch(line) or WROTE_BETWEEN_LINES.fullmatch(line) or REPLY_ABOVE.fullmatch(line):
        return OmittedPart.quoted_reply
    return None


def attribution_length(lines: list[str], position: int) -> int:
    """How many lines "On … wrote:" takes here: 1 to ATTRIBUTION_LINES, or 0 if this is none."""
    for length in range(1, ATTRIBUTION_LINES + 1):
        part = lines[position : position + length]
        if len(part) < length or not part[-1].strip() or len(part[0]) > MAX_ATTRIBUTION:
            return 0
        last = part[-1].rstrip(" \t*_")
        if last.endswith((":", "：")) and _is_attribution(
            " ".join(line.strip() for line in part), lines, position + length
        ):
            return length
        if length == 1 and not ATTRIBUTION_START.match(part[0]):
            return 0
    return 0


def _is_attribution(line: str, lines: list[str], position: int) -> bool:
    """`position`: of the line below. A heading without address, time and year counts only above quoted lines."""
    if len(line) > MAX_ATTRIBUTION:
        return False
    if ADDRESSED_DATE.fullmatch(line):
        return True
    if not WROTE.search(line) or not ATTRIBUTION_START.match(line):
        return False
    below = next((line for line in lines[position : position + 3] if line.strip()), "")
    if below.lstrip().startswith((">", "＞")):
        return True
    if ADDRESS.search(line):
        return True
    dated = CLOCK.search(line) or (YEAR.search(line) and MONTH_OR_DAY.search(line))
    return bool(dated) and not TOLD.search(line)


def inline_attributions(text: str) -> str:
    """The text with "On … <address> wrote:" on lines of their own, where they stand inside a line."""
    for pattern, cue in ((INLINE_ENGLISH, "wrote:"), (INLINE_CHINESE, "道")):
        if cue in text:
            text = pattern.sub(lambda match: f"\n{match.group()}\n", text)
    return text


def inline_header(text: str) -> int | None:
    """Where "From: … Sent: … Subject: …" begins inside one line; None if it does not occur."""
    for match in INLINE_FROM.finditer(text):
        window = text[match.end() : match.end() + 500].split("\n", 1)[0]
        sent = INLINE_SENT.search(window[:200])
        if sent and INLINE_SUBJECT.search(window, sent.end()):
            return match.start()
    return None


def header_block_length(lines: list[str], position: int) -> int:
    """How many lines a block of header fields takes here, with the line above it and the blank lines in it; 0 if none.

    It names the sender and the subject or the time. Dates and places alone may be somebody's journey (
        "From: "
        "London").
    """
    start = position
    if position < len(lines) and UNDERSCORES.fullmatch(lines[position]):
        position += 1
        while position < len(lines) and position - start < 4 and not lines[position].strip():
            position += 1
    found: dict[int, str] = {}
    end = position
    for index in range(position, min(position + 2 * MAX_FIELDS, len(lines))):
        named = _field(lines[index])
        if named:
            found.setdefault(*named)
            end = index + 1
        elif (
            lines[index].strip()
            and (not found or not _continues(lines[index], end == index))
            or not lines[index].strip()
            and (not found or index - end >= 1)
        ):
            break
    has_address = any(ADDRESS.search(value) for value in found.values())
    complete = FROM in found and (
        SENT in found and len(found) > 2 or SUBJECT in found and len(found) > 2 or has_address and len(found) > 1
    )
    return end - start if complete else 0


def _field(line: str) -> tuple[int, str] | None:
    match = FIELD.match(line)
    if not match:
        return None
    name = (
        re.sub(r"[ \t\u3000-]", "", match.group(1).lower()) if "主" in line or "附" in line else match.group(1).lower()
    )
    field = FIELDS.get(name.strip())
    return None if field is None else (field, match.group(2))


def _continues(line: str, directly_below: bool) -> bool:
    """Whether the line goes on with the field above: more recipients."""
    return directly_below and (line.startswith((" ", "\t")) or "@" in line) and len(line) < MAX_ATTRIBUTION


def subject_of(heading: list[str]) -> list[str]:
    """The subject in the heading of a mail that is read, unless it is the subject of another one ("Re: …")."""
    fields = [named for line in heading if (named := _field(line))]
    subjects = [value.strip() for field, value in fields if field == SUBJECT]
    return [subject for subject in subjects[:1] if subject and not REPLY_PREFIX.match(subject)]
