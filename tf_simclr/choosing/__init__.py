"""Chooses settings by the data and the machine: pure functions of plain values."""
