"""Contracts of import-linter that it does not bring itself."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StandardLibraryOnly(Contract):
    """A package imports itself and the standard library, and nothing else, even indirectly.

    Option `package`: its name.
    """

    type_name = "standard_library_only"
    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - the base class's signature
        """Whether every direct import is allowed; indirect ones start with one that is not."""
        package = str(self.package)
        allowed = {package, *sys.stdlib_module_names}
        found = [
            f"{module} imports {imported}"
            for module in sorted({package} | graph.find_descendants(package))
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if imported.partition(".")[0] not in allowed
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per import."""
        found: list[Any] = check.metadata["found"]
        for line in found:
            output.print_error(line)
