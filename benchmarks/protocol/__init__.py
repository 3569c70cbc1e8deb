"""How it is measured: alternating turns, comparison of results, facts and rates of the machine, tables."""
