"""The checker finds every kind of mistake in its place, and nothing in what is shipped."""

import re
import shutil
from pathlib import Path

import pytest

from catalogue.checker import check
from catalogue.finding import Finding, Rule
from catalogue.load import DATA
from tests.catalogue.plants import PLANTS, TOP, Plant


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def plant_into(root: Path, mistake: Plant) -> None:
    path = root / mistake.file
    if mistake.old:
        text = path.read_text()
        assert mistake.old in text, "the shipped catalogue has changed: mend the plant"
        path.write_text(text.replace(mistake.old, mistake.new, 1))
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(mistake.new)


def place_of(root: Path, mistake: Plant) -> tuple[Path, int]:
    path = root / (mistake.found_in or mistake.file)
    if mistake.marker == TOP:
        return path, 1
    lines = path.read_text().splitlines()
    [line] = [number for number, text in enumerate(lines, 1) if mistake.marker in text]
    return path, line


def test_the_shipped_catalogue_has_no_mistake() -> None:
    assert check(DATA) == []


@pytest.mark.parametrize("mistake", PLANTS, ids=str)
def test_a_planted_mistake_is_found_by_file_line_and_rule(copy: Path, mistake: Plant) -> None:
    plant_into(copy, mistake)
    found = check(copy)
    expected = (*place_of(copy, mistake), mistake.rule)
    assert [(f.file, f.line, f.rule) for f in found].count(expected) == 1, found
    others = {f.rule for f in found if (f.file, f.line, f.rule) != expected}
    assert others == mistake.also, found
    for finding in found:
        assert re.fullmatch(r"\S+\.ya?ml:\d+: [a-z-]+: .{20,}", str(finding)), "advice is missing"


def test_a_folder_without_entries_is_not_taken_for_a_good_catalogue(tmp_path: Path) -> None:
    [finding] = check(tmp_path)
    assert (finding.file, finding.line, finding.rule) == (tmp_path, 1, Rule.NO_ENTRIES)


def test_an_entry_that_cannot_be_read_is_reported_once_and_not_by_those_who_name_it(
    copy: Path,
) -> None:
    (copy / "agencies" / "dinkes.yaml").write_text("revision: [")
    assert [finding.rule for finding in check(copy)] == [Rule.NOT_YAML]


@pytest.mark.parametrize(
    "content, rule",
    [
        (b"name: \xff\xfe", Rule.NOT_YAML),
        (b"name: \x00", Rule.NOT_YAML),
        (b"[" * 5000, Rule.NOT_YAML),
        (b"a: 1\n---\nb: 2\n", Rule.NOT_YAML),
        (b"", Rule.WRONG_SHAPE),
        (b"just words", Rule.WRONG_SHAPE),
        (b"- a\n- b\n", Rule.WRONG_SHAPE),
    ],
)
def test_whatever_a_file_holds_the_checker_answers_with_a_finding(
    copy: Path, content: bytes, rule: Rule
) -> None:
    path = copy / "agencies" / "dinkes.yaml"
    path.write_bytes(content)
    assert [(f.file, f.rule) for f in check(copy)] == [(path, rule)]


def test_a_folder_in_the_place_of_a_file_is_a_finding(copy: Path) -> None:
    path = copy / "agencies" / "satpol.yaml"
    path.mkdir()
    assert [(f.file, f.rule) for f in check(copy)] == [(path, Rule.NOT_YAML)]


def test_several_mistakes_are_all_found_in_the_order_of_files_and_lines(copy: Path) -> None:
    chosen = [mistake for mistake in PLANTS if mistake.rule in {Rule.FEE_UNSAID, Rule.YEAR_TWICE}]
    for mistake in chosen:
        plant_into(copy, mistake)
    found = check(copy)
    assert {f.rule for f in found} == {Rule.FEE_UNSAID, Rule.YEAR_TWICE}
    assert found == sorted(found, key=lambda f: (f.file, f.line))


def test_every_rule_has_a_planted_mistake() -> None:
    # An empty folder cannot be planted into a file; it has a test of its own above.
    assert {mistake.rule for mistake in PLANTS} == set(Rule) - {Rule.NO_ENTRIES}


def test_every_rule_is_documented_and_every_documented_rule_exists() -> None:
    readme = (DATA.parent / "README.md").read_text()
    section = readme.split("## Rules")[1]
    documented = re.findall(r"^\| `([a-z-]+)` \|", section, flags=re.MULTILINE)
    assert documented == [rule.value for rule in Rule]


def test_findings_sort_by_place() -> None:
    late = Finding(Path("a.yaml"), 9, Rule.FILE_NAME, "x")
    early = Finding(Path("a.yaml"), 2, Rule.YEAR_TWICE, "x")
    assert sorted([late, early]) == [early, late]
