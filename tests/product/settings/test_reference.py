"""docs/settings.md is what the Settings class says."""

import pytest

from product.settings.configuration import ROOT, Settings
from product.settings.reference import COMMAND, GROUPS, UNLISTED, reference


def test_the_page_is_up_to_date():
    if (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") != reference():
        pytest.fail(f"docs/settings.md is out of date; rewrite it with: {COMMAND}")


def test_every_setting_is_listed_once():
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(set(Settings.model_fields) - UNLISTED)


def test_every_setting_has_a_default_the_allowed_values_and_a_description():
    lines = [line for line in reference().splitlines() if line.startswith("| `") and line.count("|") == 5]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(cells) > 40
    assert all(cell for row in cells for cell in row)
    described = {row[0].strip("`"): row for row in cells}
    assert described["ATTUNE_GATE__P_VALUE"][1:3] == ["`0.05`", "above 0, below 1"]
    assert described["ATTUNE_BACKEND"][1:3] == ["`auto`", "`auto`, `onnx-int8`, `bnb-int8`, `torch`"]
    assert described["ATTUNE_LEAD_PASSWORD"][1] == "none"
