"""Prints what a run of tests skipped, and why: `python tests/skipped.py FILE`, of --junitxml."""

import collections
import sys
import xml.etree.ElementTree


def main(path: str) -> None:
    """Prints a line for each reason: how many tests, the reason, and the first one's file."""
    reasons = collections.defaultdict(list)
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        for skipped in case.iter("skipped"):
            if skipped.get("type") != "pytest.xfail":
                reasons[skipped.get("message")].append(case.get("classname") or case.get("name"))
    for reason, files in reasons.items():
        print(f"{len(files):6}  {reason} ({files[0]})")
    if not reasons:
        print("  none")


if __name__ == "__main__":
    main(sys.argv[1])
