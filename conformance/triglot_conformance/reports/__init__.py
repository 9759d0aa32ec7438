"""Ways to show what came of runs."""
