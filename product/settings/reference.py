"""Writes docs/settings.md from the Settings class: python -m product.settings.reference > docs/settings.md"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from product.settings.configuration import ROOT, Settings, rule_groups
from product.settings.deprecated import PREFIX, RENAMED

COMMAND = "python -m product.settings.reference > docs/settings.md"
INTRODUCTION = f"""# Settings

<!-- Written by `{COMMAND}`. Do not edit. -->

Settings are environment variables, or lines of a file `.env` in the folder where Attune starts. A value that is not
allowed stops the start, and the error names the setting and what is allowed. An unknown name that begins with
`{PREFIX}` is logged, with the setting it may stand for. Shares and p-values are fractions of 1.
"""
GROUPS = {
    "Server": ("server_name", "server_port", "api_tokens", "lead_password"),
    "Data": ("data_dir", "database_url", "retention_days"),
    "Model": ("backend", "base_model", "corpus_dir"),
    "Retraining": ("retrain_min_corrections", "retrain_cron", "approval", "shadow_hours", "probation_hours"),
    "Drift": ("drift_alert", "drift_reference"),
    "Trust in contributors": ("source_trust",),
    "Evaluation gate": ("gate",),
    "Probation": ("probation",),
}
"""The settings by heading. A group of numbers, such as `gate`, is listed number by number."""
UNLISTED = {"space_id"}
"""Set by Hugging Face, not by people."""


@dataclass(frozen=True)
class Entry:
    """A line of the table."""

    name: str
    default: str
    allowed: str
    description: str

    def line(self) -> str:
        return f"| `{self.name}` | {self.default} | {self.allowed} | {' '.join(self.description.split())} |"


FORWARDED = Entry(
    "FORWARDED_ALLOW_IPS",
    "`127.0.0.1,::1`",
    "addresses or networks",
    "Proxies that are trusted to report a visitor's address (read by uvicorn). Without it, all visitors behind a proxy "
    "count as one contributor; with `*`, any visitor could choose an address.",
)


def reference() -> str:
    """The page, in Markdown."""
    parts = [INTRODUCTION]
    for heading, names in GROUPS.items():
        entries = [entry for name in names for entry in _entries(name)]
        if heading == "Server":
            entries.insert(2, FORWARDED)
        parts.append(f"## {heading}\n\n{_table(entries)}")
    parts.append(f"## Old names\n\nThese names keep working for one release.\n\n{_old_names()}")
    return "\n".join(parts)


def _table(entries: Iterable[Entry]) -> str:
    lines = ["| setting | default | allowed | what it does |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *(entry.line() for entry in entries)]) + "\n"


def _old_names() -> str:
    lines = [f"| `{PREFIX}{old}` | `{PREFIX}{new}` |" for old, new in RENAMED.items()]
    return "\n".join(["| old name | setting |", "| --- | --- |", *lines]) + "\n"


def _entries(name: str) -> Iterator[Entry]:
    if name not in rule_groups():
        field = Settings.model_fields[name]
        yield _entry(str(field.validation_alias or f"{PREFIX}{name}".upper()), field)
        return
    numbers: dict[str, FieldInfo] = rule_groups()[name].__pydantic_fields__  # type: ignore[attr-defined]
    for number, field in numbers.items():
        yield _entry(f"{PREFIX}{name}__{number}".upper(), field)


def _entry(name: str, field: FieldInfo) -> Entry:
    return Entry(name, _default(field.default), _allowed(field), field.description or "")


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is PydanticUndefined or value == "":
        return "none"
    if isinstance(value, Path):
        value = value.relative_to(ROOT)
    return f"`{value:.3g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    if field.annotation in (int, float):
        limits = ", ".join(limit for bound in field.metadata if (limit := _limit(bound)))
        return limits if field.annotation is float else f"integer, {limits}"
    return "folder" if field.annotation is Path else "text"


def _limit(bound: object) -> str:
    match bound:
        case Ge(ge=value):
            return f"at least {value}"
        case Gt(gt=value):
            return f"above {value}"
        case Le(le=value):
            return f"at most {value:,}"
        case Lt(lt=value):
            return f"below {value}"
    return ""


if __name__ == "__main__":
    print(reference(), end="")
