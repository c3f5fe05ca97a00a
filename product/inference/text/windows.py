"""Cut a long text into windows of whole sentences, so that one sentence among many is read on its own."""

import re
from itertools import pairwise

SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s)|[。！？!?；;…]+[”’」』）)]*")
WHOLE_TOKENS = 48
"""Texts of at most so many tokens are read once, whole."""
WINDOW_TOKENS = 24
"""Tokens of a window, at most; a longer sentence is cut. In windows of 48, calm sentences are called negative more than
twice as often in English."""
MAX_WINDOWS = 192
"""Windows of a text, at most: about 3,000 English words. What follows is not read."""


def sentence_starts(text: str) -> list[int]:
    """The positions in the text where a sentence starts, the first at 0."""
    return [0, *(match.end() for match in SENTENCE_END.finditer(text) if match.end() < len(text))]


def cut(starts: list[int], offsets: list[tuple[int, int]], limit: int = WINDOW_TOKENS) -> list[tuple[int, int]]:
    """Token ranges (start, end) of consecutive windows that cover all tokens.

    `starts` are positions of sentences in the text, `offsets` the position of each token. A window takes sentences
    while they fit into `limit` tokens.
    """
    bounds = _sentence_bounds(starts, offsets)
    windows: list[tuple[int, int]] = []
    start = 0
    for sentence_start, sentence_end in pairwise(bounds):
        if sentence_end - start > limit and sentence_start > start:
            windows.append((start, sentence_start))
            start = sentence_start
        while sentence_end - start > limit:
            windows.append((start, start + limit))
            start += limit
    if start < bounds[-1]:
        windows.append((start, bounds[-1]))
    return windows


def _sentence_bounds(starts: list[int], offsets: list[tuple[int, int]]) -> list[int]:
    """The index of the first token of each sentence, and the number of tokens."""
    bounds = [0]
    sentence = 1
    for token, (position, _) in enumerate(offsets):
        while sentence < len(starts) and position >= starts[sentence]:
            if token > bounds[-1]:
                bounds.append(token)
            sentence += 1
    return [*bounds, len(offsets)]
