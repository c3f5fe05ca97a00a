"""The one place that reads the environment. A bad value names the setting and what is allowed."""

import logging
import os
import re
from dataclasses import fields
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from product.sentiment import AttuneError, source_of
from product.settings import cron
from product.settings.rules import GateRules, ProbationRules, SourceTrustRules

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
SHIPPED_MODEL = ROOT / "data" / "model"
PREFIX = "ATTUNE_"
RULES = (SourceTrustRules, GateRules, ProbationRules)


class BadSetting(AttuneError):
    """A setting cannot be used; the message names it and what is allowed."""


class Settings(BaseSettings):
    """Every setting of the product, typed; the README lists them with their defaults."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
    )

    server_name: str = Field("", validation_alias="GRADIO_SERVER_NAME")
    server_port: int = Field(7860, ge=1, le=65535, validation_alias="GRADIO_SERVER_PORT")
    space_id: str = Field("", validation_alias="SPACE_ID")
    data_dir: Path = ROOT / "data" / "runtime"
    database_url: str = ""
    backend: Literal["auto", "onnx-int8", "bnb-int8", "torch"] = "auto"
    base_model: str = ""
    corpus_dir: str = ""
    api_tokens: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    lead_password: SecretStr = SecretStr("")
    retrain_min_corrections: int = Field(50, ge=1)
    retrain_cron: str = ""
    approval: Literal["auto", "lead"] = "auto"
    source_trust: SourceTrustRules = SourceTrustRules()
    gate: GateRules = GateRules()
    probation: ProbationRules = ProbationRules()
    shadow_hours: float = Field(0, ge=0, le=24 * 365)
    probation_hours: float = Field(72, ge=0, le=24 * 365)
    retention_days: int = Field(90, ge=1)
    drift_alert: float = Field(0.25, gt=0, allow_inf_nan=False)
    drift_reference: Literal["training", "traffic"] = "training"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("retrain_cron")
    @classmethod
    def _can_be_a_time(cls, value: str) -> str:
        if value.strip():
            cron.parse(value)
        return value.strip()

    @field_validator("api_tokens", mode="before")
    @classmethod
    def _parse_tokens(cls, value):
        """`name=secret,name=secret` to {secret: name}: a request carries the secret, a row wants the name."""
        if not isinstance(value, str):
            return value
        tokens = {}
        for pair in filter(None, (part.strip() for part in value.split(","))):
            name, separator, secret = pair.partition("=")
            if not (name and separator and secret) or secret in tokens:
                raise ValueError("write it as name=secret,name=secret, each secret once")
            if name in ("desk", "lead") or ":" in name or source_of(f"{name}:") == name:
                raise ValueError("a name must have no colon, and must not be desk, lead or twelve hex digits")
            tokens[secret] = name
        return tokens

    @property
    def host(self) -> str:
        """A Space is reached through its proxy, so there the default is every interface."""
        return self.server_name or ("0.0.0.0" if self.space_id else "127.0.0.1")

    @cached_property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'attune.db'}"

    def for_child(self) -> dict[str, str]:
        """Environment that makes a command of the product work on the same data, by the same rules, however these
        settings came about and wherever it is started. Secrets are not among it."""
        left_out = {"server_name", "server_port", "space_id"}
        given = self.model_dump(mode="json", exclude=left_out) | {"database_url": self.database}
        told = {}
        for name, value in given.items():
            if isinstance(getattr(self, name, None), RULES):
                told |= {f"{PREFIX}{name}__{number}".upper(): str(each) for number, each in value.items()}
            elif isinstance(value, str | int | float) and not re.search("token|password", name):
                told[f"{PREFIX}{name}".upper()] = str(value)
        return told

    @property
    def versions_dir(self) -> Path:
        return self.data_dir / "versions"


def load_settings(**overrides) -> Settings:
    """Read environment and `.env`; raises BadSetting naming each bad setting and what is allowed. A name that begins
    as a setting's and is none is told in the log: whoever set it believes that it counts."""
    for name in sorted({*os.environ, *dotenv_values(Settings.model_config["env_file"])}):
        if name.upper().startswith(PREFIX):
            _warn_if_unknown(name.upper().removeprefix(PREFIX))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise BadSetting("\n".join(_explain(problem) for problem in error.errors())) from None


@cache
def _warn_if_unknown(name: str) -> None:
    known = {field.upper() for field, info in Settings.model_fields.items() if not info.validation_alias}
    if name.split("__")[0] not in known:
        groups = {name: info.annotation for name, info in Settings.model_fields.items() if info.annotation in RULES}
        known |= {f"{group}__{one.name}".upper() for group, rules in groups.items() for one in fields(rules)}
        meant = "".join(f"; did you mean {PREFIX}{each}?" for each in get_close_matches(name, sorted(known), n=1))
        log.warning("%s%s is no setting, and is ignored%s", PREFIX, name, meant)


def _explain(problem: dict) -> str:
    field = "__".join(map(str, problem["loc"])) or "settings"
    name = field if field.isupper() else f"{PREFIX}{field.upper()}"
    if problem["type"] == "unexpected_keyword_argument":
        group = Settings.model_fields[str(problem["loc"][0])].annotation
        return f"{name} is not known; known are {', '.join(one.name for one in fields(group))}"
    # A secret must not reach a log.
    given = (
        "" if "token" in field or "password" in field else f" (given: {os.environ.get(name, problem.get('input'))!r})"
    )
    return f"{name}: {problem['msg']}{given}"
