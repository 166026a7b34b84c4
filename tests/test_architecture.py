"""Who may import whom; what lives where. Read from the imports themselves."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "churnkit"
MAY = {
    "errors": set(),
    "moments": set(),
    "plots": {"plots"},
    "book": {"book"},
    "simulate": {"simulate", "book.schema"},
    "panel": {"panel", "book"},
    "models": {"models", "panel.panel", "panel.feature", "panel.catalog"},
    "value": {"value", "models", "panel"},
    "effect": {"effect", "value", "models", "panel", "book.open"},
    "retain": {"retain", "value", "effect", "models", "panel", "book"},
}
HOMES = {
    "duckdb": {"book/engine.py"},
    "pyspark": {"book/engine_spark.py"},
    "py4j": {"book/engine_spark.py"},
    "sqlglot": {"book/engine_dialect.py"},
    "lightgbm": {"models/"},
    "shap": {"models/reasons/explain.py"},
    "mlflow": {"apps/tracking", "apps/registry.py", "apps/pyfunc.py"},
    "optuna": {"models/tuning.py"},
    "sksurv": {"value/observed.py"},
    "matplotlib": {"plots/"},
    "fastapi": {"apps/web/"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def imports(path):
    """The names that a module imports; read once for all tests."""
    return tuple(_imports(path))


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path):
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_module_imports_only_what_its_floor_may(path):
    floor = place(path).split("/")[0].removesuffix(".py")
    if floor in ("apps", "__init__"):
        return
    for name in imports(path):
        if name.startswith("churnkit."):
            target = name.removeprefix("churnkit.")
            allowed = MAY[floor] | {"errors", "moments"}
            assert any(target == a or target.startswith(f"{a}.") or a.startswith(f"{target}.") for a in allowed), (
                f"{place(path)} imports {name}"
            )


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_heavy_libraries_live_in_their_one_home(path):
    for name in imports(path):
        homes = HOMES.get(name.split(".")[0])
        if homes is not None:
            assert any(place(path).startswith(home) for home in homes), f"{place(path)} imports {name}"


def test_nothing_but_the_surfaces_reads_the_truth():
    readers = {place(p) for p in MODULES if any(n.startswith("churnkit.simulate.truth") for n in imports(p))}
    assert readers <= {"apps/demo.py", "apps/backtesting.py", "simulate/book.py"}
    for floor in ("panel", "models", "value", "effect", "retain", "book"):
        for path in (PACKAGE / floor).rglob("*.py"):
            assert "truth/" not in path.read_text(encoding="utf-8"), place(path)


def test_notebooks_use_public_names_only():
    for path in sorted(ROOT.glob("notebooks/*.py")) + sorted(ROOT.glob("experiments/*/run.py")):
        private = [n for n in imports(path) if n.startswith("churnkit.")]
        assert not private, f"{path.name} imports {private}"


def test_files_and_functions_stay_small():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 300, place(path)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                size = body and (node.end_lineno - body[0].lineno + 1)
                assert (size or 0) <= 40, f"{place(path)} {node.name}: {size} lines"


def test_what_the_package_imports_is_declared():
    import sys
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"scikit-learn": "sklearn", "scikit-survival": "sksurv"}
    optional = project["optional-dependencies"]
    extras = (
        optional["spark"] + optional["tune"] + optional["survival"] + ["py4j"]
    )  # pyspark brings py4j, in the version it needs
    declared = {w.split(">")[0].split("=")[0].strip() for w in [*project["dependencies"], *extras]}
    declared = {names.get(w, w.replace("-", "_")) for w in declared}
    used = {n.split(".")[0] for p in MODULES for n in imports(p)} - set(sys.stdlib_module_names) - {"churnkit", ""}
    assert used <= declared, used - declared
