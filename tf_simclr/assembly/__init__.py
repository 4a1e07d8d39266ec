"""Config -> the network, its optimiser and the data of a run."""
