"""What differs between two configs."""

from tf_simclr.config import Config
from tf_simclr.config.compare import changed_from_defaults


def test_changed_from_defaults():
    changed = {"mode": "eval", "use_blur": False, "sk_ratio": 0.0625, "checkpoint": "runs/b"}
    assert changed_from_defaults(Config()) == {}
    assert changed_from_defaults(Config.from_flat(changed | {"seed": 0})) == changed
