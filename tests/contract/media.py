"""How Schemathesis writes and reads bodies that are not JSON."""

from typing import Any

import schemathesis

Context = schemathesis.SerializationContext


@schemathesis.serializer("text/csv")
def csv(_: Context, value: Any) -> bytes:
    """Text as it is; what is no text as bytes that are none either, so that it is refused too."""
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    return b"\xff" + str(value).encode(errors="surrogatepass")


@schemathesis.deserializer("text/csv")
def text_of(_: Any, response: schemathesis.Response) -> str:
    """The text of a reply, for the contract's schema to judge."""
    return response.content.decode()
