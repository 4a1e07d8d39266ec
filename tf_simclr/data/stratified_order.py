"""An order of pictures of which every beginning, and every end, has each class in proportion.

It is the sequence of R. Tijdeman, The chairman assignment problem, Discrete Mathematics 32 (1980):
m states with populations n_1, ..., n_m take turns to send the chairman of their union, so that
after any k turns state j has sent k n_j / n of them, to within 1 - 1 / (2m - 2). Here states are
classes, and turns are places in the order. A round of its own for each class would not do: of one
class of 500 pictures and 500 classes of one, the first half would hold half of the first class, and
all or none of the others.
"""

import heapq
from collections.abc import Sequence


def stratified_order(labels: Sequence[int]) -> list[int]:
    """Mixes classes evenly; pictures of one class keep their order.

    >>> [[0, 0, 0, 0, 1, 1][place] for place in stratified_order([0, 0, 0, 0, 1, 1])]
    [0, 1, 0, 0, 1, 0]

    The picture a, counted from 0, of class j may come at place k, counted from 1, if
    (a + d) n / n_j <= k, and must come by (a + 1 - d) n / n_j, where d = 1 / (2m - 2). Each place
    gets the one that must come first.

    Args:
      labels: of the pictures; any integers, also -1 for unlabelled ones.

    Returns:
      Their places in `labels`, a permutation.
    """
    members: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        members.setdefault(label, []).append(place)
    if len(members) < 2:
        return list(range(len(labels)))
    total, parts = len(labels), 2 * len(members) - 2

    def first_place(label: int, sent: int) -> int:
        return -(-(sent * parts + 1) * total // (parts * len(members[label])))

    def last_place(label: int, sent: int) -> int:
        return ((sent + 1) * parts - 1) * total // (parts * len(members[label]))

    waiting = [(first_place(label, 0), label, 0) for label in members]
    heapq.heapify(waiting)
    ready: list[tuple[int, int, int]] = []
    order = []
    for place in range(1, total + 1):
        while waiting and waiting[0][0] <= place:
            _, label, sent = heapq.heappop(waiting)
            heapq.heappush(ready, (last_place(label, sent), label, sent))
        _, label, sent = heapq.heappop(ready)
        order.append(members[label][sent])
        if sent + 1 < len(members[label]):
            heapq.heappush(waiting, (first_place(label, sent + 1), label, sent + 1))
    return order
