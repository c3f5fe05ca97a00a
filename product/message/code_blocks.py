"""Stack traces, log lines, code and data that customers paste into their messages."""

import json
import re

from product.codes import Cut, OmittedPart

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^`\n]*$")
LEVEL = r"(?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE|CRITICAL|SEVERE)"
CLOCK = r"\d{2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?"
MOMENT = (
    rf"(?:\d{{4}}[-/]\d\d[-/]\d\d[T ]{CLOCK}|\d\d[-/]\d\d(?:[-/]\d{{2,4}})? {CLOCK}|{CLOCK}"
    rf"|\d{{2}}/\w{{3}}/\d{{4}}:{CLOCK})"
)
LOG = re.compile(
    rf"[ \t]*[\[(]?{MOMENT}(?:Z|[ ]?[+-]\d\d:?\d\d)?[\])]?[^\n]{{0,80}}?(?<![A-Za-z]){LEVEL}(?![A-Za-z])"
    rf"|[ \t]*[\[(]?\d{{4}}-\d\d-\d\dT{CLOCK}(?:Z|[+-]\d\d:?\d\d)[\])]?\s"
    rf"|[ \t]*[\[(<]{LEVEL}[\])>]"
    rf"|[ \t]*{LEVEL}[ \t]*(?:[\[(|]|:?[ \t]{MOMENT}|[ \t][\w.]+\.[\w.]+[ \t]*[:-])"
    rf"|[ \t]*(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d {CLOCK} \S+ [\w./-]+(?:\[\d+\])?: "
    rf"|[ \t]*\d\d-\d\d {CLOCK} +\d+ +\d+ [VDIWEF] "
    r"|[ \t]*\d{1,3}(?:\.\d{1,3}){3} - \S+ \[|[ \t]*\[(?:ip|url)\] - \S+ \["
    r"|[ \t]*(?:npm (?:ERR!|WARN|error)|E/|W/|D/|I/)[ \w]{0,40}[:!( ]"
    r"|[ \t]*\[\s*\d+\.\d{3,}\] "
)
TRACE_LINE = re.compile(
    r"[ \t]*Traceback \(most recent call last\):"
    r"|[ \t]*File \"[^\"\n]+\", line \d+"
    r"|[ \t]*at (?:async |new )?[\w<>\[\]`+]{0,80}[.$/][\w$.<>/\[\]`,+]{1,160} ?\("
    r"|[ \t]*at (?:async |new )?[^\s()]{1,160} \([^\n]{1,200}:\d+\)[ \t]*$"
    r"|[ \t]*at (?:async )?(?:https?|file|webpack|node|app)[:/][^\s]{1,200}:\d+(?::\d+)?"
    r"|[ \t]+at \S{1,160}\.\w{1,5}:\d+(?::\d+)?[ \t]*$|[ \t]+\S{1,160}\.go:\d+"
    r"|[ \t]*(?:Caused by|Suppressed): [\w.$]+|[ \t]*\.\.\. \d+ (?:more|common frames)"
    r"|[ \t]*(?:Exception in thread|Unhandled exception[.:]|Uncaught \w*Error|--- End of )"
    r"|[ \t]*goroutine \d+ \[|[ \t]*thread '[^'\n]+' panicked at|[ \t]*#\d+ +(?:/|[A-Za-z]:\\|\{main\}|0x[0-9a-f]{4})"
    r"|[ \t]*from [^\n:]{1,160}:\d+:in [`']"
    r"|[ \t]*(?:(?:[A-Za-z_$][\w$]*\.)+[A-Z]?\w*(?:Exception|Error)|[A-Z]\w*(?:Exception|Error))(?::|[ \t]*$)"
    r"|[ \t]*(?:Process finished with exit code|Segmentation fault|core dumped|Stack ?trace:|堆栈[:：])"
)
ERROR_ABOVE = re.compile(
    r"[ \t]*(?:(?:Uncaught|Unhandled|FATAL|Fatal) )*(?:[\w.$]*(?:Error|Exception|ERROR)|panic)\b[^\n:]{0,30}:"
)
"""The message of a trace, which stands above its first frame."""
SOURCE_LINE = re.compile(
    r"[ \t]*(?:(?:public|private|protected|static|final|async|export|const|let|var|def|class|function|import"
    r"|from|return|if|for|while"
    r"|try|catch|else|elif|switch|package|namespace|using|struct|void|int"
    r"|string)\b[^\n]{0,200}[;{}:)][ \t]*$"
    r"|import [\w.{}, *]+(?: from [^\n]+)?$|from [\w.]+ import [\w, *]+$"
    r"|[}\])]+[;,]?[ \t]*$|[\w.$\[\]\"']+ ?[-+*/]?= ?[^\n]{1,160};[ \t]*$|[\w.$]+\([^\n]{0,160}\);?[ \t]*$"
    r"|#include [<\"][^\n]*$|(?://|/\*|\*/|#!)[^\n]*$|(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE "
    r"TABLE)\b[^\n]*(?:FROM|VALUES"
    r"|SET|WHERE|\()[^\n]*$"
    r"|(?:[$#] |C:\\[^\n>]{0,80}>|PS [^\n>]{0,80}>|>>> )(?:\.?/?[a-z][\w.-]+)(?: [^\n]*)?$)"
)
TAG_START = re.compile(r"<[/?!]?[A-Za-z][\w:.-]{0,60}[\s/>?]")
MAIL_IN_BRACKETS = re.compile(r"<[^<>\s]*@[^<>\s]*>")
DATA_START = re.compile(r"[{\[](?=\s*(?:[\"{\[]|$))")
OWN_WORDS = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}|[\u3400-\u9fff]")
MAX_DATA = 20
"""Starts of JSON that are tried: each may read the rest of the text."""


