"""The guides name what there is."""

import re
from pathlib import Path

from app.settings import PREFIX, Settings

OPERATING = Path(__file__).parents[1] / "docs" / "operating.md"


def test_every_setting_is_in_the_table_of_settings_and_nothing_else_is() -> None:
    text = OPERATING.read_text(encoding="utf-8")
    table = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    told = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z_]+)`", line.split("|")[1])
    ]
    names = [field.alias or PREFIX + name.upper() for name, field in Settings.model_fields.items()]
    assert sorted(names) == sorted(told)
