"""The settings that every service has, read once from the environment (`LOKET_…`) and checked.

A service adds its own in a subclass; each field says what it is and in which unit.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.kafka import Access, Where, tls

PREFIX = "LOKET_"
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Rate = Annotated[float, Field(ge=0)]


class SettingsProblem(Exception):
    """The environment is incomplete or wrong; the text names each setting, never its value."""


class ServiceSettings(BaseSettings):
    """What a service needs to know about its surroundings. Frozen; secrets never print."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    http_host: str = Field("127.0.0.1", description="Address to listen on.")
    http_port: Port = Field(0, description="Port to listen on; 0 lets the system choose one.")
    request_deadline_seconds: Seconds = Field(
        10.0, description="Seconds until a request without an answer gets a 503."
    )
    requests_limit: Count = Field(
        1000, description="Most requests in work at once; beyond it the answer is a 503."
    )
    requests_patience_seconds: Seconds = Field(
        3.0,
        description="Seconds; while more than 32 requests in work are older, others get a 503.",
    )
    receive_seconds: Seconds = Field(
        10.0, description="Seconds in which a request must have come whole, else its line is cut."
    )
    caller_rate: Rate = Field(
        1000.0, description="Requests a second of one token's owner, beyond it a 429; 0: no limit."
    )
    caller_burst: Count = Field(
        5000, description="Requests that such a caller may send at once after a pause."
    )
    address_rate: Rate = Field(
        300.0,
        description="Requests a second without a token from one network address; 0: no limit.",
    )
    address_burst: Count = Field(
        3000, description="Requests that such an address may send at once after a pause."
    )
    callers_remembered: Count = Field(
        20_000,
        description="Callers of each kind that are remembered; then the oldest is forgotten.",
    )
    body_limit_bytes: Count = Field(262_144, description="Largest request body in bytes.")
    shutdown_seconds: Seconds = Field(
        10.0, description="Seconds that open requests and streams have to end at shutdown."
    )

    database_url: SecretStr = Field(
        description="PostgreSQL as the program: postgresql+asyncpg://role:password@host:port/db."
    )
    relay_database_url: SecretStr | None = Field(
        None, description="The same database as the relay's role; unset: no relay in this process."
    )
    owner_database_url: SecretStr | None = Field(
        None, description="The same database as its owner; for migrations only."
    )
    kafka_bootstrap: str = Field(description="Kafka brokers, host:port, separated by commas.")
    kafka_username: str | None = Field(
        None, description="Login at Kafka (SCRAM-SHA-256); unset: brokers that are open to all."
    )
    kafka_password_file: Path | None = Field(
        None, description="File with the password of that login; needed when there is a login."
    )
    kafka_tls: bool = Field(
        default=False, description="Whether Kafka is spoken to through TLS (SASL_SSL)."
    )
    kafka_ca_file: Path | None = Field(
        None, description="Who signs the brokers' certificates; unset: whom the system trusts."
    )

    jwks_url: str = Field(description="Where the token issuer publishes its public keys (JWKS).")
    token_issuer: str = Field(description="The `iss` that a token must have.")
    token_audience: str = Field("loket", description="The `aud` that a token must have.")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    traces: Literal["off", "file", "otlp"] = Field("off", description="Where traces go.")
    traces_share: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Share of the traces that are recorded, each whole or not at all."
    )
    trace_file: Path | None = Field(
        None, description="File for one JSON span per line; needed when traces go to a file."
    )
    otlp_endpoint: str = Field(
        "http://127.0.0.1:4318/v1/traces", description="OTLP/HTTP address of the collector."
    )
    failpoints: str = Field(
        "", description="Faults to cause on purpose, name=crash|error|sleep:SECONDS[@HIT] each."
    )

    due_seconds: Seconds = Field(
        5.0, description="Seconds between two looks at what time has made due."
    )
    clock_file: Path | None = Field(
        None,
        description="File that says what time it is, for rehearsals; refused with LOKET_KAFKA_TLS.",
    )

    group_max: Count = Field(256, description="Most commands that share one transaction.")
    queue_limit: Count = Field(
        5000, description="Most commands that wait for dispatch; above it callers get a 503."
    )
    lane_limit: Count = Field(
        4000, description="Most commands of one mall or agency that wait; above it a 503."
    )
    command_deadline_seconds: Seconds = Field(
        5.0, description="Seconds that a command may wait for its transaction."
    )
    consume_batch_max: Count = Field(
        500,
        description="Most records in one consumer transaction; the read model takes four times as "
        "many while it is behind.",
    )
    commands_kept_days: Count = Field(
        30, description="Days for which a repeated request gets its first answer again."
    )
    settled_kept_days: Count = Field(
        90, description="Days for which a parked record is kept once it is settled."
    )

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises SettingsProblem with one line for each wrong setting."""
        try:
            found = cls()
        except ValidationError as problem:
            known = {setting.variable: setting for setting in describe(cls)}
            lines = []
            for error in problem.errors(include_input=False, include_url=False):
                variable = f"{PREFIX}{error['loc'][0]}".upper() if error["loc"] else PREFIX
                told = known[variable].description if variable in known else ""
                lines.append(f"{variable}: {error['msg']}. {told}".rstrip())
            raise SettingsProblem("\n".join(lines)) from None
        if found.clock_file is not None and found.kafka_tls:
            raise SettingsProblem("LOKET_CLOCK_FILE: never where LOKET_KAFKA_TLS guards real data.")
        found.kafka()
        return found

    def kafka(self) -> Where:
        """Where Kafka is and who we are there. Raises SettingsProblem when a file is missing."""
        if self.kafka_username is None:
            if self.kafka_tls:
                raise SettingsProblem("LOKET_KAFKA_USERNAME: needed with LOKET_KAFKA_TLS.")
            return self.kafka_bootstrap
        file = self.kafka_password_file
        if file is None or not file.is_file():
            raise SettingsProblem("LOKET_KAFKA_PASSWORD_FILE: names no file with a password.")
        access = Access(
            self.kafka_bootstrap,
            self.kafka_username,
            file.read_text(encoding="utf-8").strip(),
            tls=self.kafka_tls,
            ca_file=self.kafka_ca_file,
        )
        try:
            tls(access)
        except OSError:
            raise SettingsProblem("LOKET_KAFKA_CA_FILE: no file with certificates.") from None
        return access


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the generated table of settings."""

    variable: str
    kind: str
    default: str
    description: str


def describe(settings: type[ServiceSettings]) -> list[Setting]:
    """Every setting of a class, in the order of its fields, for the generated documentation."""
    rows = []
    for name, field in settings.model_fields.items():
        default = "required" if field.is_required() else str(field.get_default())
        kind = getattr(field.annotation, "__name__", None) or str(field.annotation)
        rows.append(
            Setting(
                variable=f"{PREFIX}{name}".upper(),
                kind="str" if "Literal" in kind else kind,
                default="unset" if default == "None" else default,
                description=field.description or "",
            )
        )
    return rows
