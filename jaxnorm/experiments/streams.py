"""What reaches the terminal: characters that its encoding has, and no broken pipe."""

import codecs
import io
import os
import sys
import unicodedata

PLAIN = {"−": "-", "–": "-", "×": "x", "±": "+-", "→": "->", "∞": "inf", "µ": "u", "…": "...", "†": "!", "β": "beta"}
"""What stands for a character that an encoding lacks. Lines that frame boxes become ``-``, ``|`` and ``+``; accents are left out."""
LINES = {**dict.fromkeys("─━═╌╴╶╸╺", "-"), **dict.fromkeys("│┃║", "|")}
BOXES = range(0x2500, 0x2580)
IN_PLAIN = "jaxnorm.in_plain"
"""The name under which Python's codecs know ``_in_plain``."""
BROKEN_PIPE = 141
"""The exit status where a reader such as ``head`` has gone: that of a process ended by SIGPIPE."""


def prepare_streams() -> None:
    """Let output and errors say in plain characters what their encoding lacks: Windows's cp1252 has no minus sign."""
    codecs.register_error(IN_PLAIN, _in_plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=IN_PLAIN)


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_plain(character) for character in error.object[error.start : error.end]), error.end


def _plain(character: str) -> str:
    if ord(character) in BOXES:
        return LINES.get(character, "+")
    without_accents = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return PLAIN.get(character) or without_accents or "?"


def forget_output() -> int:
    """Send further output nowhere, as its reader has gone; returns the exit status that says so."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
