"""Fixtures for circuits with control flow."""

from __future__ import annotations

import pytest

from ketjet.lowering import control_flow


@pytest.fixture(params=["unrolled", "counted"])
def loops(request, monkeypatch):
    """For loops in both forms."""
    monkeypatch.setattr(control_flow, "UNROLL_LIMIT", 4096 if request.param == "unrolled" else 0)
    return request.param
