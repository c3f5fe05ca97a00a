"""HTML as plain text. Only real markup is touched: "5 < 6", "<3" and <address@example.com> stay as they are."""

import html
import re
from html.entities import html5

from selectolax.lexbor import LexborHTMLParser, LexborNode

from product.codes import Cut, OmittedPart
from product.message.characters import has_words, listed

INLINE = listed(
    "a abbr acronym b bdi bdo big cite data del dfn em font i ins kbd label mark nobr q s samp "
    "small span strike strong"
    " sub sup time tt u var wbr"
)
"""Tags that only style text. The parser never sees them: it would reopen them in every later paragraph."""
PARAGRAPHS = listed("h1 h2 h3 h4 h5 h6 p pre table ul ol dl blockquote")
BLOCKS = PARAGRAPHS | listed(
    "address article aside body br button caption center dd div dt fieldset figcaption "
    "figure footer form header hr"
    " html includetail li main nav option section select summary tbody textarea tfoot thead tr"
)
CELLS = frozenset(("td", "th"))
HIDDEN = listed("head iframe link meta noscript object script style svg template title")
OTHER = frozenset(("code", "colgroup", "col", "img", "input", "details", "video", "audio", "source", "base"))
TAGS = INLINE | BLOCKS | CELLS | HIDDEN | OTHER
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?:(:[A-Za-z0-9]+)|(?=[\s/>]))([^<>]*)>")
OPENING = re.compile(r"<(?!/?[A-Za-z])|<(?=/?([A-Za-z][A-Za-z0-9.+_-]*)([:@]?))")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
DECLARATION = re.compile(r"<!doctype[^<>]*>|<!\[[^<>]*>|<\?[a-z][^<>]*>", re.IGNORECASE)
DOCUMENT = re.compile(r"<!--|<!doctype|<!\[|<\?xml|<html[\s>]|<body[\s>]", re.IGNORECASE)
COMMON = listed("p div span td tr li ul ol b i u strong em font h1 h2 h3")
"""Tags of which two make a text HTML, even if none is closed."""
ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
AMPERSANDS = re.compile("&(?:(?:amp|#0{0,5}38|#[xX]0{0,4}26);)+")
NAMESPACES = ("o", "v", "w", "m", "st1")
"""Prefixes of the tags that Microsoft Office adds."""
INVISIBLE_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
SPACES = re.compile(r"[ \t\n\r\f\u00a0]+")
EDGES = re.compile(r"[ \t\u00a0]*\n[ \t\u00a0]*")

QUOTES = listed(
    "gmail_quote gmail_quote_container gmail_attr yahoo_quoted moz-cite-prefix "
    "moz-forward-container protonmail_quote"
    " zmail_extra tutanota_quote outlookmessageheader isreplycontent ntes-mailmaster-quote freshdesk_quote"
    " front-blockquote mail-editor-reference-message-container ms-outlook-mobile-reference-message reply-intro"
    " qqmail_quote foxmail-quote gmail_extra_quote mailspring-quote divrplyfwdmsg appendonsend stopspelling"
)
"""Classes and ids of what mail programs quote."""
QUOTED_TO_THE_END = frozenset(("divrplyfwdmsg", "appendonsend", "stopspelling"))
"""Ids of Outlook after which everything is quoted."""
SIGNATURES = listed(
    "gmail_signature moz-signature signature ms-outlook-mobile-signature yahoo-signature "
    "protonmail_signature_block"
    " mailspring-signature foxmail_signature qqmail_signature ntes_signature applemailsignature"
)
FORWARDED = re.compile(r"forwarded message|转发|轉寄|轉發|Weitergeleitete Nachricht|Message transféré", re.IGNORECASE)


def looks_like_html(text: str) -> bool:
    """Whether the text has tags or character references that a browser would resolve."""
    if "&" in text and any(name[0] == "#" or f"{name};" in html5 for name in ENTITY.findall(text)):
        return True
    return "<" in text and _has_tags(text)


def _has_tags(text: str) -> bool:
    """A closing tag, an attribute, a line break or a comment; one opening tag alone may be somebody's wording."""
    if DOCUMENT.search(text):
        return True
    opened = 0
    for closing, name, namespace, rest in TAG.findall(text):
        name = name.lower()
        if namespace:
            if name in NAMESPACES:
                return True
        elif name in TAGS:
            opened += name in COMMON
            if closing or name in ("br", "hr") or rest.strip() == "/" or "=" in rest or opened > 1:
                return True
    return False


def plain_text(markup: str, *, quotes: bool = False) -> Cut:
    """The text of HTML, and what was taken out. `quotes`: quoted parts and signatures stay."""
    source = AMPERSANDS.sub("&", markup)
    if not _has_tags(source):
        return _entities(source).replace("\u00a0", " "), set()
    keep_lines = not any(name.lower() in BLOCKS for _, name, _, _ in TAG.findall(source))
    source = DECLARATION.sub("", COMMENT.sub("", source) if "-->" in source else source)
    source = TAG.sub(_known_tag, OPENING.sub(_escaped, _escape_ampersands(source)))
    reader = _Reader(keep_lines)
    reader.read(LexborHTMLParser(source.encode("utf-8", "replace")).root, quotes)
    return reader.text(), reader.omitted


