"""All cases of the behavioural suite that are composed of test parts."""

from training.data.generation.kinds import symbols, words, wrappings
from training.data.generation.kinds.drawing import CASES, Family, draw
from training.data.generation.kinds.words import LONG, LONG_CASES
from training.data.generation.templates import Case


def composed_cases(language: str) -> list[Case]:
    """The cases of each composed capability of a language, in the order of the capabilities."""
    cases: list[Case] = []
    for name, families in capabilities(language).items():
        cases += draw(language, name, families, LONG_CASES if name in LONG else CASES)
    return cases


def capabilities(language: str) -> dict[str, list[Family]]:
    """The composed capabilities with their families."""
    return words.families(language) | LONG | wrappings.families(language) | symbols.families(language)
