"""Writes the gallery of the documentation site: runs every workload in examples/ and makes a page of each.

A page has the script's docstring, what the script printed, the picture that it drew and its code. Pictures have no
background, and are kept twice: dark themes need the other colour of text.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
WORKLOADS = [
    "factor_35",
    "melting_domain_wall",
    "spin_chain_ground_state",
    "maxcut_qaoa",
    "fit_a_signal",
    "repetition_code",
    "random_sampling",
]
INK, INK_ON_DARK = "#24292e", "#d0d3d6"  # the first is what ketjet.mplstyle writes with

PAGE = """\
# {title}

{text}

```{{image}} {name}-light.svg
:class: only-light
:alt: what {name}.py draws
:align: center
```
```{{image}} {name}-dark.svg
:class: only-dark
:alt: what {name}.py draws
:align: center
```

    $ python examples/{name}.py --picture picture.svg
{output}

## The script

`examples/{name}.py`:

```{{literalinclude}} ../../examples/{name}.py
:language: python
:start-at: from __future__
```
"""

CARD = """\
::::{{grid-item-card}} {title}
:link: gallery/{name}
:link-type: doc

```{{image}} gallery/{name}-light.svg
:class: only-light
:alt: {title}
```
```{{image}} gallery/{name}-dark.svg
:class: only-dark
:alt: {title}
```
{summary}
::::
"""


def write(folder: Path) -> None:
    """Write the pages, the pictures, and what the overview includes, into a folder of the documentation."""
    folder.mkdir(exist_ok=True)
    cards = []
    for name in WORKLOADS:
        script = EXAMPLES / f"{name}.py"
        picture = folder / f"{name}-light.svg"
        output = _run(script, picture)
        drawn = picture.read_text(encoding="utf-8")
        (folder / f"{name}-dark.svg").write_text(drawn.replace(INK, INK_ON_DARK), encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
        head, _, text = docstring.partition("\n\n")
        title, _, summary = head.partition(": ")
        summary = summary[0].upper() + summary[1:]
        shown = "\n".join(f"    {line}" for line in output.splitlines())
        page = PAGE.format(title=title, name=name, text=f"{summary}\n\n{text}", output=shown)
        (folder / f"{name}.md").write_text(page, encoding="utf-8")
        cards.append(CARD.format(title=title, name=name, summary=summary))
    (folder / "cards.txt").write_text("\n".join(cards), encoding="utf-8")
    pages = "\n".join(f"gallery/{name}" for name in WORKLOADS)
    (folder / "toctree.txt").write_text(f"```{{toctree}}\n:hidden:\n\n{pages}\n```\n", encoding="utf-8")


def _run(script: Path, picture: Path) -> str:
    """Run a workload with our colours and return what it printed."""
    environment = {**os.environ, "MPLBACKEND": "svg", "MATPLOTLIBRC": str(HERE / "ketjet.mplstyle")}
    command = [sys.executable, str(script), "--picture", str(picture)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
