"""The README tells the truth: its commands exist, its code runs."""

import re
import shutil
from pathlib import Path

import pytest

from tests.apps.conftest import made_databases  # noqa: F401  # used as it is here
from tests.simulated import simulated

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
DEMO = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/churnkit demo"
TEST = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_two_commands_stand_in_it():
    assert DEMO in README
    assert TEST in README


def test_ci_calls_the_test_command_as_the_readme_gives_it():
    ci = (Path(__file__).parents[1] / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in ci
    first = next(line.strip() for line in README.splitlines() if line.endswith("pytest"))
    assert first == TEST


def test_every_command_in_it_is_one_that_churnkit_has():
    from typer.main import get_command

    from churnkit.apps.cli import app

    known = get_command(app)
    used = re.findall(r"^churnkit (\w+)([^\n#|>]*)", "\n".join(blocks("bash")), flags=re.MULTILINE)
    assert {"demo", "check", "train", "score"} <= {name for name, _ in used}
    for name, rest in used:
        command = known.commands[name]
        for word in rest.split():  # a command of a group: outcomes import
            command = getattr(command, "commands", {}).get(word, command)
        options = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"(?<=\s)-{1,2}[a-z][a-z-]*", rest)) <= options, (name, rest)


@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
def test_its_code_runs(tmp_path, tmp_path_factory, monkeypatch):
    shutil.copytree(simulated(tmp_path_factory, customers=700, years=5, seed=4), tmp_path / "demo" / "book")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks("python"))
    assert "build_panel" in code
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert (tmp_path / "demo" / "mlflow.db").is_file()
