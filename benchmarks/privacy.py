"""Recall and false redactions of the redaction rules: python -m benchmarks.privacy [FILE …]

Measured on data/privacy/*.jsonl: messages with identifiers to remove and ordinary values to keep, as described in
data/privacy/README.md. The last table compares the rules for telephone numbers with the matcher of `phonenumbers`.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from phonenumbers import Leniency, PhoneNumberMatcher
from rich.console import Console
from rich.table import Table

from product.message.characters import visible
from product.privacy.identifiers import KINDS, Identifier
from product.privacy.redact import find
from product.settings.configuration import ROOT

CASES = ROOT / "data" / "privacy"
REGIONS = ("US", "GB", "AU", "IE", "NZ", "ZA", "IN", "CN", "HK", "TW", "SG", "DE", "FR", "ES", "IT", "PT", "BR", "JP")
"""Whose national numbers the matcher of `phonenumbers` looks for: a region has to be given."""
Finder = Callable[[str], list[Identifier]]


@dataclass
class Score:
    """Counts by kind of identifier. `missed` and `mistaken` list the missed identifiers and the false redactions."""

    identifiers: Counter = field(default_factory=Counter)
    found: Counter = field(default_factory=Counter)
    ordinary: int = 0
    missed: list[str] = field(default_factory=list)
    mistaken: list[str] = field(default_factory=list)

    def recall(self, kind: str | None = None) -> float:
        """Share of identifiers found, 0 to 1: of one kind, or of all kinds."""
        kinds = [kind] if kind else list(KINDS)
        return sum(self.found[name] for name in kinds) / sum(self.identifiers[name] for name in kinds)

    @property
    def false_redactions(self) -> float:
        """Share of ordinary values that are redacted in full or in part, 0 to 1."""
        return len(self.mistaken) / self.ordinary


def read_cases(file: Path) -> list[dict]:
    """Cases of a JSON-lines file: `text`, `identifiers` (`kind`, `value`) and `ordinary` values, each once in it."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def measure(cases: list[dict], finder: Finder = find) -> Score:
    """Score the cases. An identifier counts as found when one placeholder of its kind covers all of it."""
    score = Score()
    for case in cases:
        text = visible(case["text"])
        found = finder(text)
        for identifier in case["identifiers"]:
            kind, value = identifier["kind"], visible(identifier["value"])
            score.identifiers[kind] += 1
            if any(match.kind == kind and _covers(match, text, value) for match in found):
                score.found[kind] += 1
            else:
                score.missed.append(f"{kind} {value}: {case['text']}")
        for value in map(visible, case["ordinary"]):
            score.ordinary += 1
            if any(_overlaps(match, text, value) for match in found):
                score.mistaken.append(f"{value}: {case['text']}")
    return score


def _covers(found: Identifier, text: str, value: str) -> bool:
    start = text.index(value)
    return found.start <= start and start + len(value) <= found.end


def _overlaps(found: Identifier, text: str, value: str) -> bool:
    start = text.index(value)
    return found.start < start + len(value) and start < found.end


def table(name: str, score: Score) -> Table:
    shown = Table(title=name, title_justify="left")
    for heading in ("", "of", "share"):
        shown.add_column(heading, justify="right" if heading else "left")
    for kind in filter(score.identifiers.get, KINDS):
        shown.add_row(f"found: {kind}", str(score.identifiers[kind]), f"{score.recall(kind):.1%}")
    shown.add_row("found: all", str(score.identifiers.total()), f"{score.recall():.1%}")
    shown.add_row("ordinary values redacted", str(score.ordinary), f"{score.false_redactions:.1%}")
    return shown


def matched_phones(leniency: int) -> Finder:
    """Finds telephone numbers with PhoneNumberMatcher at this leniency, for each of REGIONS."""

    def find_phones(text: str) -> list[Identifier]:
        matches = [match for region in REGIONS for match in PhoneNumberMatcher(text, region, leniency)]
        return [Identifier("phone", match.start, match.end) for match in matches]

    return find_phones


def own_phones(text: str) -> list[Identifier]:
    return [identifier for identifier in find(text) if identifier.kind == "phone"]


def comparison(cases: list[dict]) -> Table:
    """Telephone numbers found, ordinary values taken for one, and time, by method."""
    shown = Table(title="telephone numbers", title_justify="left")
    for heading in ("", "found", "ordinary values", "ms a message"):
        shown.add_column(heading, justify="right" if heading else "left")
    methods = {
        "rules of this repository": own_phones,
        "PhoneNumberMatcher, valid": matched_phones(Leniency.VALID),
        "PhoneNumberMatcher, possible": matched_phones(Leniency.POSSIBLE),
    }
    for name, finder in methods.items():
        begun = time.process_time()
        score = measure(cases, finder)
        milliseconds = 1000 * (time.process_time() - begun) / len(cases)
        shown.add_row(name, f"{score.recall('phone'):.1%}", f"{score.false_redactions:.1%}", f"{milliseconds:.2f}")
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(CASES.glob("*.jsonl")))
    console = Console()
    files = parser.parse_args().files
    for file in files:
        score = measure(read_cases(file))
        console.print(table(file.name, score))
        for heading, values in (("missed", score.missed), ("redacted by mistake", score.mistaken)):
            for value in values:
                console.print(f"{heading}: {value}", markup=False, highlight=False, soft_wrap=True)
    console.print(comparison([case for file in files for case in read_cases(file)]))


if __name__ == "__main__":
    main()
