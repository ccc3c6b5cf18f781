"""Step sizes that are searched for at each step."""
