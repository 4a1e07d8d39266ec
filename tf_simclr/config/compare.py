"""What differs between two configs."""

from typing import Any

from tf_simclr.config import Config


def changed_from_defaults(config: Config) -> dict[str, Any]:
    """Flag name -> value, for all flags that are not at their default."""
    defaults = Config().flat()
    return {name: value for name, value in config.flat().items() if value != defaults[name]}