def without_code(text: str) -> Cut:
    """The text without code, traces, logs and data, if two words of the customer's own are left."""
    if "\n" not in text and "{" not in text and "[" not in text and not LOG.match(text):
        return text, set()
    lines = _without_data(text).split("\n")
    kept = [line for line, is_code in zip(lines, _code_lines(lines), strict=True) if not is_code]
    left = "\n".join(kept)
    if left == text or len(OWN_WORDS.findall(left)) < 2:
        return text, set()
    return left, {OmittedPart.code}


def _code_lines(lines: list[str]) -> list[bool]:
    """Which lines are code. Lines of source code and of tags count only in runs of at least two."""
    marks = _fenced(lines)
    in_trace = False
    for index, line in enumerate(lines):
        if marks[index]:
            continue
        if LOG.match(line) or TRACE_LINE.match(line):
            marks[index] = in_trace = True
            if index and ERROR_ABOVE.match(lines[index - 1]):
                marks[index - 1] = True
        elif in_trace and _is_source(line) or in_trace and line[:2] in ("  ", "\t\t") and line.strip():
            marks[index] = True  # the source line below a frame
        else:
            in_trace = in_trace and not line.strip()
    for found in ([_is_source(line) for line in lines], [_is_markup(line) for line in lines]):
        for start, end in _runs(found):
            if end - start >= 2:
                marks[start:end] = [True] * (end - start)
    return marks


def _fenced(lines: list[str]) -> list[bool]:
    """Lines between ``` and ```; a fence that is never closed marks nothing."""
    marks = [False] * len(lines)
    opened: int | None = None
    for index, line in enumerate(lines):
        if FENCE.match(line):
            if opened is None:
                opened = index
            else:
                marks[opened : index + 1] = [True] * (index + 1 - opened)
                opened = None
    return marks


def _is_source(line: str) -> bool:
    return len(line) < 400 and SOURCE_LINE.match(line) is not None


def _is_markup(line: str) -> bool:
    """A line of XML: it begins and ends with a tag, and is not an address in angle brackets."""
    line = line.strip()
    return line.endswith(">") and TAG_START.match(line) is not None and not MAIL_IN_BRACKETS.match(line)


def _runs(found: list[bool]) -> list[tuple[int, int]]:
    """Start and end of each run of code lines."""
    padded = [False, *found, False]
    edges = [index for index in range(len(found) + 1) if padded[index] != padded[index + 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _without_data(text: str) -> str:
    """The text without JSON objects and arrays of them."""
    decoder = json.JSONDecoder()
    parts: list[str] = []
    position = 0
    for _ in range(MAX_DATA):
        match = DATA_START.search(text, position)
        if match is None:
            break
        try:
            value, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            value, end = None, match.end()
        parts.append(text[position : match.start()] if _is_data(value) else text[position:end])
        position = end
    return "".join(parts) + text[position:]


def _is_data(value: object) -> bool:
    """Whether it is an object with fields, or a list with such an object."""
    return bool(value) and (
        isinstance(value, dict) or isinstance(value, list) and any(isinstance(v, dict) for v in value)
    )
