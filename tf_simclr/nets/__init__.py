"""Networks: plain arguments in, Keras layers and models out."""
