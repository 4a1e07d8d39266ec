"""What is said where a format's packages are missing."""

import pytest

from tf_simclr.exporting.extras import needs_extra


@pytest.mark.parametrize("error", [ModuleNotFoundError, ImportError])  # Missing, and damaged.
@pytest.mark.parametrize("name", ["onnx", "lite"])
def test_packages_that_cannot_be_imported_are_told_with_the_remedy(name, error):
    told = rf"`export_format` {name} needs .*\(no such thing\).*pip install 'tf_simclr\[{name}\]'"
    with pytest.raises(ValueError, match=told), needs_extra(name):
        raise error("no such thing")


def test_other_errors_are_nobodys_lack():
    with pytest.raises(RuntimeError, match="a fault"), needs_extra("onnx"):
        raise RuntimeError("a fault")
