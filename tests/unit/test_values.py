"""The values of the domain cannot change under the feet of whoever holds them."""

from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import pytest

import domain

VALUES = [
    value
    for module in iter_modules(domain.__path__)
    for value in vars(import_module(f"domain.{module.name}")).values()
    if isinstance(value, type)
    and is_dataclass(value)
    and value.__module__ == f"domain.{module.name}"
]


def test_the_values_of_the_domain_are_these() -> None:
    expected = {
        "Availability",
        "BadLine",
        "Block",
        "Booking",
        "Caller",
        "Change",
        "Closure",
        "Draft",
        "Facility",
        "Hold",
        "Line",
        "Opening",
        "Period",
        "Quota",
        "Rules",
        "Usage",
        "Version",
        "_Paint",
    }
    assert expected == {value.__name__ for value in VALUES}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_is_frozen_and_has_slots(value: type) -> None:
    assert {"__setattr__", "__slots__"} <= vars(value).keys()
