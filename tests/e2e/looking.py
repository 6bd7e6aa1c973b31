"""What the browser is started with, and what it must not do."""

from dataclasses import dataclass, field
from datetime import timedelta

ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Chromium's own requests are none of the page's.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

LINK_LIFETIME = timedelta(minutes=15)


@dataclass
class Watch:
    """What went wrong in pages of one test."""

    url: str
    found: list[str] = field(default_factory=list)

    def console(self, message: tuple[str, str]) -> None:
        """A refusal that a test brings about is told by the browser too, and is no failure."""
        kind, text = message
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.found.append(text)

    def failed(self, error: str) -> None:
        """A script failed."""
        self.found.append(error)

    def asked(self, url: str) -> None:
        """Nothing but the service is to be asked."""
        if not url.startswith((self.url, "data:", "blob:")):
            self.found.append(f"asked {url}")
