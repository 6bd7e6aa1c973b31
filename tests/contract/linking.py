"""A hook that lets Schemathesis follow links with what the contract says that they send."""

from typing import Any

import schemathesis
from schemathesis import HookContext


@schemathesis.hook("before_load_schema")
def say_what_links_send(_: HookContext, raw_schema: dict[str, Any]) -> None:
    """Links have what goes into the body under a name that every generator passes over."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for response in operation["responses"].values():
                for link in response.get("links", {}).values():
                    if "x-request-body" in link:
                        link["requestBody"] = link.pop("x-request-body")