def _entities(text: str) -> str:
    return ENTITY.sub(lambda match: html.unescape(match.group()), text)


def _escape_ampersands(text: str) -> str:
    """Addresses such as ?a=1&copy=2 have no references: a parser would take &copy for one."""
    return re.sub(r"&(?!#?\w{1,32};)", "&amp;", text)


def _escaped(match: re.Match[str]) -> str:
    """A "<" that begins no known tag, as a character reference."""
    name, next_character = (match.group(1) or "").lower(), match.group(2)
    known = name in TAGS and next_character != "@"
    return "<" if known or (next_character == ":" and name in NAMESPACES) else "&lt;"


def _known_tag(match: re.Match[str]) -> str:
    name, rest = match.group(2).lower(), match.group(4)
    if name in INLINE and not match.group(3) and not INVISIBLE_STYLE.search(rest) and not _marked(rest):
        return ""
    return match.group()


def _marked(attributes: str) -> bool:
    lower = attributes.lower()
    return any(name in lower for name in ("signature", "quote", "cite-prefix", "appendonsend"))


class _Reader:
    """Collects the visible text of a document, block by block."""

    def __init__(self, keep_lines: bool):
        self.keep_lines = keep_lines
        self.omitted: set[OmittedPart] = set()
        self._parts: list[str] = []

    def text(self) -> str:
        text = EDGES.sub("\n", "".join(self._parts).replace("\u00a0", " "))
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def read(self, root: LexborNode | None, quotes: bool) -> None:
        """Walk the document without recursion: mails nest deeper than Python calls may."""
        node = root
        while node is not None:
            part = None if quotes else self._part(node)
            if part:
                self.omitted.add(part)
                if self._ends_here(node):
                    return
            if part is None and self._enter(node):
                child = node.child
                if child is not None:
                    node = child
                    continue
                self._leave(node)
            node = self._next(node)

    def _next(self, node: LexborNode) -> LexborNode | None:
        current: LexborNode | None = node
        while current is not None:
            if current.next is not None:
                return current.next
            current = current.parent
            if current is not None:
                self._leave(current)
        return None

    def _part(self, node: LexborNode) -> OmittedPart | None:
        """The kind of a part that the customer did not write; None for everything else."""
        tag = node.tag
        if not tag or tag[0] == "-" or tag in ("html", "body"):
            return None
        names = _names(node)
        if names & SIGNATURES:
            return OmittedPart.signature if has_words(node.text()) else None
        if tag not in ("blockquote", "includetail") and not names & QUOTES:
            return None
        text = node.text()
        if not has_words(text) and not names & QUOTED_TO_THE_END:
            return None
        return OmittedPart.forwarded if FORWARDED.search(text[:300]) else OmittedPart.quoted_reply

    def _ends_here(self, node: LexborNode) -> bool:
        return bool(_names(node) & QUOTED_TO_THE_END) and has_words("".join(self._parts))

    def _enter(self, node: LexborNode) -> bool:
        """Add what stands at the start of the node. False if its content is not shown."""
        tag = node.tag or ""
        if tag == "-text":
            self._add(node)
            return False
        if tag in HIDDEN or tag == "-comment":
            return False
        attributes = node.attributes if tag[0] != "-" else {}
        if "hidden" in attributes or INVISIBLE_STYLE.search(attributes.get("style") or ""):
            return False
        if tag == "img":
            self._parts.append(_emoji(attributes.get("alt") or ""))
        self._break(tag)
        return True

    def _add(self, node: LexborNode) -> None:
        text = node.text_content or ""
        if self.keep_lines or _preformatted(node):
            self._parts.append(text)
        elif not text.isspace():
            self._parts.append(SPACES.sub(" ", text))
        elif self._parts and not self._parts[-1].endswith((" ", "\n")):
            self._parts.append(" ")

    def _leave(self, node: LexborNode) -> None:
        if node.tag not in ("br", "hr", "td", "th"):
            self._break(node.tag or "")

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._parts.append("\n\n")
        elif tag in BLOCKS:
            self._line(tag)
        elif tag in CELLS:
            self._parts.append(" ")

    def _line(self, tag: str) -> None:
        if tag == "br" or not self._parts or not self._parts[-1].endswith("\n"):
            self._parts.append("\n")


def _names(node: LexborNode) -> set[str]:
    """Classes and id in lower case; without the prefix that Outlook adds to the classes of others."""
    attributes = node.attributes
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower().split()
    return {name.removeprefix("x_") for name in names}


def _preformatted(node: LexborNode) -> bool:
    parent = node.parent
    return parent is not None and parent.tag in ("pre", "textarea")


def _emoji(alternative: str) -> str:
    """The text of an image if it is an emoji."""
    return alternative if 0 < len(alternative) <= 8 and not re.search(r"\w", alternative) else ""
