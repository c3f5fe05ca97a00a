"""Legal disclaimers below mails, and banners that mail scanners add above or below them."""

import re
from dataclasses import dataclass

from product.codes import Cut, OmittedPart
from product.message.characters import has_words, listed

CUES = listed(
    "mail message communication confidential privileged virus external phishing disclaimer caution environment "
    "recipient"
    " 邮件 郵件 外部 病毒 免责 免責 保密 机密 機密"
)
"""A text with none of these has no notice."""
SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+|(?<=[。！？])[ \t]*")
FULL_LINE = 55
"""Characters. A shorter line was ended on purpose."""
ENDS = (".", "!", "?", ":", "。", "！", "？", "：")
TAG_ONLY = re.compile(r"\[[^\]\n]{2,20}\]|【[^】\n]{2,12}】")
"""A tag such as [EXTERNAL] goes alone: what follows on its line is the subject or the message."""
WARNS = re.compile(
    r"\W{0,6}(?:do not|don['’]t|caution|careful|be |请?勿|請勿|请?谨慎|請謹慎|小心"
    r"|注意)",
    re.IGNORECASE,
)

SHORTHANDS = {
    "MAIL": r"(?:e-?mail|message|communication|transmission|electronic mail|correspondence)",
    "THIS_MAIL": r"(?:本|此|该|該|这封|這封)(?:电子|電子)?[邮郵]件",
    "WARNING": r"(?:(?:caution|warning|attention|alert|notice|important|be careful|achtung)\W{1,6})?",
    "注意": r"(?:(?:注意|警告|提醒|安全提示|安全提醒|温馨提示|小心)\W{1,6})?",
    "REST": r"[^.!?。！？]",
}


def _any(*alternatives: str) -> re.Pattern[str]:
    """Any of the patterns, with <NAME> replaced by what SHORTHANDS has under that name."""
    pattern = "|".join(alternatives)
    for name, meaning in SHORTHANDS.items():
        pattern = pattern.replace(f"<{name}>", meaning)
    return re.compile(rf"\W{{0,6}}(?:{pattern})", re.IGNORECASE)


@dataclass(frozen=True)
class _Notice:
    """A notice starts with a line `heading`, or with a sentence that begins like `first`. It goes on while sentences
    contain `more`."""

    part: OmittedPart
    heading: re.Pattern[str]
    first: re.Pattern[str]
    more: re.Pattern[str]


