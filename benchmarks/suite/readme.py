"""Puts tables into README.md, between two marks."""

from __future__ import annotations

from pathlib import Path

from .environments import Failed

BEGIN = "<!-- benchmarks/run.py --update-readme writes from here -->"
END = "<!-- to here -->"


def replaced(text: str, section: str) -> str:
    """`text` with another section between the marks.

    Raises
    ------
    Failed
        There is not one of each mark, in this order.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end or BEGIN in tail or END in tail or END in head:
        raise Failed(f"README.md: has no single section between {BEGIN} and {END}; "
                     "put the two lines where the tables shall be")
    return f"{head}{BEGIN}\n\n{section.strip()}\n\n{END}{tail}"


def update(path: Path, section: str) -> None:
    """Rewrites the section of a file."""
    text = replaced(path.read_text(), section)
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)
