"""How well an index finds what it should: measures, intervals, comparisons and gates."""
