"""What the code believes about the tables is what the migrations make."""

import pytest

from chassis.testing import Probe
from services.notify.tables import METADATA

pytestmark = pytest.mark.integration
COLUMNS = """
SELECT column_name, is_nullable = 'YES' AS nullable
FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position
"""


async def test_columns_are_those_of_the_migrations_in_their_order(notify: Probe) -> None:
    for table in METADATA.sorted_tables:
        rows = await notify.rows(COLUMNS, table.name)
        made = [(row["column_name"], row["nullable"]) for row in rows]
        believed = [(column.name, bool(column.nullable)) for column in table.columns]
        assert made == believed, table.name
