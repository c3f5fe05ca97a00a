from pathlib import Path

import pytest

from product.settings.configuration import BadSetting, Settings, load_settings
from product.settings.rules import GateRules, ProbationRules, SourceTrustRules


@pytest.fixture(autouse=True)
def no_dotenv(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_defaults_bind_to_loopback_and_keep_everything_in_the_data_dir(monkeypatch):
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "SPACE_ID", "ATTUNE_DATA_DIR", "ATTUNE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings()
    assert (settings.host, settings.server_port) == ("127.0.0.1", 7860)
    assert settings.database == f"sqlite:///{settings.data_dir}/attune.db"
    assert settings.versions_dir == settings.data_dir / "versions"


def test_on_a_space_the_default_is_every_interface(monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    monkeypatch.setenv("SPACE_ID", "someone/attune")
    assert load_settings().host == "0.0.0.0"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ATTUNE_BACKEND", "gpu", "'auto', 'onnx-int8', 'bnb-int8' or 'torch'"),
        ("GRADIO_SERVER_PORT", "70000", "less than or equal to 65535"),
        ("ATTUNE_RETRAIN_MIN_CORRECTIONS", "none", "valid integer"),
        ("ATTUNE_APPROVAL", "boss", "'auto' or 'lead'"),
        ("ATTUNE_SOURCE_TRUST__PRIOR_TRUST", "1.5", "less than 1"),
        ("ATTUNE_GATE__MAX_ACCURACY_LOSS", "-0.1", "greater than or equal to 0"),
        ("ATTUNE_PROBATION__P_VALUE", "often", "valid number"),
        ("ATTUNE_RETRAIN_CRON", "0 3 * *", "five fields: minute, hour, day of the month, month, day of the week"),
        ("ATTUNE_RETRAIN_CRON", "99 3 * * *", "five fields: minute, hour, day of the month, month, day of the week"),
    ],
)
def test_a_bad_value_names_the_setting_and_what_is_allowed(monkeypatch, name, value, allowed):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=name) as caught:
        load_settings()
    assert allowed in str(caught.value)
    assert value in str(caught.value)


def test_every_number_of_the_rules_is_a_setting(monkeypatch):
    monkeypatch.setenv("ATTUNE_SOURCE_TRUST__PRIOR_TRUST", "0.7")
    monkeypatch.setenv("ATTUNE_SOURCE_TRUST__BURST_MINUTES", "5")
    monkeypatch.setenv("ATTUNE_GATE__MAX_FORGOTTEN_SHARE", "0.01")
    monkeypatch.setenv("ATTUNE_PROBATION__MIN_PREDICTIONS", "500")
    settings = load_settings()
    assert settings.source_trust == SourceTrustRules(prior_trust=0.7, burst_minutes=5)
    assert settings.gate == GateRules(max_forgotten_share=0.01)
    assert settings.probation == ProbationRules(min_predictions=500)


def test_an_unknown_number_of_a_rule_is_named_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("ATTUNE_PROBATION__P_VALUES", "0.1")
    with pytest.raises(
        BadSetting, match="ATTUNE_PROBATION__P_VALUES is not known; known are min_predictions, min_error_ratio"
    ):
        load_settings()


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("ATTUNE_SOURCE_TRUST_QUARANTINE", "; did you mean ATTUNE_SOURCE_TRUST__QUARANTINE_TRUST?"),
        ("ATTUNE_RETRAIN_CRONE", "; did you mean ATTUNE_RETRAIN_CRON?"),
        ("ATTUNE_WEATHER", ""),
    ],
)
def test_an_unknown_name_is_logged_once_with_the_setting_it_may_mean(monkeypatch, caplog, name, similar):
    monkeypatch.setenv(name, "0.9")
    load_settings()
    load_settings()
    assert [record.getMessage() for record in caplog.records] == [f"{name} is not a setting and is ignored{similar}"]


def test_an_unknown_name_in_the_env_file_is_logged_too(monkeypatch, caplog, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("ATTUNE_RETENTION=30\nATTUNE_RETENTION_DAYS=31\nOTHER=1\n")
    assert load_settings().retention_days == 31
    assert [record.getMessage() for record in caplog.records] == [
        "ATTUNE_RETENTION is not a setting and is ignored; did you mean ATTUNE_RETENTION_DAYS?"
    ]


def test_tokens_are_looked_up_by_their_secret(monkeypatch):
    monkeypatch.setenv("ATTUNE_API_TOKENS", "crm=s3cret, shop=t0ken")
    assert load_settings().api_tokens == {"s3cret": "crm", "t0ken": "shop"}


@pytest.mark.parametrize("name", ["desk", "lead", "0123456789ab", "a:b"])
def test_a_token_cannot_have_a_name_that_exports_use_for_others(monkeypatch, name):
    monkeypatch.setenv("ATTUNE_API_TOKENS", f"{name}=s3cret")
    with pytest.raises(BadSetting, match="must not be desk, lead or twelve hex digits"):
        load_settings()


def test_a_bad_token_setting_does_not_print_the_secret(monkeypatch):
    monkeypatch.setenv("ATTUNE_API_TOKENS", "crm:hidden-thing")
    with pytest.raises(BadSetting, match="ATTUNE_API_TOKENS") as caught:
        load_settings()
    assert "hidden-thing" not in str(caught.value)


def test_a_password_is_not_printed_with_the_settings(monkeypatch):
    monkeypatch.setenv("ATTUNE_LEAD_PASSWORD", "hidden-thing")
    settings = load_settings()
    assert settings.lead_password.get_secret_value() == "hidden-thing"
    assert "hidden-thing" not in repr(settings) + str(settings.model_dump())
    assert "hidden-thing" not in str(settings.child_environment())


def test_settings_cannot_change_while_the_product_runs(tmp_path):
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.backend = "torch"


def test_a_child_process_uses_the_same_settings_however_they_were_made(monkeypatch, tmp_path):
    for name in ("ATTUNE_DATABASE_URL", "ATTUNE_CORPUS_DIR", "ATTUNE_APPROVAL"):
        monkeypatch.delenv(name, raising=False)
    numbers = {"source_trust": {"burst_minutes": 3, "large_contributor_min": 40}, "gate": {"label_p_value": 0.2}}
    given = load_settings(
        data_dir=tmp_path / "data", corpus_dir="/corpora", approval="lead", retrain_min_corrections=7, **numbers
    )
    for name, value in given.child_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == given.model_copy(update={"database_url": given.database})


def test_a_child_process_gets_no_secret(monkeypatch):
    monkeypatch.setenv("ATTUNE_API_TOKENS", "crm=s3cret")
    assert "s3cret" not in str(load_settings().child_environment())
