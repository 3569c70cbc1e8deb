"""The circuits that are measured, by name and width."""
