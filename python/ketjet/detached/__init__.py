"""Jobs that outlive their process: the store that holds them, the process that runs one, the job that tells of it."""
