"""Settings under their old names."""

import logging
from pathlib import Path

import pytest

from product.settings.configuration import BadSetting, _check_name, load_settings, rule_groups
from product.settings.deprecated import RENAMED, with_new_names


@pytest.fixture(autouse=True)
def nothing_set_or_logged_before(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    _check_name.cache_clear()


def value_of(settings, name: str) -> float:
    group, number = name.lower().split("__")
    return getattr(getattr(settings, group), number)


def another(value: float) -> float:
    """A value that the same setting allows, as all allow the numbers close by."""
    return value + 1 if isinstance(value, int) else round(value * 0.99, 6) if value > 0.5 else round(value * 1.01, 6)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_sets_the_renamed_setting(monkeypatch, caplog, old, new):
    wanted = another(value_of(load_settings(), new))
    monkeypatch.setenv(f"ATTUNE_{old}", str(wanted))
    assert value_of(load_settings(), new) == pytest.approx(wanted)
    load_settings()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.args[-1] == f"ATTUNE_{new}"


@pytest.mark.parametrize("old", ["GATE__MARGIN", "TRUST_ACCEPTED"])
def test_an_old_name_works_in_the_env_file(caplog, old):
    Path(".env").write_text(f"ATTUNE_{old}=0.97\n")
    assert value_of(load_settings(), RENAMED[old]) == 0.97
    assert [record.args[-1] for record in caplog.records] == [f"ATTUNE_{RENAMED[old]}"]


def test_the_new_name_takes_precedence_over_the_old_one(monkeypatch):
    monkeypatch.setenv("ATTUNE_GATE__MARGIN", "0.2")
    monkeypatch.setenv("ATTUNE_GATE__MAX_ACCURACY_LOSS", "0.1")
    assert load_settings().gate.max_accuracy_loss == 0.1


def test_the_environment_takes_precedence_over_the_env_file_also_by_an_old_name(monkeypatch):
    Path(".env").write_text("ATTUNE_GATE__MAX_ACCURACY_LOSS=0.1\n")
    monkeypatch.setenv("ATTUNE_GATE__MARGIN", "0.2")
    assert load_settings().gate.max_accuracy_loss == 0.2


def test_a_bad_value_under_an_old_name_is_refused_by_the_new_name(monkeypatch):
    monkeypatch.setenv("ATTUNE_STANDING__NEWCOMER", "1.5")
    with pytest.raises(BadSetting, match="ATTUNE_SOURCE_TRUST__PRIOR_TRUST: .*less than 1 .given: '1.5'."):
        load_settings()


def test_every_new_name_is_a_setting_and_no_old_name_is():
    known = {
        f"{group}__{number}".upper() for group, rules in rule_groups().items() for number in rules.__pydantic_fields__
    }
    assert set(RENAMED.values()) <= known
    assert not set(RENAMED) & known


def test_other_variables_stay_as_they_are():
    variables = {"path": "/bin", "attune_gate__margin": "0.2", "attune_backend": None}
    assert with_new_names(variables) == {
        "path": "/bin",
        "attune_gate__max_accuracy_loss": "0.2",
        "attune_backend": None,
    }
