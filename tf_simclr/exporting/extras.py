"""What only some formats need, and not everybody installs."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Around the imports of the extra `name`.

    Raises:
      ValueError: if one of them is not installed; it says how to install the extra.
    """
    try:
        yield
    except ImportError as error:
        raise ValueError(
            f"`export_format` {name} needs packages that are not installed ({error}). Received:"
            f" export_format={name!r}. Install the extra: pip install 'tf_simclr[{name}]'."
        ) from error
