"""States that are shared out among the processes of an MPI launcher: the only home of mpi4py, imported when needed."""

from ketjet.ranks.group import Ranks
from ketjet.ranks.planned import PlannedRanks

__all__ = ["PlannedRanks", "Ranks"]
