"""docker-compose.yml: well formed, the platform of the embedded stack, no secret, no open door."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.catalog import TOPICS
from deploy.prepare import JOBS, owner_variable, wanted_topics
from docs.generate import settings_of
from local import credentials, plan
from local.databases import roles
from local.kafka_settings import Node, server_properties
from tests.deploy import compose

ROOT = compose.ROOT
PLATFORM = compose.read()
SERVICES = PLATFORM.services
# Jobs end; these two images hold nothing that could look at their health.
WITHOUT_HEALTHCHECK = {"migrations", "topics", "clients", "collector", "jaeger"}
# What the embedded brokers need for their ports, their speed on a laptop and their several copies.
ONLY_EMBEDDED = {
    "advertised.listeners",
    "broker.heartbeat.interval.ms",
    "broker.session.timeout.ms",
    "controller.listener.names",
    "controller.quorum.voters",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.cleaner.dedupe.buffer.size",
    "log.dirs",
    "log.index.size.max.bytes",
    "log.segment.bytes",
    "num.io.threads",
    "num.network.threads",
    "offsets.topic.num.partitions",
    "transaction.state.log.num.partitions",
}


def _text() -> str:
    return (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def _built(service: compose.Service) -> compose.Build:
    assert service.build is not None
    return service.build


def test_a_misspelt_key_is_found() -> None:
    whole = PLATFORM.model_dump()
    whole["services"]["kafka"]["enviroment"] = {}
    with pytest.raises(ValidationError, match="enviroment"):
        compose.Compose.model_validate(whole)


def test_every_service_of_the_embedded_stack_is_here() -> None:
    assert {*plan.SERVICES, "identity", "mailbox", "kafka", "postgres"} <= SERVICES.keys()


@pytest.mark.parametrize("name", plan.SERVICES)
def test_a_service_is_built_from_its_own_code(name: str) -> None:
    assert _built(SERVICES[name]).args == {"SERVICE": name}
    assert _built(SERVICES[name]).target == "service"


@pytest.mark.parametrize("name", plan.SERVICES)
def test_a_service_gets_settings_that_exist_and_all_that_it_must_have(name: str) -> None:
    fields = settings_of(name).model_fields
    known = {f"LOKET_{field}".upper() for field in fields}
    required = {f"LOKET_{one}".upper() for one, field in fields.items() if field.is_required()}
    given = set(SERVICES[name].environment)
    assert given <= known
    assert required <= given


@pytest.mark.parametrize("name", plan.SERVICES)
def test_a_service_gets_what_the_embedded_stack_gives_it(name: str) -> None:
    own = {"notify": {"LOKET_SMTP_HOST", "LOKET_SMTP_PORT"}, "tracking": {"LOKET_CODE_KEY_FILE"}}
    common = {
        "LOKET_DATABASE_URL",
        "LOKET_JWKS_URL",
        "LOKET_KAFKA_BOOTSTRAP",
        "LOKET_KAFKA_PASSWORD_FILE",
        "LOKET_KAFKA_USERNAME",
        "LOKET_RELAY_DATABASE_URL",
        "LOKET_TOKEN_AUDIENCE",
        "LOKET_TOKEN_ISSUER",
    }
    assert common | own.get(name, set()) <= SERVICES[name].environment.keys()


@pytest.mark.parametrize("name", plan.SERVICES)
def test_a_service_logs_in_with_its_own_roles_only(name: str) -> None:
    owner, program, relay = roles(name)
    environment = SERVICES[name].environment
    assert str(environment["LOKET_DATABASE_URL"]).startswith(f"postgresql+asyncpg://{program}:")
    assert str(environment["LOKET_RELAY_DATABASE_URL"]).startswith(f"postgresql+asyncpg://{relay}:")
    assert owner not in str(environment)
    address = str(SERVICES["migrations"].environment[owner_variable(name)])
    assert address.startswith(f"postgresql+asyncpg://{owner}:")
    assert address.endswith(f"@postgres:5432/{name}")


def test_the_jobs_make_the_topics_of_the_contracts_and_nothing_makes_others() -> None:
    names = {topic.name for topic in wanted_topics()}
    assert {topic.name for topic in TOPICS} < names
    assert any(re.fullmatch(r"agency\.[a-z-]+\.reports\.v1", name) for name in names)
    assert SERVICES["topics"].command == ["deploy.prepare", "kafka"]
    assert {SERVICES[job].command[1] for job in ("topics", "migrations", "clients")} == set(JOBS)
    assert SERVICES["kafka"].environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_kafka_has_the_settings_of_the_embedded_broker_locks_included() -> None:
    node = Node(1, 9092, 9093, Path("unused"))
    text = server_properties(node, [node], "a-word")
    embedded = dict(line.split("=", 1) for line in text.splitlines())
    values = {"KAFKA_ADMIN_PASSWORD": "a-word"}
    composed = compose.kafka_properties(compose.interpolated(SERVICES["kafka"].environment, values))
    assert len([name for name in embedded if "sasl" in name]) > 5
    for name, value in embedded.items():
        if name not in ONLY_EMBEDDED:
            # The one listener for clients of the embedded broker is the inner one here.
            here = name.replace("listener.name.brokers.", "listener.name.inside.")
            assert composed[here] == value, name


def test_no_listener_of_kafka_lets_anybody_in_without_a_login() -> None:
    kafka = compose.kafka_properties(
        {name: str(value) for name, value in SERVICES["kafka"].environment.items()}
    )
    protocols = dict(pair.split(":") for pair in kafka["listener.security.protocol.map"].split(","))
    listeners = {one.partition("://")[0] for one in kafka["listeners"].split(",")}
    assert listeners == protocols.keys()
    assert set(protocols.values()) == {"SASL_PLAINTEXT"}
    assert kafka["listener.name.outside.sasl.enabled.mechanisms"] == "SCRAM-SHA-256"
    assert kafka["allow.everyone.if.no.acl.found"] == "false"


def test_everybody_has_a_login_of_his_own_and_sees_no_password_but_his() -> None:
    for name in plan.SERVICES:
        environment = SERVICES[name].environment
        assert environment["LOKET_KAFKA_USERNAME"] == name
        assert environment["LOKET_KAFKA_PASSWORD_FILE"] == f"/run/secrets/kafka-{name}"
        assert "ADMIN" not in str(environment)
    given = {f"kafka-{name}" for name in credentials.PLATFORM}
    assert set(SERVICES["topics"].secrets) == given
    assert credentials.SIMULATOR not in credentials.PLATFORM
    for name, service in SERVICES.items():
        seen = {one for one in service.secrets if one.startswith("kafka-")}
        allowed = {"kafka": {"kafka-admin"}, "topics": given}.get(name, {f"kafka-{name}"})
        assert seen <= allowed, name
    holders = [name for name, one in SERVICES.items() if "logins:/var/lib/loket" in one.volumes]
    assert holders == ["topics"]


def test_what_a_container_waits_for_exists_and_starts_with_it() -> None:
    for service in SERVICES.values():
        for name, needed in service.depends_on.items():
            assert set(service.profiles) <= set(SERVICES[name].profiles)
            if needed.condition == "service_healthy":
                check = SERVICES[name].healthcheck
                assert SERVICES[name].build is not None or (check and check.test)


def test_every_program_that_stays_is_watched() -> None:
    for name, service in SERVICES.items():
        if name not in WITHOUT_HEALTHCHECK:
            # Images of ours bring the health check of deploy/Dockerfile along.
            assert service.build is not None or service.healthcheck is not None, name
            assert service.restart == "unless-stopped", name


def test_doors_are_open_to_this_machine_only_and_none_is_taken_twice() -> None:
    doors = [port.rsplit(":", 2) for service in SERVICES.values() for port in service.ports]
    assert {host for host, _, _ in doors} == {"127.0.0.1"}
    outside = [port for _, port, _ in doors]
    assert len(outside) == len(set(outside))
    for name in plan.SERVICES:
        assert SERVICES[name].ports == [f"127.0.0.1:{plan.FRIENDLY[name]}:8080"]


def test_images_of_others_have_a_version() -> None:
    for service in SERVICES.values():
        assert service.build is not None or re.search(r":v?\d+(\.\d+)*$", str(service.image))


def test_our_programs_may_not_do_more_than_they_must() -> None:
    for service in SERVICES.values():
        if service.build is not None:
            assert service.read_only
            assert service.cap_drop == ["ALL"]
            assert service.security_opt == ["no-new-privileges:true"]


def test_volumes_and_mounted_files_exist() -> None:
    used = set()
    for service in SERVICES.values():
        assert set(service.secrets) <= PLATFORM.secrets.keys()
        for volume in service.volumes:
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert volume.endswith(":ro"), source
            else:
                used.add(source)
    assert used == PLATFORM.volumes.keys()


def test_a_key_is_where_the_service_looks_for_it() -> None:
    for name in plan.SERVICES:
        given = SERVICES[name].environment.items()
        files = [value for variable, value in given if variable.endswith("_FILE")]
        assert set(files) == {f"/run/secrets/{secret}" for secret in SERVICES[name].secrets}
        assert all(name in secret.split("-") for secret in SERVICES[name].secrets)
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".env", ".secrets/"} <= set(ignored)


def test_no_secret_stands_in_the_file() -> None:
    for line in _text().splitlines():
        if re.search(r"PASSWORD|://\w+:", line) and "$" in line:
            assert re.search(r"\$\{[A-Z_]+:\?run deploy/new-env\}", line), line
        else:
            assert not re.search(r"PASSWORD: *\S|://\w+:[^/\d]", line), line


def test_every_variable_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", _text()))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert used | {"COMPOSE_PROFILES"} == known.keys()
    assert not any(value for name, value in known.items() if "PASSWORD" in name)
