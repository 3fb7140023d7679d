"""Reads the index of a report of Autobahn|Testsuite and ends with 1 where a case failed, where one was
closed wrongly, or where cases are missing.

  python3 judge.py REPORT/index.json CASES

Needs: Python 3, its standard library. Time: none."""
import collections
import json
import sys

# Non-strict is right, but found later than it could have been: invalid UTF-8 in a fragment.
FINE = {"OK", "NON-STRICT", "INFORMATIONAL"}
FINE_CLOSE = {"OK", "INFORMATIONAL"}


def main(path, expected):
    with open(path) as file:
        cases = next(iter(json.load(file).values()))
    behaviour = collections.Counter(case["behavior"] for case in cases.values())
    closing = collections.Counter(case["behaviorClose"] for case in cases.values())
    print(f"{len(cases)} cases: {dict(behaviour)}; closing: {dict(closing)}")
    order = sorted(cases, key=lambda name: [int(part) for part in name.split(".")])
    worse = [name for name in order if cases[name]["behavior"] not in FINE
             or cases[name]["behaviorClose"] not in FINE_CLOSE]
    for name in worse:
        case = cases[name]
        print(f"  {name}: {case['behavior']}, closing {case['behaviorClose']}, code {case.get('remoteCloseCode')}")
    if len(cases) != expected:
        print(f"  expected {expected} cases")
    return 1 if worse or len(cases) != expected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
