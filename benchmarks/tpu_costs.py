"""Which recipe fits on which slice of TPUs, and what a run costs there: compiled but not run.

    python -m benchmarks.tpu_costs

prints two tables, for slices and for TPUs with one host, from tests/tpu/compiled/measured.json.
That file has the numbers of libtpu's compiler: the memory of a step on a device, its operations,
and the bytes that it reads and writes.
"""

import dataclasses
import json
import math
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MEASURED = pathlib.Path(__file__).parent.parent / "tests" / "tpu" / "compiled" / "measured.json"
NAME = re.compile(r"(.+) on ([\w-]+)(?:, (\d+) microbatches)?")
IMAGENET = 1_281_167  # pictures in an epoch
# Pictures that a core of the host decodes and crops in a second, for JPEGs of 400 pixels. It is 309
# for two views with colours (benchmarks/README.md, "Augmentation"). Without colours, which the
# device computes, 2,364 us of 3,233 are left. One view, for a classifier, has half the crops.
PER_CORE = {"pretrain": 423, "classify": 834}
# Recipe's name in measured.json -> words for its row, and how its network is fed.
RECIPES = {
    "v1": ("`imagenet_v1.cfg`: ResNet-50", "pretrain"),
    "v2": ("`imagenet_v2.cfg`: ResNet-50", "pretrain"),
    "v2_memory": ("`imagenet_v2_memory.cfg`: ResNet-50", "pretrain"),
    "v2_memory 2x+SK": ("the same, x 2, selective kernels", "pretrain"),
    "v2_memory 152 3x+SK": ("the same, ResNet-152 x 3, selective kernels", "pretrain"),
    "finetune": ("`imagenet_finetune_*.cfg`: ResNet-50", "classify"),
    "distill": ("`imagenet_distill.cfg`: ResNet-50 of ResNet-152 x 3", "classify"),
}


@dataclasses.dataclass(frozen=True)
class Slice:
    """Devices that train together: chips, or cores of v3 chips, which have two each.

    Attributes:
      devices: number of devices.
      memory: of a device, in bytes.
      flops: peak bfloat16 operations a second of a device.
      bandwidth: peak bytes a second of a device's memory.
    """

    devices: int
    memory: float
    flops: float
    bandwidth: float


# https://cloud.google.com/tpu/docs/v3, and v4, v5e, v5p in place of v3: their key specifications.
# A chip of v3 has 123 TFLOP/s, 32 GiB and 900 GB/s for its two cores. Those of v2 are in
# Jouppi et al., "A Domain Specific Supercomputer for Training Deep Neural Networks" (2020).
GIB = 2**30
SLICES = {
    "v3-32": Slice(32, 16 * GIB, 123e12 / 2, 900e9 / 2),
    "v4-32": Slice(16, 32 * GIB, 275e12, 1200e9),
    "v5e-32": Slice(32, 16 * GIB, 197e12, 819e9),
    "v5e-64": Slice(64, 16 * GIB, 197e12, 819e9),
    "v5p-16": Slice(8, 95 * GIB, 459e12, 2765e9),
}
# Types that have one host, as gcloud names them.
ONE_HOST = {
    "v2-8": Slice(8, 8 * GIB, 46e12 / 2, 700e9 / 2),
    "v3-8": dataclasses.replace(SLICES["v3-32"], devices=8),
    "v4-8": dataclasses.replace(SLICES["v4-32"], devices=4),
    "v5litepod-8": dataclasses.replace(SLICES["v5e-32"], devices=8),
    "v5p-8": dataclasses.replace(SLICES["v5p-16"], devices=4),
}
FULL = 0.95  # of a device's memory: an estimated step that takes more does not count as fitting
# Gradients and copies of weights of a step in parts, as a multiple of the variables, from two
# compiled steps: ResNet-152 x 3 in parts of 64 and of 8 pictures.
COPIES = 1.6
# Bytes of a waiting picture in a step in parts: two views in float32, cropped and coloured.
PICTURE = 2 * 2 * 224 * 224 * 3 * 4
PASSES = 4 / 3  # One more forward pass; a backward pass costs as much as two.


