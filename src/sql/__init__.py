"""Hand-written SQL behind typed doors: one ``.sql`` file and one module per noun.

A door is an asynchronous function named for its query. Its first argument is the
connection, the others are the query's parameters. A door stores and finds; what
may be stored is the domain's to decide, and when to commit is ``transaction``'s.
"""
