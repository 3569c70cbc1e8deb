"""What runs: the worker threads and their budget, the batch of tasks under way, and the job that users hold."""
