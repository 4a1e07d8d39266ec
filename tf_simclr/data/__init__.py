"""Input: where pictures come from, how they are augmented, and the pipeline that feeds them."""
