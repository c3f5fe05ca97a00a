"""The documentation names only what exists: files, links, headings, commands, options, settings, benchmarks."""

import re
import shlex
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from product.cli.app import app as product_app
from product.settings.configuration import ROOT, Settings
from product.settings.deprecated import RENAMED
from training.__main__ import app as training_app

README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [README, *PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "privacy" / "README.md"]
SCRIPTS = sorted((ROOT / "docs" / "recipes").glob("*.sh"))
GENERATED = {"settings.md"}
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
REPOSITORY_PATH = re.compile(r"(?:product|training|data|docs|benchmarks|tests)/[\w./-]*[\w/]")
MADE_AT_RUN_TIME = ("data/runtime",)
SETTING = re.compile(r"\b(?:ATTUNE|GRADIO)_[A-Z_]+\b")
COMMAND = re.compile(r"(?:python|torchrun [^`\n]*?) ?-m (product|training)\b([^`\n]*)")
BENCHMARK = re.compile(r"python -m benchmarks\.(\w+)")
MAKE = re.compile(r"`make (?:\w+=\S+ )?([a-z-]+)`")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def body(document: Path) -> str:
    """A document without its front matter."""
    text = document.read_text(encoding="utf-8")
    return text.split("\n---\n", 1)[1] if text.startswith("---\n") else text


def heading_anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", body(document)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def setting_names() -> set[str]:
    """Every setting, each group's prefix, and the old names that still work."""
    names = {f"ATTUNE_{old}" for old in RENAMED} | {"ATTUNE_STANDING__"}
    for name, info in Settings.model_fields.items():
        own_name = str(info.validation_alias or f"ATTUNE_{name.upper()}")
        names.add(own_name)
        if is_dataclass(info.annotation):
            names |= {f"{own_name}__"} | {f"{own_name}__{field.name.upper()}" for field in fields(info.annotation)}
    return names


def command_lines(text: str) -> list[tuple[str, list[str]]]:
    """(package, arguments) of each `python -m product …` and `python -m training …`, continued lines joined."""
    joined = text.replace("\\\n", " ")
    return [(package, shlex.split(rest.replace("…", " "), comments=True)) for package, rest in COMMAND.findall(joined)]


def resolve(package: str, arguments: list[str]) -> tuple[TyperCommand, list[str]]:
    """The command that the arguments call, and what is left of them."""
    command = typer.main.get_command({"product": product_app, "training": training_app}[package])
    while isinstance(command, TyperGroup) and arguments and re.fullmatch(r"[a-z-]+", arguments[0]):
        assert arguments[0] in command.commands, f"python -m {package}: no command {arguments[0]!r}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    return command, arguments


def test_the_readme_has_700_to_1000_words():
    assert 700 <= len(body(README).split()) <= 1_000


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: page.name)
def test_a_page_has_fewer_than_1200_words(page):
    assert len(body(page).split()) < 1_200


@every_document
def test_relative_links_lead_to_files_and_headings(document):
    for link in LINK.findall(FENCE.sub("", body(document))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in heading_anchors(target), link


@every_document
def test_repository_paths_in_backticks_exist(document):
    named = [path for code in CODE.findall(FENCE.sub("", body(document))) for path in REPOSITORY_PATH.findall(code)]
    missing = [path for path in named if not path.startswith(MADE_AT_RUN_TIME) and not (ROOT / path).exists()]
    assert missing == []


@every_document
def test_commands_and_their_options_exist(document):
    check_commands(body(document))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_recipes_use_existing_commands_and_options(script):
    text = script.read_text(encoding="utf-8")
    finetune = resolve("training", ["finetune"])[0]
    compress = resolve("training", ["compress"])[0]
    known = {name for command in (finetune, *compress.commands.values()) for name in option_names(command)}
    known |= option_names(resolve("training", ["combine"])[0])
    assert set(re.findall(r"(?<=\s)--[a-z-]+", text)) <= known


def check_commands(text: str) -> None:
    for package, arguments in command_lines(text):
        command, rest = resolve(package, arguments)
        given = {argument.partition("=")[0] for argument in rest if argument.startswith("--")}
        assert given <= option_names(command) | {"--help"}, (package, arguments)


def option_names(command: TyperCommand) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("package", ["product", "training"])
def test_every_command_is_documented(package):
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    root = typer.main.get_command({"product": product_app, "training": training_app}[package])
    missing = [
        f"{name} {child}".strip()
        for name, command in root.commands.items()
        for child in (command.commands if isinstance(command, TyperGroup) else [""])
        if f"python -m {package} {name} {child}".strip() not in text
    ]
    assert missing == []


@every_document
def test_settings_exist_or_are_known_old_names(document):
    assert set(SETTING.findall(body(document))) - setting_names() == set()


@every_document
def test_benchmarks_and_make_targets_exist(document):
    text = body(document)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(MAKE.findall(text)) <= set(targets)
    assert [name for name in BENCHMARK.findall(text) if not (ROOT / "benchmarks" / f"{name}.py").is_file()] == []
