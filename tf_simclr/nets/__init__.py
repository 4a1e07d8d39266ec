"""Networks: Keras layers and models made from plain arguments."""
