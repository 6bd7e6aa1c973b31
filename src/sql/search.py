"""Plain search text as patterns that LIKE understands."""


def patterns(search: str | None) -> list[str] | None:
    r"""One LIKE pattern for each word, the longest first; None if there is no word.

    A pattern matches any text that has the word in it: % and _ stand for
    themselves, and so does \. The longest comes first because it is the one that
    a trigram index narrows most.
    """
    words = sorted(set((search or "").split()), key=lambda word: (-len(word), word))
    return [f"%{_escaped(word)}%" for word in words] or None


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
