"""Tests of the panel: tiny tables in, tiny tables out."""
