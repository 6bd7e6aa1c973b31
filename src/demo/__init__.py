"""Demo data: three sites, what they have, who books there, and two months of bookings."""

from demo.loading import DemoSummary, load_demo
from demo.people import DEMO_MEMBER, DEMO_STAFF

__all__ = ["DEMO_MEMBER", "DEMO_STAFF", "DemoSummary", "load_demo"]
