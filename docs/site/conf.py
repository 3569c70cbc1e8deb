"""Sphinx's settings for the documentation site; `nox -s site` builds it into build/site.

The pages are the Markdown files in docs/, the reference is generated from the docstrings, and gallery.py beside this
file runs the workloads in examples/ for the pages of the gallery. No page loads anything from the network.
"""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from ketjet.cli import commands

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

HERE = Path(__file__).parent
COLON = "\ue000"  # no text has this character
sys.path.insert(0, str(HERE))

import gallery  # noqa: E402 - it lies beside this file

project = "ketjet"
author = "The ketjet developers"
copyright = author
release = version = metadata.version("ketjet")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["site"]
toc_object_entries_show_parents = "hide"
default_role = "py:obj"  # `name` in a docstring is a link where there is something to lead to

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True  # Qiskit's, of what is inherited
napoleon_use_ivar = True
python_use_unqualified_type_names = True

html_theme = "furo"
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_title = "ketjet"
html_static_path = [str(HERE / "static")]
html_css_files = ["ketjet.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e69", "color-brand-content": "#0b6e69"},
    "dark_css_variables": {"color-brand-primary": "#5ac8c0", "color-brand-content": "#5ac8c0"},
}


class CommandHelp(SphinxDirective):
    """What `ketjet COMMAND --help` prints; without an argument that of `ketjet` itself."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the help as a block of text."""
        parser = commands._parser()
        (choices,) = (action.choices for action in parser._actions if isinstance(action.choices, dict))
        shown = (choices[self.arguments[0]] if self.arguments else parser).format_help()
        return [nodes.literal_block(shown, shown, language="text")]


def _before_napoleon(kind: str, lines: list[str]) -> None:
    """Hide from napoleon the colons of what is said of an attribute: it would take the words before them for a type."""
    if kind in {"attribute", "data", "property"}:
        lines[:] = [line.replace(":", COLON) for line in lines]


def _after_napoleon(lines: list[str]) -> None:
    """Put the colons back, keep |0⟩ from being taken for markup, and leave private parameters out."""
    shown = (re.sub(r"\|(?=[^|\s]*⟩)", r"\\|", line.replace(COLON, ":")) for line in lines)
    lines[:] = [line for line in shown if not line.startswith((":param _", ":type _"))]


def _find_elsewhere(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, text: nodes.Element
) -> nodes.Element | None:
    """Resolve the name of a class, or Class.method, that is in another module, if there is only one of that name."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target[:1].isupper():
        return None
    known = env.get_domain("py").objects.items()
    found = [place for name, place in known if name.endswith(f".{target}") and not place.aliased]
    if len(found) != 1:
        return None
    return make_refnode(app.builder, node["refdoc"], found[0].docname, found[0].node_id, text, target)


def setup(app: Sphinx) -> None:
    """Add the directive, and write the gallery before any page is read."""
    os.environ["COLUMNS"] = "86"  # of the help
    app.add_directive("command-help", CommandHelp)
    docstring = "autodoc-process-docstring"  # napoleon's own priority is 500
    app.connect(docstring, lambda *event: _before_napoleon(event[1], event[-1]), priority=400)
    app.connect(docstring, lambda *event: _after_napoleon(event[-1]), priority=600)
    app.connect("missing-reference", _find_elsewhere)
    app.connect("builder-inited", lambda app: gallery.write(Path(app.srcdir) / "gallery"))
