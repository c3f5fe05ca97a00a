"""Files, folders and functions stay small enough to be read in one go."""

import ast
from collections.abc import Iterator
from pathlib import Path

from product.settings.configuration import ROOT

MAX_LINES = 350
MAX_PARAMETERS = 6
MAX_FILES = 9
"""Modules in one folder, not counting `__init__.py` and `__main__.py`."""
CODE = [path for name in ("product", "training", "benchmarks") for path in sorted((ROOT / name).rglob("*.py"))]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def count_parameters(function: Function) -> int:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in named)


def is_command(function: Function) -> bool:
    """A Typer command has one parameter for each of its options."""
    return any("command" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_no_file_is_longer_than_350_lines():
    lines = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {path: count for path, count in lines.items() if count > MAX_LINES} == {}


def test_no_function_takes_more_than_six_parameters():
    assert [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in CODE
        for function in functions(path)
        if count_parameters(function) > MAX_PARAMETERS and not is_command(function)
    ] == []


def test_no_package_has_more_than_nine_modules():
    folders = {path.parent for path in CODE if "migrations" not in path.parts and path.parent.name != "benchmarks"}
    modules = {folder: [path for path in folder.glob("*.py") if not path.name.startswith("__")] for folder in folders}
    assert {folder.relative_to(ROOT): len(paths) for folder, paths in modules.items() if len(paths) > MAX_FILES} == {}
