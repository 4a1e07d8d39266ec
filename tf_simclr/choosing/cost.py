"""What a step of training costs, in operations: the measure by which networks are compared.

    GFLOP of a step = 2 (multiply, add) x 3 (forward, backward) x 2 views x batch x multiply-adds

The convolutions of a ResNet (arXiv 1512.03385, table 1), and nothing else: they take nearly all of
the time, and an estimate needs no more.
"""

from collections.abc import Iterator

from tf_simclr.resnet_sizes import BLOCKS, FIRST_BOTTLENECK_DEPTH, WIDTHS, has_small_stem

PER_STEP = 2 * 3 * 2


def step_gflop(
    depth: int, width: float, side: int, batch: int, stem: str = "auto", view: int = 0
) -> float:
    """Billions of operations of a pretraining step of a ResNet.

    Args:
      depth: a key of BLOCKS.
      width: --width_multiplier.
      side: of the square pictures, in pixels.
      batch: pictures per step.
      stem: a value of --stem; with "auto" the pictures' side decides.
      view: side of the views that are trained on, in pixels; 0 is that of the pictures.
    """
    small = has_small_stem(stem, side)
    return PER_STEP * batch * multiply_adds(depth, width, view or side, small=small) / 1e9


def multiply_adds(depth: int, width: float, side: int, *, small: bool = False) -> int:
    """Multiplications of one picture's forward pass, in the convolutions of a ResNet.

    Args:
      depth: a key of BLOCKS.
      width: --width_multiplier.
      side: of the square picture, in pixels.
      small: whether it has the stem that keeps every pixel.
    """
    return sum(
        kernel**2 * inputs * outputs * places**2
        for kernel, inputs, outputs, places in _convolutions(depth, width, side, small)
    )


def _convolutions(
    depth: int, width: float, side: int, small: bool
) -> Iterator[tuple[int, int, int, int]]:
    """(side of the kernel, channels in, channels out, side of its output) of each convolution."""
    widths = [max(1, int(each * width)) for each in WIDTHS]
    bottleneck = depth >= FIRST_BOTTLENECK_DEPTH
    places = side if small else -(-side // 2)
    yield (3 if small else 7), 3, widths[0], places
    places = places if small else -(-places // 2)
    inputs = widths[0]
    for group, (blocks, filters) in enumerate(zip(BLOCKS[depth], widths)):
        outputs = 4 * filters if bottleneck else filters
        for block in range(blocks):
            before = places
            places = -(-places // 2) if group and not block else places
            if not block:
                yield 1, inputs, outputs, places  # the shortcut
            if bottleneck:
                yield 1, inputs, filters, before
                yield 3, filters, filters, places
                yield 1, filters, outputs, places
            else:
                yield 3, inputs, filters, places
                yield 3, filters, filters, places
            inputs = outputs
