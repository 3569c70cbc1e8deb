"""What a job keeps of its work in a folder while it runs, so that a later process goes on where it was."""
