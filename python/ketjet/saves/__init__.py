"""Aer's save instructions: a table of all that is known of each, how they look, what one asks for, its data's forms."""

from ketjet.saves.request import SaveRequest
from ketjet.saves.table import LISTED, SAVE_UNITARY, SAVES, SINGLE, Save

__all__ = ["LISTED", "SAVES", "SAVE_UNITARY", "SINGLE", "Save", "SaveRequest"]
