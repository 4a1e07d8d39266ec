"""The sizes of ResNets (arXiv 1512.03385, table 1), for making them and counting their cost."""

# Depth -> residual blocks in groups 1..4; from FIRST_BOTTLENECK_DEPTH on they are bottlenecks.
BLOCKS = {
    10: (1, 1, 1, 1),
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
FIRST_BOTTLENECK_DEPTH = 50
WIDTHS = (64, 128, 256, 512)
SMALL = 32  # pixels: pictures up to this side have a stem with a stride of 1 and no pool


def has_small_stem(stem: str, side: int) -> bool:
    """Whether the stem keeps every pixel.

    Args:
      stem: a value of --stem; "auto" goes by the pictures.
      side: of the pictures, in pixels.
    """
    return stem == "small" or (stem == "auto" and side <= SMALL)
