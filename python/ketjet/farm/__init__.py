"""Farms: tasks that run on an executor of the user's, in this process, in others or on other computers.

Nothing here imports Qiskit: half of it runs where the tasks are sent.
"""
