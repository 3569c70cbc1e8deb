"""Aer's save instructions: one table with all that is known of each, what one asks for, and the forms of its data."""

from ketjet.saves.request import SaveRequest
from ketjet.saves.table import LISTED, SAVE_UNITARY, SAVES, SINGLE, Save

__all__ = ["LISTED", "SAVES", "SAVE_UNITARY", "SINGLE", "Save", "SaveRequest"]
