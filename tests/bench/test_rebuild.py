"""What makes a rebuilt read model wrong."""

from bench.rebuild import differences


def test_a_rebuilt_read_model_is_what_it_was_in_every_part() -> None:
    before = {"view": "a", "timeline": "b", "inbox": "c", "head": 3}
    assert differences(before, dict(before)) == []
    assert differences(before, {**before, "timeline": "x", "head": 4}) == [
        "timeline is not what it was",
        "head is not what it was",
    ]
