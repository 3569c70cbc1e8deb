"""Points: the values of a circuit's parameters, and which observable belongs to which of them."""
