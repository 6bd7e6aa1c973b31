"""The client for TypeScript: its own tests, and what it is as a package."""

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.api import Api

from .conftest import ROOT, Node, Way

CLIENT = ROOT / "clients" / "typescript"

USE_THE_PACKAGE = """
import { createHoldfast, each, ok, type Schemas } from "holdfast-client";

const [baseUrl, token] = process.argv.slice(2) as [string, string];
const client = createHoldfast({ baseUrl, token });
const me: Schemas["Me"] = await ok(client.GET("/api/v1/me/"));
for await (const booking of each(client, "/api/v1/me/bookings/", {})) {
  throw new Error(booking.title);
}
console.log(me.username);
"""

STRICT = {
    "compilerOptions": {
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "module": "nodenext",
        "types": ["node"],
        "strict": True,
        "exactOptionalPropertyTypes": True,
        "noUncheckedIndexedAccess": True,
        "skipLibCheck": False,
    },
    "files": ["use.ts"],
}


@pytest.mark.parametrize("name", ["client", "stream"])
def test_it_does_what_its_own_tests_say(node: Node, api: Api, way: Way, name: str) -> None:
    output = node.run(
        *("--test", "--test-reporter=tap", f"test/{name}.test.ts"),
        cwd=CLIENT,
        HOLDFAST_URL=way.url,
        HOLDFAST_TOKEN=api.person().token,
        HOLDFAST_STAFF_TOKEN=api.staff.token,
    )
    assert "\n# fail 0\n" in output
    assert "\n# skipped 0\n" in output
    assert "\n# pass 0\n" not in output


def test_the_package_is_built_whole_and_works_in_a_project_of_ones_own(
    node: Node, api: Api, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    packages = project / "node_modules"
    packages.mkdir(parents=True)
    node.tool("typescript/bin/tsc", "--project", "tsconfig.build.json", cwd=CLIENT)
    said = node.run(node.npm, "pack", "--json", "--pack-destination", str(tmp_path), cwd=CLIENT)
    (packed,) = json.loads(said[said.index("[") :])
    shutil.unpack_archive(tmp_path / packed["filename"], tmp_path)
    (tmp_path / "package").rename(packages / "holdfast-client")
    for name in ("openapi-fetch", "openapi-typescript-helpers", "@types", "undici-types"):
        (packages / name).symlink_to(CLIENT / "node_modules" / name)

    (project / "package.json").write_text('{"type": "module"}')
    (project / "tsconfig.json").write_text(json.dumps(STRICT))
    (project / "use.ts").write_text(USE_THE_PACKAGE)
    node.tool("typescript/bin/tsc", "--project", str(project), cwd=project)
    person = api.person()
    said = node.run("use.js", api.base_url, person.token, cwd=project)
    assert said.strip() == person.user["username"]
    assert not any("test" in each["path"] for each in packed["files"])
