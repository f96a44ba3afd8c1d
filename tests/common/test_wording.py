"""Differences between texts: nothing is lost, and the words that stayed are not said to have changed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wording import word_diff


def sides(pieces):
    old = "".join(piece.text for piece in pieces if piece.op != "added")
    return old, "".join(piece.text for piece in pieces if piece.op != "removed")


@given(st.text(), st.text())
def test_both_texts_can_be_read_off_the_pieces(old, new):
    assert sides(word_diff(old, new)) == (old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("same", "same", [("same", "same")]),
        ("", "new", [("added", "new")]),
        ("old", "", [("removed", "old")]),
        (
            "You may not imitate a person.",
            "You must not imitate a person.",
            [("same", "You "), ("removed", "may"), ("added", "must"), ("same", " not imitate a person.")],
        ),
    ],
)
def test_words_that_changed_are_named(old, new, expected):
    assert [(piece.op, piece.text) for piece in word_diff(old, new)] == expected


def test_a_long_text_is_compared_by_line_and_soon():
    lines = [f"Line {number} of a very long text." for number in range(5000)]
    old, changed = "\n".join(lines), "\n".join([*lines[:2500], "Another line.", *lines[2501:]])
    begin = time.monotonic()
    pieces = word_diff(old, changed)
    assert time.monotonic() - begin < 5
    assert sides(pieces) == (old, changed)
    assert [piece.op for piece in pieces] == ["same", "removed", "added", "same"]
