"""What a run keeps in its folder: settings, lock, facts, checkpoints, curves."""
