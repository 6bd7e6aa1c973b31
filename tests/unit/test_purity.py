"""The domain is pure: standard library only, no clock, no coroutine, nothing printed or read."""

import ast
import sys
from pathlib import Path

import pytest

import domain

MODULES = sorted(Path(*domain.__path__).glob("**/*.py"))

IMPURE = {"now", "utcnow", "today", "time_ns", "monotonic", "open", "print", "input", "getenv"}


def names_imported(module: Path) -> set[str]:
    """The top-level packages that the module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def names_called(module: Path) -> set[str]:
    """The last names of whatever the module calls."""
    calls = (
        n.func for n in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(n, ast.Call)
    )
    return {
        func.attr if isinstance(func, ast.Attribute) else func.id
        for func in calls
        if isinstance(func, ast.Attribute | ast.Name)
    }


def test_there_are_modules_to_look_at() -> None:
    assert {"availability", "bookings", "periods"} <= {module.stem for module in MODULES}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_the_domain_imports_only_itself_and_the_standard_library(module: Path) -> None:
    assert set() == names_imported(module) - sys.stdlib_module_names - {"domain"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_the_domain_neither_asks_the_time_nor_reads_nor_writes(module: Path) -> None:
    assert set() == names_called(module) & IMPURE
