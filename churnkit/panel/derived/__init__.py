"""Columns and clocks that the contract implies and no source delivers."""
