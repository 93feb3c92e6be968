"""What users and files say reaches no terminal and no document as something to obey."""

import sys
import unicodedata
from xml.etree import ElementTree

from jaxnorm.controls import REPLACEMENT, clean, is_control

EVERY = "".join(map(chr, range(sys.maxunicode + 1)))


def test_every_character_is_printable_afterwards_and_keeps_its_place():
    cleaned = clean(EVERY)
    assert cleaned.isprintable()
    assert len(cleaned) == len(EVERY)
    assert ElementTree.fromstring(f"<a>{cleaned.replace('&', '').replace('<', '')}</a>").text
    assert {after for before, after in zip(EVERY, cleaned, strict=True) if before != after} == {" ", REPLACEMENT}


def test_what_is_printable_stays_as_it_is():
    told = "größe − ×, 归一化 ±0.1 🙂 [/red] <b>"
    assert clean(told) == clean(told, lines=True) == told


def test_line_ends_stay_only_where_there_are_lines():
    assert clean("one\r\n\ttwo\x1b[2J\x9b") == f"one   two{REPLACEMENT}[2J{REPLACEMENT}"
    assert clean("one\r\n\ttwo\u202e", lines=True) == f"one \n two{REPLACEMENT}"


def test_what_is_refused_is_what_terminals_obey():
    refused = {character for character in EVERY if is_control(character)}
    assert refused == {character for character in EVERY if unicodedata.category(character) == "Cc"} - {"\n", "\t"}
    assert not refused & set(clean(EVERY, lines=True))
