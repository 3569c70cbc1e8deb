"""Results that are kept in a folder, so that a campaign can be run again and does only what is missing.

Nothing here imports Qiskit.
"""
