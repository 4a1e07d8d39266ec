"""Prints the ten slowest tests of a run: `python tests/slowest.py FILE`, what --junitxml wrote."""

import sys
import xml.etree.ElementTree

SHOWN = 10


def main(path: str) -> None:
    """Prints a line for each: seconds, file, test."""
    cases = xml.etree.ElementTree.parse(path).iter("testcase")
    timed = [(float(c.get("time")), f"{c.get('classname')}::{c.get('name')}") for c in cases]
    for seconds, name in sorted(timed, reverse=True)[:SHOWN]:
        print(f"{seconds:6.1f}  {name}")


if __name__ == "__main__":
    main(sys.argv[1])
