"""Fixtures of these tests."""

from tests.value.fitted import lives, model, panel, standing, value

__all__ = ["lives", "model", "panel", "standing", "value"]
