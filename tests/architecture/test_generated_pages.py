"""Every setting and every metric is documented, because the pages are written from the code."""

from chassis import metrics
from chassis.settings import describe
from docs.generate import ROOT, services, settings_of, stale


def test_no_generated_page_is_stale() -> None:
    assert stale() == [], "run: python -m docs.generate"


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for service in services():
        for setting in describe(settings_of(service)):
            assert f"`{setting.variable}`" in page
            assert len(setting.description) > 10, f"{setting.variable} does not say what it is"


def test_every_metric_is_documented_and_ends_in_its_unit() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for metric in metrics.every():
        assert f"`{metric.name}`" in page
        assert metric.name.startswith("loket_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
