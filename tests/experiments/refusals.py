"""How commands refuse what cannot be meant, shared by the tests of all of them."""

LONGEST = 500
"""Characters of a sentence that people still read."""


def assert_refused(main, flags, words, tmp_path, capsys):
    """A command ends with 2, says why in one sentence that has all ``words``, and makes no folder."""
    out = tmp_path / "out"
    assert main([*flags, "--out", str(out)]) == 2
    assert_one_sentence(capsys.readouterr().err, words)
    assert not out.exists()


def assert_one_sentence(message, words):
    """An error is one line, not too long, that has all ``words``."""
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert len(message) < LONGEST
    assert all(word in message for word in words), message
