"""Programs that take turns: each is started and warmed up once, then all are timed in rounds.

So other work on the machine slows them alike, and the set-up of one (threads, precision, library)
does not affect the others. A program gets a line on its standard input, and answers with a line of
JSON on its standard output.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

SIDE, PRODUCTS = 2048, 3  # of the float32 matrices whose product measures the machine


def serve(answers: dict[str, Callable[[], object]]) -> None:
    """Says that it is ready, then answers each line of standard input until it ends."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answers[line.strip()]()), flush=True)


def turn(step: Callable[[], object], multiply: Callable[[], object]) -> tuple[float, float]:
    """(seconds of a step, GFLOP/s of a product of two matrices of SIDE), each after a warm-up."""
    step()
    return seconds(step), product_rate(multiply)


def seconds(act: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def product_rate(multiply: Callable[[], object]) -> float:
    """GFLOP/s of a product of two matrices of SIDE: the median of PRODUCTS."""
    multiply()
    took = statistics.median(seconds(multiply) for _ in range(PRODUCTS))
    return 2 * SIDE**3 / took / 1e9


class Program:
    """A program that calls `serve`."""

    def __init__(self, command: list[str]):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._answer()

    def ask(self, question: str):
        """Its answer."""
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        """Ends it."""
        self._process.stdin.close()
        self._process.wait()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The program ended early: {self._process.args}.")
        return json.loads(line)
