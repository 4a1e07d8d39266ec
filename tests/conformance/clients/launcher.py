"""Runs programs as forks of this process, which has TensorFlow imported and nothing of tf_simclr.

Reads lines of JSON: a program's file or module, where its output goes, its arguments. Answers each
by a line with the exit code.
"""

import json
import os
import runpy
import signal
import sys

import tensorflow  # noqa: F401

TIMEOUT = 300  # seconds

for line in sys.stdin:
    program, output, *arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT)
        with open(output, "wb") as file:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(file.fileno(), stream.fileno())
        sys.argv = [program, *arguments]
        run = runpy.run_path if program.endswith(".py") else runpy.run_module
        run(program, run_name="__main__")
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
