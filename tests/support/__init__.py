"""What several test files share: programs, circuits and random ones, saves, and readers of what ketjet writes."""
