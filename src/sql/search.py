"""Plain search text as patterns that LIKE understands."""


def patterns(search: str | None) -> str | None:
    r"""One LIKE pattern for each word, the longest first, a line for each; None without words.

    A pattern matches any text that has the word in it: % and _ stand for
    themselves, and so does \. The longest comes first because it is the one that
    a trigram index narrows most. No word has white space in it, so that a line is a
    pattern, and none can match across two texts joined by a space.
    """
    words = sorted(set((search or "").split()), key=lambda word: (-len(word), word))
    return "\n".join(f"%{_escaped(word)}%" for word in words) or None


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