@dataclasses.dataclass(frozen=True)
class Step:
    """The step of one device.

    Attributes:
      batch: number of its pictures.
      memory: peak bytes.
      flops: operations.
      accessed: bytes read and written.
      variables: bytes of weights, averages and the optimiser's state.
      microbatches: parts in which the batch is processed.
      derived: whether it was estimated from another batch, and not compiled.
    """

    batch: int
    memory: float
    flops: float
    accessed: float
    variables: float
    microbatches: int = 1
    derived: bool = False

    def of(self, batch: int) -> "Step":
        """The same step for another batch: everything but variables grows with it."""
        times = batch / self.batch
        return dataclasses.replace(
            self,
            batch=batch,
            memory=self.variables + (self.memory - self.variables) * times,
            flops=self.flops * times,
            accessed=self.accessed * times,
            derived=True,
        )

    def in_parts(self, parts: int) -> "Step":
        """The same step with its batch processed in parts (arXiv 2101.06983).

        Intermediate values are those of one part; gradients do not shrink with it.
        """
        kept = COPIES * self.variables + PICTURE * self.batch
        return dataclasses.replace(
            self,
            memory=self.variables + kept + (self.memory - self.variables) / parts,
            flops=self.flops * PASSES,
            accessed=self.accessed * PASSES,
            microbatches=parts,
            derived=True,
        )

    def fits(self, where: Slice) -> bool:
        """Whether a device has enough memory; an estimate needs some to spare."""
        return self.memory <= FULL * where.memory

    def least(self, where: Slice) -> float:
        """Seconds of the arithmetic alone: a lower bound."""
        return self.flops / where.flops

    def estimate(self, where: Slice) -> float:
        """Seconds of memory traffic or arithmetic, the slower one; right to a factor of two."""
        return max(self.least(where), self.accessed / where.bandwidth)

    def times(self, where: Slice) -> tuple[float, float]:
        """The lower bound and the estimate."""
        return self.least(where), self.estimate(where)


def hours(seconds: float, epochs: float, batch: int) -> float:
    """Hours that some epochs of ImageNet take.

    Args:
      seconds: of a step.
      epochs: of 1,281,167 pictures.
      batch: pictures of a step, over all devices.
    """
    return epochs * IMAGENET / batch * seconds / 3600


def cores(seconds: float, batch: int, kind: str) -> float:
    """Cores of all hosts together that are needed to feed the steps.

    Args:
      seconds: of a step.
      batch: pictures of a step, over all devices.
      kind: "pretrain" or "classify": two views of a picture, or one.
    """
    return batch / seconds / PER_CORE[kind]


def steps(measured: Mapping[str, Any], recipe: str) -> Iterator[tuple[str, Step]]:
    """(slice, step) of a recipe on each slice, compiled or estimated from a compiled one.

    A step that was only compiled in parts gives no estimates: most of its memory, above all the
    gradients, does not grow with the pictures.

    Args:
      measured: content of the file: "RECIPE on SLICE", and ", N microbatches" if it has them.
      recipe: as it is named there.
    """
    found = _compiled(measured, recipe)
    whole = _whole(found)
    for where, its in SLICES.items():
        if where in found:
            yield where, found[where]
        elif whole is not None:
            step, everyone = whole
            yield where, step.of(everyone // its.devices)


def _compiled(measured: Mapping[str, Any], recipe: str) -> dict[str, Step]:
    """Slice -> the step of a recipe that was compiled for it."""
    found: dict[str, Step] = {}
    for name, numbers in measured.items():
        match = NAME.fullmatch(name)
        if match and match[1] == recipe and match[2] in SLICES:
            step = _step(numbers, int(match[3] or 1))
            # It may fit with microbatches even if it does not fit whole.
            if match[2] not in found or step.memory < found[match[2]].memory:
                found[match[2]] = step
    return found


def _whole(compiled: Mapping[str, Step]) -> tuple[Step, int] | None:
    """A step that was compiled whole, and its pictures on all devices; preferably on v5e-32."""
    for where in ("v5e-32", *compiled):
        step = compiled.get(where)
        if step is not None and step.memory < math.inf and step.microbatches == 1:
            return step, step.batch * SLICES[where].devices
    return None


def _step(numbers: Mapping[str, Any], microbatches: int) -> Step:
    # The compiler has no numbers for steps that do not fit, and for a loop those of one part.
    return Step(
        batch=numbers["batch"],
        memory=numbers.get("memory_bytes", math.inf),
        flops=numbers.get("flops", math.nan) * microbatches,
        accessed=numbers.get("accessed_bytes", math.nan) * microbatches,
        variables=numbers.get("variable_bytes", math.nan),
        microbatches=microbatches,
    )


def row(words: str, kind: str, where: str, step: Step) -> str:
    """A line of the table.

    Args:
      words: for the recipe.
      kind: as `cores` takes it.
      where: a key of SLICES.
      step: on one device of the slice.
    """
    its = SLICES[where]
    everyone = step.batch * its.devices
    times = step.times(its)
    about = "~" if step.derived else ""
    parts = f", {step.microbatches} parts" if step.microbatches > 1 else ""
    memory = ">" if step.memory == math.inf else f"{about}{step.memory / GIB:.1f} of"
    cells = [
        words,
        where,
        f"{its.devices} x {step.batch}{parts}",
        f"{memory} {its.memory / GIB:.0f}",
    ]
    if step.memory > its.memory:
        return f"| {' | '.join([*cells, 'does not fit', '', '', ''])} |"
    cells += [
        about + _span(f"{1e3 * each:.0f}" for each in times),
        *(
            _span(f"{hours(each, epochs, everyone):.1f}" for each in times)
            for epochs in (100, 1000)
        ),
        f"{cores(times[1], everyone, kind):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def one_host_steps(measured: Mapping[str, Any], recipe: str) -> Iterator[tuple[str, Step]]:
    """(type, step) of a recipe's whole batch on each TPU with one host; none if all were in parts.

    Args:
      measured: as `steps` takes it.
      recipe: as it is named there.
    """
    whole = _whole(_compiled(measured, recipe))
    if whole is not None:
        step, everyone = whole
        for where, its in ONE_HOST.items():
            yield where, step.of(everyone // its.devices)


def one_host_row(words: str, kind: str, where: str, whole: Step) -> str:
    """A line of the table of TPUs with one host: how to make a recipe fit.

    Args:
      words: for the recipe.
      kind: as `cores` takes it. Only pretraining can work in parts.
      where: a key of ONE_HOST.
      whole: the recipe's step with its whole batch, on one device of the TPU.
    """
    its = ONE_HOST[where]
    sizes = [whole.batch >> times for times in range(1, whole.batch.bit_length())]
    in_parts = [whole.in_parts(whole.batch // size) for size in sizes if kind == "pretrain"]
    found = [
        None if whole.fits(its) else next((step for step in ways if step.fits(its)), None)
        for ways in (in_parts, map(whole.of, sizes))
    ]
    step = next((step for step in found if step), whole)
    ends = (hours(time, 100, step.batch * its.devices) for time in step.times(its))
    cells = [
        words,
        where,
        f"~{whole.memory / GIB:.1f} of {its.memory / GIB:.0f}",
        f"{found[0].microbatches}: ~{found[0].memory / GIB:.1f}" if found[0] else "",
        f"{found[1].batch * its.devices}: ~{found[1].memory / GIB:.1f}" if found[1] else "",
        _span(f"{end:.1f}" for end in ends),
    ]
    return f"| {' | '.join(cells)} |"


def _span(ends: Iterable[str]) -> str:
    """From the lower bound to the estimate; one number if they are the same."""
    return " to ".join(dict.fromkeys(ends))


def tables() -> tuple[str, str]:
    """The tables of slices and of TPUs with one host, as in docs/tpu.md."""
    measured = json.loads(MEASURED.read_text())
    of_slices = [
        "| recipe | slice | devices x pictures | GiB of a device | ms of a step"
        " | hours of 100 epochs | of 1000 | host cores |",
        "|---|---|---|---|---|---|---|---|",
    ]
    of_one_host = [
        "| recipe | type | GiB of a device | with `--microbatches` | or `--train_batch_size`"
        " | hours of 100 epochs |",
        "|---|---|---|---|---|---|",
    ]
    for recipe, (words, kind) in RECIPES.items():
        of_slices += [row(words, kind, *each) for each in steps(measured, recipe)]
        of_one_host += [
            one_host_row(words, kind, *each) for each in one_host_steps(measured, recipe)
        ]
    return "\n".join(of_slices), "\n".join(of_one_host)


def main() -> None:
    """Prints the tables."""
    print(*tables(), sep="\n\n")


if __name__ == "__main__":
    main()