DISCLAIMER = _Notice(
    OmittedPart.disclaimer,
    re.compile(
        r"\W{0,6}(?:disclaimer|(?:confidentiality|legal) (?:notice|disclaimer)|免[责責][声聲]明|保密(?:[声聲]明"
        r"|提示|须知|須知))\W{0,6}",
        re.IGNORECASE,
    ),
    _any(
        r"(?:confidentiality notice|disclaimer|legal (?:notice|disclaimer)|notice of confidentiality) ?[*_]* ?[:\-–]"
        r"(?=.{0,200}(?:<MAIL>|confidential|privileged|recipient|views|opinions|liab))",
        r"(?:(?:important|notice|note|confidential)\W{1,6})?(?:the )?(?:(?:information|contents?"
        r"|materials?)<REST>{0,60}"
        r" (?:in|of|with|to) )?(?:this|the above) <MAIL>(?![’'])<REST>{0,120}?\b(?:confidential|privileged"
        r"|proprietary"
        r"|intended (?:only |solely |exclusively )?for|intended recipient|legally protected)",
        r"(?:if|unless) you are(?: not)? (?:the|an) (?:intended|named|addressed) ?(?:recipient|addressee)",
        r"if you (?:have |think you have )?received? (?:this|the) <MAIL><REST>{0,30}(?:in error|by mistake"
        r"|erroneously)",
        r"(?:the |any )?(?:views|opinions)(?: or opinions)? (?:expressed|contained|presented) in this <MAIL>",
        r"(?:please )?(?:consider|think of|think about) the environment before (?:printing|you print)",
        r"diese e-?mail enthält vertrauliche",
        r"(?:(?:声明|聲明|提示|注意|重要提示)[:：]\W{0,3})?<THIS_MAIL>(?:及其?|和|连同|連同)?(?:任何"
        r"|所有)?(?:附件|所?附文件)?<REST>{0,30}(?:保密|机密|機密|仅供"
        r"|僅供|仅限|僅限|只供|专有|專有|特定收件人)",
        r"(?:如果?您|若您|如阁下|如閣下)(?:不是|并非|並非|错误|錯誤|误|誤)<REST>{0,20}(?:收件人|接收人"
        r"|收到了?<THIS_MAIL>)",
        r"(?:免[责責][声聲]明|保密(?:[声聲]明|提示|须知|須知)|法律[声聲]明)[:：](?=.{0,60}(?:[邮郵]件|保密|机密"
        r"|機密|责任|責任|收件人))",
    ),
    re.compile(
        r"confidential|privileged|intended recipient|intended (?:only|solely)|in error|\bdelete|destroy"
        r"|unauthori[sz]ed"
        r"|prohibited|liab(?:le|ility)|\bvirus|malware|disclos|dissemin|distribut|copying|addressee|opinions? "
        r"expressed"
        r"|\bviews|notify (?:the sender|us)|inform the sender|registered (?:office|in|no|number)|incorporated in"
        r"|company (?:number|registration|no\b)|\bvat\b|monitor(?:ed|ing)|recorded|legally binding|environment"
        r"|save (?:paper|trees)|thank you for your (?:co-?operation|understanding)|privacy (?:policy|notice)"
        r"|personal data|warrant|no responsibility|not responsible|reliance|secure or error"
        r"|geschäftsführer|handelsregister|amtsgericht|vertraulich|vernichten"
        r"|保密|机密|機密|收件人|删除|刪除|销毁|銷毀|禁止|不得|严禁|嚴禁|责任|責任|病毒|泄露|洩露|披露|复制"
        r"|複製|散布|通知[发發寄]件人|告知[发發寄]件人"
        r"|法律|环保|環保|打印|列印|谢谢合作|感谢(?:您的)?配合",
        re.IGNORECASE,
    ),
)
BANNER = _Notice(
    OmittedPart.banner,
    re.compile(
        r"\W{0,6}(?:external (?:e-?mail|sender|message)|外部[邮郵]件(?:提醒|警告"
        r"|提示)?)\W{0,6}",
        re.IGNORECASE,
    ),
    _any(
        r"(?:this |the |incoming |outgoing )?(?:<MAIL>|attachments?)\b<REST>{0,40}(?:scanned|checked|swept"
        r"|screened) (?:for|by)\b",
        r"virus[- ]free|no virus(?:es)? (?:found|detected)|scanned (?:by|with|for viruses)|checked by avg",
        r"<WARNING>(?:this <MAIL>|the sender of this <MAIL>|<MAIL>)<REST>{0,30}(?:originat|came|comes|is|sent"
        r"|received)<REST>{0,20}"
        r"(?:from )?(?:an? )?(?:outside|external)",
        r"<WARNING>external (?:e-?mail|sender|message)(?=\W|$)",
        r"(?:caution|warning)\W{1,6}(?:do not|don['’]t) click",
        r"(?<=\[)(?:external|ext|extern|external (?:e-?mail|sender)|outside sender)\]",
        r"you don['’]t often get e-?mail from|some people who received this message don['’]t often get",
        r"click here to report this <MAIL> as spam",
        r"this sender (?:is|might be|may be)<REST>{0,30}(?:outside|unverified|not verified)",
        r"zjqcmqry\w{0,40}",
        r"(?<=[\[【(（])外部(?:[邮郵]件|发件人|寄件人|[來来]信)(?:提醒|警告|提示)?[\]】)）]",
        r"<注意>外部[邮郵]件(?:提醒|警告|提示|注意)?\W{0,6}(?:[:：，,]|$|此|该|该|本|請|请)",
        r"<注意><THIS_MAIL>(?:是|系|係)?(?:来自|來自|由|发自|發自)(?:于|於)?(?:公司|组织|組織|机构|機構|企业"
        r"|企業)?外部",
        r"<THIS_MAIL>(?:已|已经|已經)?(?:经过?|經過?|通过|通過|由)<REST>{0,20}(?:扫描|掃描|查毒|杀毒|殺毒|检测"
        r"|检查|檢查)",
        r"您(?:不经常|不經常|通常不会|不常)收到(?:来自|來自)",
    ),
    re.compile(
        r"\bclick\b[^.!?]{0,30}(?:links?|attachments?)|\bopen(?:ing)?\b[^.!?]{0,20}attachments?|attachments? "
        r"(?:or|and|,)"
        r"|unless you (?:recogni[sz]e|trust|know|are expecting|verify)|know the content is safe|the sender['’]?s?\b"
        r"|phishing|suspicious|\bspam\b|\bavg\b|avast|mcafee|norton|sophos|mimecast|proofpoint|barracuda"
        r"|anti-?virus|viruses|external (?:sender|e-?mail|source)|outside (?:of )?(?:the|your|our) "
        r"(?:organi[sz]ation|company)"
        r"|learn why this is important|report (?:this|it)|exercise caution|use caution|be cautious|careful "
        r"(?:with|when)|think before "
        r"you click"
        r"|dangerous content|virus database|release date|www\.\S*(?:avast|avg|eset|mimecast)\S*"
        r"|点击|點擊|链接|連結|附件|钓鱼|釣魚|可疑|发件人|寄件人|病毒|谨慎|謹慎|外部|了解为什么|识别|外來|勿",
        re.IGNORECASE,
    ),
)


