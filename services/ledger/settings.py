"""The settings of the ledger, and the one setting that a check of it needs."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import PREFIX, Seconds, ServiceSettings


class LedgerSettings(ServiceSettings):
    """The ledger looks at its own checkpoints where it cannot change them: on Kafka."""

    checkpoints_seconds: Seconds = Field(
        300.0, description="Pause between two looks at the checkpoints on Kafka."
    )
    checkpoints_from: Annotated[int, Field(ge=0)] = Field(
        0,
        description="First offset of ledger.checkpoints.v1 that must agree with the database; "
        "raise it past a contradiction that has been explained.",
    )


class VerifySettings(BaseSettings):
    """What `python -m services.ledger verify` needs: a role that may read is enough."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    database_url: SecretStr = Field(
        description="PostgreSQL of the ledger: postgresql+asyncpg://role:password@host:port/db."
    )
