"""The import contracts of pyproject.toml hold, and a violation fails."""

import shutil
import subprocess
import sys
from pathlib import Path

from product.settings.configuration import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120)


def test_every_import_contract_is_kept():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


def test_a_product_module_that_imports_training_breaks_a_contract(tmp_path):
    for name in ("product", "training", "benchmarks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "product" / "triage.py").open("a", encoding="utf-8") as file:
        file.write("\nimport training.evaluation.behaviours\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1
    assert "product.triage -> training.evaluation.behaviours" in result.stdout
