"""Settings of Sphinx, which makes a site of the Markdown files: `make docs`."""

import inspect
import re

from tf_simclr.version import __version__

project, version, release = "tf_simclr", __version__, __version__
copyright = "The tf_simclr developers"
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "DEVIATIONS.md",
    "SECURITY.md",
    "docs/*.md",
    "flags/README.md",
    "benchmarks/README.md",
    "tests/golden/README.md",
    "tf_simclr/data/emoji32/README.md",
]
exclude_patterns = [".*", "build", "runs"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_heading_anchors = 3
highlight_language = "none"
default_role = "code"
smartquotes = False  # Two hyphens are a flag's.

html_theme = "furo"
html_title = f"tf_simclr {__version__}"
html_extra_path = ["site/index.html"]  # Leads to the front page, which lies in docs/.
html_static_path = ["site/style.css"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sphinx = False

autodoc_typehints = "none"  # Docstrings say shapes, dtypes and ranges.
autodoc_member_order = "bysource"
napoleon_attr_annotations = False
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    ("Returns by name", "params_style"),
]
napoleon_use_rtype = False

SPAN = re.compile(r"(`[^`]+`)")
SECTION = re.compile(r"[A-Z]\w+( arguments)?:$")
RETURNED = re.compile(r"  \w+: ")


def as_sphinx_reads_it(app, what, name, obj, options, lines):
    """Docstrings are plain text: a star is a product, an indented block is shown as it is."""
    written, literal, last, section = [], False, "", ""
    for line in lines:
        if SECTION.match(line):
            section = line
        elif line and not line.startswith(" "):
            section = ""
        begins = line.startswith("    ") and written and not written[-1]
        if begins and not last.startswith(" ") and not section:
            written += ["::", ""]
            literal = True
        elif line and not line.startswith("    "):
            literal = False
        if not literal:
            parts = SPAN.split(line)
            line = "".join(p if SPAN.fullmatch(p) else p.replace("*", r"\*") for p in parts)
        if last == "Returns:":  # Of a single value napoleon would take a part for its type.
            written[-1] = "Returns by name:" if RETURNED.match(line) else ":returns:"
        written.append(line)
        last = line or last
    lines[:] = written


def as_it_is_called(app, what, name, obj, options, signature, returns):
    """Of a Keras class autodoc would show the arguments of Keras' own `__new__`."""
    if what != "class":
        return None
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(obj.__init__).parameters.values()
    ]
    return str(inspect.Signature(plain[1:])), None  # Without `self`.


def setup(app):
    """Sphinx calls this. Docstrings are changed before napoleon reads their sections."""
    app.connect("autodoc-process-docstring", as_sphinx_reads_it, priority=100)
    app.connect("autodoc-process-signature", as_it_is_called)
