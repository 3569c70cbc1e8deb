"""What jobs leave in files for later processes: values without pickle, and locks that tell whether a process lives."""
