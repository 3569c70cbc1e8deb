"""What a notebook shows of ketjet's objects: one style for light and dark, and bars of inline SVG, without any script.

Objects pass in their facts, for nothing here knows any of them; their own modules say what is worth showing.
"""

from ketjet.faces.drawing import Row, card, chart, cut, legend, memory, percent, progress, shown, svg, words
from ketjet.faces.style import STYLE

__all__ = ["STYLE", "Row", "card", "chart", "cut", "legend", "memory", "percent", "progress", "shown", "svg", "words"]
