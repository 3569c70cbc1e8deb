"""What results tell, to be compared."""


def told_of(result):
    """All that two equal runs have in common."""
    told = result.to_dict()
    for each in told["results"]:
        for place in (each, each["metadata"]):
            for name in ("time_taken", "plan_time", "sample_measure_time", "max_memory_mb", "required_memory_mb"):
                place.pop(name, None)
    return told["results"]
