"""What tests of networks share."""

import pytest
import tf_keras as keras


@pytest.fixture
def float64():
    """Keras makes and computes in float64."""
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")
