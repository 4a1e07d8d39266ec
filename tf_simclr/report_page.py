"""A run's page, as an object that a notebook shows."""

import dataclasses
import html
import os

HEIGHT = 800  # pixels in a notebook


@dataclasses.dataclass(frozen=True)
class ReportPage:
    """A page that was written; its text is its path, and a notebook shows it.

    Attributes:
      path: of the HTML file.
    """

    path: str

    def __str__(self) -> str:
        return self.path

    def __fspath__(self) -> str:
        return self.path

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that its style and the notebook's do not mix."""
        import tensorflow as tf

        with tf.io.gfile.GFile(os.fspath(self)) as file:
            page = html.escape(file.read())
        return f'<iframe srcdoc="{page}" width="100%" height="{HEIGHT}" frameborder="0"></iframe>'
