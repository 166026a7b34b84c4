"""How good a model is, how good it would have been, for whom, and whether to put money on it."""
