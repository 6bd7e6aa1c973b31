"""Load, decide, store: the steps that more than one handler takes, or that fill a page.

A step works on a connection that it is given, or says that it opens its own.
"""
