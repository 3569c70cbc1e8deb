"""Every simulator that is compared: adapters, settings by name, and the processes that run them."""
