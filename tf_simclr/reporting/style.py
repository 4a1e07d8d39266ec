"""The page's style sheet and its script, from the files beside this one."""

from importlib import resources

STYLE = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
MAP_SCRIPT = resources.files(__package__).joinpath("map.js").read_text(encoding="utf-8")
