"""The time from the command to the first step, part by part, and the time of `--help`.

    python -m benchmarks.startup [--data_dir=DIR]

This runs the quick start's recipe. Each round is a process that does what `tf-simclr` does, part
by part; a number is the median of ROUNDS. `--help` is compared with an empty Python process.
"""

import json
import os
import statistics
import subprocess
import sys
import time

from absl import app, flags

RECIPE = flags.DEFINE_string("recipe", "flags/emoji32_quickstart.cfg", "The flags of the run.")
DATA_DIR = flags.DEFINE_string("data_dir", None, "Where TFDS keeps emoji32.")
ROUNDS = 3
CHILD = "--one_round"
ONE_ROUND = flags.DEFINE_bool("one_round", False, "Prints the parts of one start as JSON.")


def one_round():
    """Part -> seconds, of this process."""
    parts, last = {}, time.perf_counter()

    def done(name):
        nonlocal last
        parts[name] = time.perf_counter() - last
        last = time.perf_counter()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    done("import TensorFlow")
    from tf_simclr import cli, methods
    from tf_simclr.assembly import build, build_data

    done("import the package, Keras and TFDS")
    values = cli.FlagValues()
    cli.define_flags(values)
    more = [f"--data_dir={DATA_DIR.value}"] if DATA_DIR.value else []
    values(["tf-simclr", f"--flagfile={RECIPE.value}", *more])
    config = cli.config_from_flags(values)
    data = build_data.source(config)
    examples = data.num_examples(config.data.train_split)
    done("open the data")
    net = methods.network(config, methods.Lesson(data.num_classes))
    build.compile_model(config, net, examples)
    done("build the network and its optimiser")
    batches = methods.training_data(config, data, 0, tf.distribute.get_strategy())
    next(iter(batches))
    done("first batch: a window of records, XLA of the views")
    step, iterator = net.make_train_function(), iter(batches)
    step(iterator)["total_loss"].numpy()
    done("first step: tracing, another pipeline, the step")
    step(iterator)["total_loss"].numpy()
    done("any other step")
    return parts


def seconds(command):
    """Wall time of a process, in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(argv):
    """Prints both tables."""
    if ONE_ROUND.value:
        print(json.dumps(one_round()))
        return
    rounds, helps, empties = [], [], []
    for _ in range(ROUNDS):
        child = [sys.executable, "-m", "benchmarks.startup", CHILD, *argv[1:], *sys.argv[1:]]
        rounds.append(json.loads(subprocess.check_output(child, stderr=subprocess.DEVNULL)))
        helps.append(seconds([sys.executable, "-m", "tf_simclr.main", "--help"]))
        empties.append(seconds([sys.executable, "-c", ""]))
    print(f"{os.cpu_count()} cores, medians of {ROUNDS} rounds.\n\n| part | seconds | share |")
    print("|---|---|---|")
    parts = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    other = parts.pop("any other step")
    total = sum(parts.values())
    for name, took in parts.items():
        print(f"| {name} | {took:.1f} | {took / total:.0%} |")
    print(f"| all, up to the end of the first step | {total:.1f} | 100% |")
    print(f"\nThat is {total / other:.0f} times a step with its batch ({other:.2f} s).", end=" ")
    helped, empty = statistics.median(helps), statistics.median(empties)
    print(f"`--help`: {helped:.2f} s; an empty Python: {empty:.2f} s.")


if __name__ == "__main__":
    app.run(main)
