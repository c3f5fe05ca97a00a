"""How well the customer's words are found: python -m benchmarks.messages

The first table has wrapped messages of the behavioural suite, whose wrappings are by another hand than the rules: the
share of which something is left out, and of which all of the wrapping is. The second has ordinary rows, of which almost
nothing should be left out: how many lose a part, by corpus. The last line is the time for one message.
"""

import random
import time
from collections import Counter

from rich.console import Console
from rich.table import Table

from product.message.customer import customer_text
from product.settings.configuration import load_settings
from training.data import catalogue
from training.data.cleaning import mend
from training.data.generation.kinds.suite import composed_cases
from training.data.rows import CorpusUnavailable

WRAPPED = ("quoted-thread", "signature-and-disclaimer")
ORDINARY = ("airline", "crowd", "desk-en", "desk-zh", "replay-en", "replay-zh", "support", "sst2", "imdb", "zh-reviews")
ROWS = 3_000
SHORT = "Third time this month my delivery is late and nobody answers the phone. I want my money back."
MAIL = f"Hello,\n\n{SHORT}\n\nKind regards,\nTom\n\n-----Original Message-----\nFrom: Support\n\nWe are sorry."


def wrapped() -> Table:
    shown = Table("capability", "language", "messages", "something is left out", "all of it", title="wrapped messages")
    for language in ("en", "zh"):
        cases = composed_cases(language)
        for name in WRAPPED:
            texts = [text for case in cases if case.capability == name for text in case.texts]
            found = sum(bool(customer_text(text).omitted) for text in texts)
            # Signatures and notices stand below the first paragraph; threads have no such simple rule.
            exact = sum(customer_text(text).text == text.split("\n\n")[0] for text in texts)
            whole = "" if name == "quoted-thread" else f"{exact / len(texts):.1%}"
            shown.add_row(name, language, f"{len(texts)}", f"{found / len(texts):.1%}", whole)
    return shown


def ordinary(corpus_dir: str) -> Table:
    shown = Table("corpus", "rows", "a part is left out", "parts", title="ordinary rows")
    for name in ORDINARY:
        try:
            splits = catalogue.find(name).splits
            texts = [mend(row.text) for split in splits for row in catalogue.load(name, split, corpus_dir)]
        except CorpusUnavailable:
            shown.add_row(name, "not available", "", "")
            continue
        chosen = random.Random(0).sample(texts, min(ROWS, len(texts)))
        parts = Counter(part for text in chosen for part in customer_text(text).omitted)
        changed = sum(bool(customer_text(text).omitted) for text in chosen)
        listed = ", ".join(f"{part} {count}" for part, count in parts.items())
        shown.add_row(name, f"{len(chosen):,}", f"{changed}", listed)
    return shown


def microseconds(text: str, times: int = 2_000) -> float:
    start = time.perf_counter()
    for _ in range(times):
        customer_text(text)
    return (time.perf_counter() - start) / times * 1e6


def main() -> None:
    console = Console()
    console.print(wrapped())
    console.print(ordinary(load_settings().corpus_dir))
    console.print(f"{microseconds(SHORT):.0f} µs for a short message, {microseconds(MAIL):.0f} µs for a mail")


if __name__ == "__main__":
    main()
