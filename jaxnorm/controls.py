"""Characters that are obeyed instead of shown. Whatever users and files say is cleaned of them before it is printed or drawn."""

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str, *, lines: bool = False) -> str:
    r"""The text with a mark in place of characters that steer terminals, or that XML does not take; all white space becomes spaces.

    ``lines``: the text has several, whose ends stay.

    >>> clean("one\x1b[2J\ntwo")
    'one�[2J two'
    """
    return "".join(each if each.isprintable() or (lines and each == "\n") else " " if each.isspace() else REPLACEMENT for each in text)


def is_control(character: str) -> bool:
    """Whether a terminal might obey the character instead of showing it; line ends and tabs are harmless."""
    return unicodedata.category(character) == "Cc" and character not in "\n\t"
