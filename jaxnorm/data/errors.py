"""The one error of this room."""


class DataError(ValueError):
    """A mistake of the user's or a broken file: one sentence with the value, what is allowed and what to do."""


def first_line(error: Exception) -> str:
    """The first line of an error's message without closing punctuation, or its type if it says nothing."""
    return str(error).strip().partition("\n")[0].rstrip(":.") or type(error).__name__