def without_notices(text: str) -> Cut:
    """The text without disclaimers and banners, and which of them there were. A customer's own sentences stay."""
    lower = text.lower()
    if not any(cue in lower for cue in CUES) and "[ext" not in lower:
        return text, set()
    omitted = set[OmittedPart]()
    for notice in (BANNER, DISCLAIMER):
        shorter = "".join(_without(notice, paragraph) for paragraph in re.split(r"(\n[ \t]*\n)", text))
        if shorter != text and has_words(shorter):
            text = shorter
            omitted.add(notice.part)
    return text, omitted


def _without(notice: _Notice, paragraph: str) -> str:
    if not paragraph.strip():
        return paragraph
    sentences = _sentences(notice, paragraph)
    kept: list[str] = []
    position = 0
    while position < len(sentences):
        sentence = sentences[position]
        start = _start(notice, sentence)
        if start == 0:
            kept.append(sentence)
            position += 1
        elif (
            TAG_ONLY.fullmatch(sentence[:start].strip())
            and has_words(sentence[start:])
            and not WARNS.match(sentence, start)
        ):
            sentences[position] = sentence[start:].lstrip()
        else:
            position = _end(notice, sentences, position)
    return "".join(kept)


def _start(notice: _Notice, sentence: str) -> int:
    """How many characters tell that a notice begins with this sentence; 0 if it does not."""
    if notice.heading.fullmatch(sentence):
        return len(sentence)
    match = notice.first.match(sentence.replace("\n", " "))
    return match.end() if match else 0


def _sentences(notice: _Notice, paragraph: str) -> list[str]:
    """Sentences with the space after them. A full line that ends without a full stop goes on in the next line."""
    sentences: list[str] = []
    wrapped = False
    for line in paragraph.splitlines(keepends=True):
        start = 0
        for end in [*(match.end() for match in SENTENCE_END.finditer(line)), len(line)]:
            piece = line[start:end]
            if wrapped and start == 0 and not _start(notice, piece):
                sentences[-1] += piece
            elif piece:
                sentences.append(piece)
            start = end
        wrapped = len(line) >= FULL_LINE and not line.rstrip().endswith(ENDS)
    return sentences


def _end(notice: _Notice, sentences: list[str], first: int) -> int:
    """The position behind the last sentence of the notice that begins at `first`.

    One sentence without a cue does not end it if a sentence with one follows.
    """
    end = first + 1
    for position in range(first + 1, len(sentences)):
        if notice.more.search(sentences[position]) or _start(notice, sentences[position]):
            end = position + 1
        elif position - end >= 1:
            break
    return end
