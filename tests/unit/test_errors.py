"""Refusals as values."""

from domain.errors import Refusal, TitleBlank


def test_a_refusal_carries_its_detail_and_its_pointer() -> None:
    refusal = TitleBlank("Give a title.", "/title")
    assert ("Give a title.", "/title") == (refusal.detail, refusal.pointer)


def test_a_refusal_reads_as_its_detail_in_a_log() -> None:
    assert "Give a title." == str(TitleBlank("Give a title.", "/title"))


def test_a_refusal_need_not_point_at_a_field() -> None:
    assert Refusal("No.").pointer is None
