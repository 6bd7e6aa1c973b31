"""The one way in which a command ends badly on purpose."""


class Failure(Exception):  # noqa: N818 - an outcome, told in one sentence
    """One sentence for the person at the terminal.

    A command that meets it prints the sentence on stderr and exits with 1, without a traceback.
    """
