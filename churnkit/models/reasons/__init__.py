"""Why a prediction is what it is: exact contributions, in groups and in plain words."""
