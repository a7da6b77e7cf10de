"""The settings of the ledger, and the one setting that a check of it needs."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import PREFIX, ServiceSettings


class LedgerSettings(ServiceSettings):
    """The ledger needs nothing beyond what every service has."""


class VerifySettings(BaseSettings):
    """What `python -m services.ledger verify` needs: a role that may read is enough."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    database_url: SecretStr = Field(
        description="PostgreSQL of the ledger: postgresql+asyncpg://role:password@host:port/db."
    )
