"""Alerts and dashboards speak of metrics that exist; every alert has a runbook and the reverse."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chassis import metrics
from local import plan
from tests.deploy import compose

ROOT = compose.ROOT
KNOWN = {metric.name: metric for metric in metrics.every()}
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
# What Prometheus itself adds to each series.
ADDED = {"service", "job", "instance", "le"}
_LABELS = re.compile(r"\b(?:by|on|without|ignoring) \(([^)]*)\)")


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"):
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]


def _metrics_of(expression: str) -> list[Any]:
    names = re.findall(r"\bloket_[a-z_]+", expression)
    return [KNOWN[_base(name)] for name in names]


def _base(name: str) -> str:
    """A histogram is stored as three series."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if base in KNOWN and KNOWN[base].kind == "histogram" else name


EXPRESSIONS = [(alert["alert"], alert["expr"]) for alert in _alerts()] + list(_panels())


@pytest.mark.parametrize("name,expression", EXPRESSIONS, ids=[name for name, _ in EXPRESSIONS])
def test_an_expression_uses_metrics_and_labels_that_exist(name: str, expression: str) -> None:
    used = _metrics_of(expression)
    assert used or expression.startswith("up")
    labels = {label for metric in used for label in metric.labels} | ADDED
    asked = {part.strip() for found in _LABELS.findall(expression) for part in found.split(",")}
    asked |= set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!=|!~|=)", expression))
    assert asked <= labels
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_leads_to_a_runbook_that_knows_it(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    page = (ROOT / alert["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert f"Alert: `{alert['alert']}`" in page
    for heading in ("What it means", "What people feel", "Where to look", "What to do"):
        assert f"## {heading}" in page


def test_no_runbook_is_left_without_its_alert() -> None:
    named = {alert["annotations"]["runbook"] for alert in _alerts()}
    assert named == {f"docs/runbooks/{page.name}" for page in RUNBOOKS.glob("*.md")}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: str(page.stem))
def test_a_runbook_names_metrics_that_exist(page: Any) -> None:
    assert all(
        name in KNOWN for name in re.findall(r"`(loket_[a-z_]+)`", page.read_text(encoding="utf-8"))
    )


def test_prometheus_asks_every_service_at_the_port_where_it_listens() -> None:
    settings = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = settings["scrape_configs"]
    asked = {one["labels"]["service"]: one["targets"] for one in job["static_configs"]}
    assert asked == {name: [f"{name}:8080"] for name in plan.SERVICES}
    assert settings["rule_files"] == ["alerts.yml"]


def test_the_parts_of_observability_find_each_other() -> None:
    services = compose.read().services
    collector = yaml.safe_load((ROOT / "deploy" / "collector.yaml").read_text(encoding="utf-8"))
    traces = collector["service"]["pipelines"]["traces"]
    for kind in ("receivers", "processors", "exporters"):
        assert set(traces[kind]) == set(collector[kind])
    assert collector["exporters"]["otlp/jaeger"]["endpoint"].partition(":")[0] in services
    port = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    for name in plan.SERVICES:
        endpoint = services[name].environment["LOKET_OTLP_ENDPOINT"]
        assert endpoint == f"http://collector:{port}/v1/traces"
    folder = ROOT / "deploy" / "grafana" / "provisioning" / "datasources"
    source = yaml.safe_load((folder / "prometheus.yaml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
