"""The slow and obviously right way: every feature and label again, row by row, in plain Python."""
