"""What the environment said when ketjet was imported, before other packages changed it for processes of their own."""

from __future__ import annotations

import os

__all__ = ["OMP_NUM_THREADS"]

OMP_NUM_THREADS = os.environ.get("OMP_NUM_THREADS")
"""As it was then: starting a cluster of dask's, for one, sets it for its workers."""
