"""What a simulation will do and why: the plan of a circuit as text, HTML and JSON, predicted and measured."""

from ketjet.explanation.build import explain, with_memory, with_readings
from ketjet.explanation.kernels import KernelShare
from ketjet.explanation.measure import analyze
from ketjet.explanation.model import Explanation
from ketjet.explanation.readings import ExplainedReading
from ketjet.explanation.stages import ExplainedOperation, ExplainedPass, ExplainedStage

__all__ = [
    "ExplainedOperation",
    "ExplainedPass",
    "ExplainedReading",
    "ExplainedStage",
    "Explanation",
    "KernelShare",
    "analyze",
    "explain",
    "with_memory",
    "with_readings",
]
