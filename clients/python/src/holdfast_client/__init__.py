"""A client of Holdfast.

``Holdfast`` is the client; ``holdfast_client.api.<tag>.<operationId>`` has the functions of each
operation (``sync``, ``asyncio``, and ``sync_each``, ``asyncio_each`` of lists), and
``holdfast_client.models`` what they take and give. ``changes`` and ``async_changes`` follow the
live stream. Every error of the service is a ``Problem``.
"""

from holdfast_client._contract import CONTRACT_VERSION
from holdfast_client.connection import Holdfast, async_check_contract, check_contract
from holdfast_client.problems import (
    BookingConflict,
    ClosureAffectsBookings,
    ContractMismatch,
    HoldfastError,
    ImportRefused,
    Problem,
    UnexpectedReply,
)
from holdfast_client.retry import NO_RETRY, Retry
from holdfast_client.stream import Begun, Changed, Resynced, async_changes, changes
from holdfast_client.types import UNSET, Response, Unset

__all__ = [
    "CONTRACT_VERSION",
    "NO_RETRY",
    "UNSET",
    "Begun",
    "BookingConflict",
    "Changed",
    "ClosureAffectsBookings",
    "ContractMismatch",
    "Holdfast",
    "HoldfastError",
    "ImportRefused",
    "Problem",
    "Response",
    "Resynced",
    "Retry",
    "UnexpectedReply",
    "Unset",
    "async_changes",
    "async_check_contract",
    "changes",
    "check_contract",
]
