"""One module per tag of the contract, one function per operationId.

A handler is thin: it loads the facts, asks the domain, stores the answer and
replies after the commit. The modules that are not named for a tag are what
handlers share: ``exchange`` (request and replies), ``paging``, ``idempotency``,
``conflicts``, ``views`` (rows to wire models), ``secrets``.
"""
