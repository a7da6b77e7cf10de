"""Old facts leave the logs for files; everything goes on, and they can come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import archive
from local.archive import ARCHIVED, Block
from local.errors import StackError
from simulator.platform import Calls, Platform
from tests.journeys import own
from tests.journeys.database import as_owner
from tests.journeys.own import audited_morning, commands, morning, start

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

_NEXT_BLOCK = """
DO $$ BEGIN
    PERFORM extend_event_log(5000000);
    EXECUTE format('ALTER TABLE event_log ALTER seq RESTART WITH %s',
                   (SELECT min(behind) FROM event_log_blocks));
END $$
"""
_FIRST_BLOCK = """
SELECT count(*) FROM event_log WHERE seq < (SELECT min(behind) FROM event_log_blocks)
"""


@pytest.fixture
def own_home() -> Iterator[Path]:
    with own.own_home("loket-archive-") as folder:
        yield folder


async def begin_the_next_block(platform: Platform) -> None:
    """As if millions of facts had been written since."""
    for service in ARCHIVED:
        async with as_owner(platform, service) as database:
            await database.execute(_NEXT_BLOCK)


async def make_a_checkpoint(platform: Platform) -> None:
    async with Calls(platform) as calls:
        headers = await calls.bearer("operator")
        await calls.post("ledger", "/v1/checkpoints", {}, key="archive-test", headers=headers)


def change_in_the_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


async def moved(home: Path, folder: Path) -> list[Block]:
    return await archive.archive(home, folder, months=0, progress=lambda _told: None)


async def test_blocks_leave_when_they_are_proved_and_come_back_unchanged(
    own_home: Path, tmp_path: Path
) -> None:
    platform = await start(own_home)
    await audited_morning(platform)
    await begin_the_next_block(platform)
    await morning(platform)

    (too_young,) = await commands(own_home, f"archive {tmp_path / 'files'}")
    assert {one["kept_because"] for one in too_young.json()} == {"too young"}
    unproved = await moved(own_home, tmp_path / "files")
    assert [one.service for one in unproved] == list(ARCHIVED)
    assert all("has not proved" in one.kept_because for one in unproved)
    assert list((tmp_path / "files").iterdir()) == []

    await make_a_checkpoint(platform)
    blocks = await moved(own_home, tmp_path / "files")
    assert [one.service for one in blocks] == list(ARCHIVED)
    assert not any(one.kept_because for one in blocks)
    assert await moved(own_home, tmp_path / "files") == []  # what fills now is nobody's to move
    await morning(platform)
    verified, after = await commands(own_home, "verify", "reconcile")
    assert verified.code == 0, verified.out
    assert after.code == 0, after.out
    assert [one["archived"] for one in after.json()] == [*(one.facts for one in blocks), 0]

    for block in blocks:
        (back,) = await commands(own_home, f"bring-back {block.file}")
        assert back.code == 0, back.err
    (again,) = await commands(own_home, f"bring-back {blocks[0].file}")
    assert again.code == 2
    verified, known = await commands(own_home, "verify", "reconcile")
    assert verified.code == 0, verified.out
    assert known.code == 0, known.out
    assert sum(one["archived"] for one in known.json()) == 0
    held = {one["service"]: one["facts"] for one in known.json()}
    left = {one["service"]: one["facts"] for one in after.json()}
    assert all(held[one.service] == left[one.service] + one.facts for one in blocks)


async def test_a_file_that_was_changed_does_not_come_back(own_home: Path, tmp_path: Path) -> None:
    platform = await start(own_home)
    await audited_morning(platform)
    await begin_the_next_block(platform)
    await morning(platform)
    await make_a_checkpoint(platform)
    blocks = [one for one in await moved(own_home, tmp_path) if not one.kept_because]
    file = Path(blocks[0].file)
    change_in_the_middle(file)
    with pytest.raises(StackError, match=r"not what was archived|cannot be read"):
        await archive.bring_back(own_home, file)
    async with as_owner(platform, blocks[0].service) as database:
        assert await database.fetchval(_FIRST_BLOCK) == 0
