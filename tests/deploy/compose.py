"""The shape of docker-compose.yml: as much of the Compose specification as we use, and no more.

A key that is misspelt or stands in the wrong place is an error here, as it would be for the engine.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).resolve().parents[2]
Text = Annotated[str, Field(strict=True)]
Scalar = str | int | float
Duration = Annotated[str, Field(pattern=r"^(\d+(h|m|s|ms))+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Environment = dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], Scalar]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Build(_Part):
    """How an image of ours is made."""

    context: Text
    dockerfile: Text
    target: Text
    args: dict[str, Text] = Field(default_factory=dict)


class Healthcheck(_Part):
    """How the engine finds out that a container does well."""

    disable: bool = False
    test: list[Text] = Field(default_factory=list)
    interval: Duration | None = None
    timeout: Duration | None = None
    start_period: Duration | None = None
    retries: int | None = None


class Dependency(_Part):
    """What must be true of another container first."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(_Part):
    """One container."""

    image: Annotated[str, Field(pattern=r"^[a-z0-9]+(/[a-z0-9-]+)?(:[\w.-]+)?$")] | None = None
    build: Build | None = None
    profiles: list[Literal["core", "observability"]]
    command: list[Text] = Field(default_factory=list)
    environment: Environment = Field(default_factory=dict)
    ports: list[Text] = Field(default_factory=list)
    volumes: list[Text] = Field(default_factory=list)
    secrets: list[Name] = Field(default_factory=list)
    depends_on: dict[Name, Dependency] = Field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    read_only: bool = False
    tmpfs: list[Text] = Field(default_factory=list)
    cap_drop: list[Text] = Field(default_factory=list)
    security_opt: list[Text] = Field(default_factory=list)
    shm_size: Text | None = None
    stop_grace_period: Duration | None = None


class Secret(_Part):
    """A file below /run/secrets; the engine gives read-only containers no other kind of secret."""

    file: Annotated[str, Field(pattern=r"^\./\.secrets/[a-z-]+$")]


class Compose(BaseModel):
    """The whole file; what begins with `x-` is ours and is not looked at by the engine."""

    model_config = ConfigDict(frozen=True)

    name: Name
    services: dict[Name, Service]
    volumes: dict[Name, None]
    secrets: dict[Name, Secret]


def read() -> Compose:
    """The checked file. Raises ValidationError where it does not have the shape."""
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    known = {*Compose.model_fields}
    strange = [key for key in content if key not in known and not key.startswith("x-")]
    assert not strange, f"docker-compose.yml has keys that Compose does not know: {strange}"
    return Compose.model_validate(content)


def interpolated(environment: Mapping[str, Scalar], values: Mapping[str, str]) -> dict[str, str]:
    """What a container gets, with the values of `.env`. KeyError for a variable without one."""
    return {
        name: re.sub(r"\$\{([A-Z_]+):[?-][^}]*\}", lambda found: values[found[1]], str(value))
        for name, value in environment.items()
    }


def kafka_properties(environment: Mapping[str, str]) -> dict[str, str]:
    """What Kafka's image makes of its environment, by the rules of its KafkaDockerWrapper."""
    return {
        name.removeprefix("KAFKA_")
        .lower()
        .replace("_", ".")
        .replace("...", "-")
        .replace("..", "_"): value
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }
