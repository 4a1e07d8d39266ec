"""The steps at which training pauses for exports and checkpoints."""

from collections.abc import Iterator


def export_steps(start: int, total: int, every: int) -> list[int]:
    """The steps between `start` and `total`, both left out, to export at; [] if `every` is 0."""
    return list(range((start // every + 1) * every, total, every)) if every else []


def segments(
    start: int, total: int, per_epoch: int, *, every: int = 0, per_execution: int = 1
) -> list[tuple[int, int]]:
    """Cuts steps start..total where fit must be called anew.

    There are at most a partial epoch, whole epochs, and another partial one, so that training
    starts at any step and ends at exactly `total`. If `every` is not 0, there are further cuts at
    its multiples inside an execution of `per_execution` steps: checkpoints are saved between
    executions.
    """
    # Differs from the original, which ends at a multiple of checkpoint_steps.
    first_whole = -(-start // per_epoch) * per_epoch
    last_whole = total // per_epoch * per_epoch
    cuts = sorted({start, total} | {at for at in (first_whole, last_whole) if start < at < total})
    if every and per_execution > 1:
        inside = _inside_executions(start, total, per_epoch, every, per_execution)
        cuts = sorted({*cuts, *inside})
    return list(zip(cuts, cuts[1:]))


def _inside_executions(
    start: int, total: int, per_epoch: int, every: int, per_execution: int
) -> Iterator[int]:
    """Multiples that fall inside an execution, and both ends of the epochs that they cut."""
    cut = start
    for multiple in range((start // every + 1) * every, total, every):
        epoch = multiple // per_epoch * per_epoch
        begin = max(cut, epoch)  # Executions are counted from there.
        if (multiple - begin) % per_execution:
            cut = multiple
            yield from (begin, multiple, min(epoch + per_epoch, total))
