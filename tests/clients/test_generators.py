"""Other generators read the contract, and what they make of it compiles and works.

OpenAPI Generator writes clients for five languages, with its own check of the contract on. The one
for TypeScript is compiled and books something. So are those for Go and Java where their compilers
are; that takes a minute, and so only scripts/generators.sh does it, which sets HOLDFAST_GENERATORS.
Those for C# and Kotlin are not compiled: their libraries come from registries not used here.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.api import Api, Person, at, wire

from .conftest import ROOT, Node

FOREIGN = Path(__file__).parent / "foreign"

LANGUAGES: dict[str, dict[str, object]] = {
    # An option that its makers offer: without it Go has two constants named CANCELLED.
    "go": {"enumClassPrefix": True, "packageName": "client"},
    "java": {"library": "native", "openApiNullable": False},
    "csharp": {},
    "kotlin": {},
    "typescript-fetch": {"importFileExtension": ".js"},
}

SOURCES = {"go": "go", "java": "java", "csharp": "cs", "kotlin": "kt", "typescript-fetch": "ts"}
"""How the files of each end."""

JARS = ("geronimo-annotation-1.3-spec.jar", "jsr305.jar")
"""What Java code needs besides Jackson; scripts/generators.sh says where they come from."""

to_be_run = pytest.mark.skipif(
    "HOLDFAST_GENERATORS" not in os.environ, reason="scripts/generators.sh compiles and runs it"
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a client for each language, in a folder of its name."""
    if importlib.util.find_spec("openapi_generator_cli") is None:
        pytest.skip("OpenAPI Generator comes with scripts/check.sh or scripts/generators.sh")
    folder = tmp_path_factory.mktemp("generated")
    for name, options in LANGUAGES.items():
        settings = {
            "generatorName": name,
            "inputSpec": str(ROOT / "spec" / "openapi.yaml"),
            "outputDir": str(folder / name),
            "gitHost": "holdfast.example",
            "gitUserId": "team",
            "gitRepoId": "client",
            "additionalProperties": options,
        }
        (folder / f"{name}.json").write_text(json.dumps(settings))
    program = "from openapi_generator_cli import cli; cli()"
    command = [sys.executable, "-c", program, "batch", "--fail-fast", "--threads", "2"]
    done = _run([*command, *(str(folder / f"{name}.json") for name in LANGUAGES)], folder)
    assert f"finished {len(LANGUAGES)} generators successfully" in done
    assert "[ERROR]" not in done
    return folder


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_client_is_generated_with_every_operation(generated: Path, name: str) -> None:
    files = [*(generated / name).rglob(f"*.{SOURCES[name]}")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files).casefold()
    contract = (ROOT / "spec" / "openapi.yaml").read_text(encoding="utf-8")
    operations = [
        line.split()[1] for line in contract.splitlines() if line.startswith("      operationId:")
    ]
    assert len(operations) > 60
    assert [] == [each for each in operations if each.replace("_", "") not in code]


def test_the_client_for_typescript_compiles_and_books(
    generated: Path, node: Node, api: Api, tmp_path: Path
) -> None:
    shutil.copytree(generated / "typescript-fetch", tmp_path / "client")
    shutil.copy(FOREIGN / "use.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(ROOT / "clients" / "typescript" / "node_modules")
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--outDir", "out")
    node.tool("typescript/bin/tsc", *options, "--types", "node", "use.ts", cwd=tmp_path)
    who = api.person()
    assert node.run("out/use.js", *_asked(api, who), cwd=tmp_path) == _answer("TypeScript")


@to_be_run
def test_the_client_for_go_compiles_and_books(generated: Path, api: Api) -> None:
    go = _program("go", "Debian's golang-go")
    folder = generated / "go"
    (folder / "use").mkdir()
    shutil.copy(FOREIGN / "use.go", folder / "use")
    environment = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    _run([go, "build", "-o", "used", "./use"], folder, **environment)
    assert _run([str(folder / "used"), *_asked(api, api.person())], folder) == _answer("Go")


@to_be_run
def test_the_client_for_java_compiles_and_books(generated: Path, api: Api) -> None:
    compiler, java = _program("javac", "Debian's default-jdk-headless"), _program("java", "a JRE")
    jars = [Path("/usr/share/java") / name for name in JARS]
    for jar in jars:
        if not jar.exists():
            pytest.skip(f"there is no {jar}")
    # The generator has the Jackson that its code needs within itself.
    found = importlib.util.find_spec("openapi_generator_cli")
    assert found is not None
    assert found.origin is not None
    path = ":".join(map(str, [Path(found.origin).parent / "openapi-generator.jar", *jars, "out"]))
    folder = generated / "java"
    sources = map(str, [*(folder / "src" / "main").rglob("*.java"), FOREIGN / "Use.java"])
    _run([compiler, "-nowarn", "-proc:none", "-cp", path, "-d", "out", *sources], folder)
    used = _run([java, "-cp", path, "Use", *_asked(api, api.person())], folder)
    assert used == _answer("Java")


def _asked(api: Api, who: Person) -> tuple[str, ...]:
    """What each program is told."""
    return api.base_url, who.token, str(api.facility()["id"]), wire(at(9))


def _answer(language: str) -> str:
    """What each program says: the booking, and that a second one is refused."""
    return f"{language} {wire(at(9))} 409\n"


def _program(name: str, origin: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here: it comes from {origin}")
    return found


def _run(command: Sequence[str], cwd: Path, **environment: str) -> str:
    """What it prints; AssertionError with all of it if it fails."""
    done = subprocess.run(  # noqa: S603 - the tests' own words
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout
