"""One module per tag of the contract, one function per operationId, and nothing else.

A handler is thin: it loads the facts, asks the domain, stores the answer and replies
after the commit. What handlers share lies in ``steps`` and ``exchange``.
"""
