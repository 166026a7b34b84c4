"""Which model is in use: versions under one name per target, the aliases champion and challenger, and promotion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import joblib
import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from churnkit.apps.tracking_store import connected, fetched
from churnkit.apps.workspace import Workspace, given, holds_runs, salt_of
from churnkit.errors import UsageError
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.sealing import opened

Alias = Literal["champion", "challenger"]
CHAMPION, CHALLENGER = "champion", "challenger"
_RUN_ID = 32
MARK, FORMER = "churnkit.not_for_money", "churnkit.former_champion"


class Loaded(NamedTuple):
    """A model out of the registry, the lifetime value that was kept beside it, and which version it is."""

    model: Any
    value: LifetimeValue | None
    version: str


@dataclass(frozen=True)
class Promotion:
    """What was promoted to what, and what was there before.

    Attributes
    ----------
    name, version, alias : str
    former : str, the version that had the alias until now, empty if there was none
    text : str
    """

    name: str
    version: str
    alias: str
    former: str
    text: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.text


def registered_name(target: str) -> str:
    """Return the name under which a target's models are registered.

    Examples
    --------
    >>> registered_name("renewal")
    'churnkit-renewal'
    """
    return f"churnkit-{target}"


def register(uri: str, target: str, *, run_id: str, mark: str = "", description: str = "") -> ModelVersion:
    """Register a logged model: the first version of a name becomes champion, each later one challenger.

    Parameters
    ----------
    uri : str, ``models:/m-…``, as it was logged
    target : str
    run_id : str, the run that logged it
    mark : str, why it is not for money, empty if it is
    description : str, Markdown, shown beside the version
    """
    client, name = mlflow.MlflowClient(), registered_name(target)
    try:
        client.create_registered_model(name, description=f"churnkit's {target} model, versions of one use")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(
        name, uri, run_id=run_id, model_id=uri.removeprefix("models:/"), tags={MARK: mark}, description=description,
        await_creation_for=None,
    )  # fmt: skip
    alias = CHALLENGER if _held(client, name, CHAMPION) else CHAMPION
    client.set_registered_model_alias(name, alias, made.version)
    return client.get_model_version(name, made.version)


def find_version(client: mlflow.MlflowClient, target: str, which: str | None = None) -> ModelVersion:
    """Find a version by alias, number, ``name/number`` or run; without any, the champion, else the newest.

    Raises
    ------
    UsageError
        If there is none, saying which there are.
    """
    name = registered_name(target)
    versions = client.search_model_versions(f"name = '{name}'", max_results=1000)
    aliases = dict(client.get_registered_model(name).aliases) if versions else {}
    by_number = {str(each.version): each for each in versions}
    if which is None:
        newest = max(by_number, key=int, default="")
        which = str(aliases.get(CHAMPION, newest))
    wanted = str(aliases.get(which, which)).removeprefix(f"{name}/")
    found = by_number.get(wanted) or next((each for each in versions if each.run_id == wanted), None)
    if found is not None:
        return found
    known = ", ".join(f"{number} ({by_number[number].run_id})" for number in sorted(by_number, key=int)[-5:])
    named = ", ".join(f"{alias} = {number}" for alias, number in sorted(aliases.items())) or "no alias"
    raise UsageError(
        f"A model of {name} is named by champion, challenger, its version or its run.",
        found=f"{which!r}; there are: {known or 'none'}; {named}",
        fix="Choose one of these." if known else f"Train one: churnkit train DATA --target {target}",
    )


def load_model(target: str, *, workspace: Workspace = None, model: str | None = None) -> Loaded:
    """Load a registered model, and the lifetime value that was kept beside it.

    Parameters
    ----------
    target : {"renewal", "churn"}
    workspace : path, address of a tracking server, or None as :func:`track` takes it
    model : str, optional
        ``champion``, ``challenger``, a version number or the id of the run that logged it; the champion if None, else
        the newest.

    Returns
    -------
    Loaded
        ``model``, ``value`` (None where none was kept), ``version`` such as ``churnkit-renewal/2``.

    Raises
    ------
    UsageError
        If the workspace holds no such model.
    """
    place = given(workspace)
    missing = UsageError(f"Scoring needs a trained {target} model.", found="none", where=place,
                         fix=f"Train one: churnkit train DATA --target {target} --workspace {place}")  # fmt: skip
    if not holds_runs(workspace):
        raise missing
    with connected(workspace) as client:
        if not client.search_model_versions(f"name = '{registered_name(target)}'", max_results=1):
            raise missing
        found = find_version(client, target, model)
        with fetched(f"models:/{found.name}/{found.version}/artifacts") as folder:
            kept = folder / "value.joblib"
            value = opened(joblib.load(kept), salt_of(mlflow.get_tracking_uri())) if kept.is_file() else None
            return Loaded(joblib.load(folder / "model.joblib"), value, f"{found.name}/{found.version}")


def promote(model: str, *, alias: Alias = "champion", target: str = "renewal",
            workspace: Workspace = None) -> Promotion:  # fmt: skip
    """Give a version an alias; ``champion`` is what scoring uses. The former champion is noted in a tag of the new one.

    Parameters
    ----------
    model : str, a version number, the id of a run, or ``challenger``
    alias : {"champion", "challenger"}
    target : {"renewal", "churn"}
    workspace : path, address of a tracking server, or None as :func:`track` takes it

    Raises
    ------
    UsageError
        If there is no such model, or the alias is another.
    """
    if alias not in (CHAMPION, CHALLENGER):
        raise UsageError("A model is promoted to champion or challenger.", found=repr(alias))
    with connected(workspace) as client:
        found = find_version(client, target, model)
        name, version = found.name, str(found.version)
        former = _held(client, name, alias)
        client.set_registered_model_alias(name, alias, version)
        if alias == CHAMPION:
            if former not in ("", version):
                client.set_model_version_tag(name, version, FORMER, former)
            if _held(client, name, CHALLENGER) == version:
                client.delete_registered_model_alias(name, CHALLENGER)
    return Promotion(name, version, alias, former, _told(found, alias, former))


def _held(client: mlflow.MlflowClient, name: str, alias: str) -> str:
    """The version that has an alias, empty if none has."""
    return str(dict(client.get_registered_model(name).aliases).get(alias, ""))


def _told(found: ModelVersion, alias: str, former: str) -> str:
    version = str(found.version)
    if former == version:
        text = f"{found.name} version {version} was the {alias} already."
    else:
        before = f"; before it was version {former}." if former else "; there was none before."
        text = f"{found.name} version {version} is the {alias} now{before}"
    mark = found.tags.get(MARK, "")
    return f"{text} {mark}" if mark else text


def card_of(which: str, *, target: str = "renewal", page: bool = False, workspace: Workspace = None) -> str:
    """Return the card that was logged with a model, as Markdown or as a page.

    Raises
    ------
    UsageError
        If there is no such model or run, or it has no card.
    """
    with connected(workspace) as client:
        run = find_run(client, target, which)
        try:
            with fetched(f"runs:/{run}/card.{'html' if page else 'md'}") as file:
                return file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise UsageError("A card is logged with a model.", found=f"none in run {run}") from error


def standing(uri: str, *, workspace: Workspace = None) -> str:
    """Say which version a model is, what it stands for, and how it comes into use where it is not.

    Parameters
    ----------
    uri : str, as :func:`churnkit.log_model` returns it
    """
    name, version = uri.removeprefix("models:/").split("/")
    with connected(workspace) as client:
        champion, challenger = _held(client, name, CHAMPION), _held(client, name, CHALLENGER)
    if version == champion:
        return f"Registered as {name} version {version}, the {CHAMPION}."
    what = f"the {CHALLENGER}" if version == challenger else "without an alias"
    target = name.removeprefix("churnkit-")
    return (f"Registered as {name} version {version}, {what}; version {champion} is the {CHAMPION}. To change that: "
            f"churnkit promote {version} --target {target} --workspace {given(workspace)}")  # fmt: skip


def find_run(client: mlflow.MlflowClient, target: str, which: str) -> str:
    """Return the id of a run: of any run by its id, of the one that logged a model by alias or version.

    Raises
    ------
    UsageError
        If there is none.
    """
    if len(which) == _RUN_ID and set(which) <= set("0123456789abcdef"):
        try:
            return str(client.get_run(which).info.run_id)
        except MlflowException as error:
            raise UsageError("A run is named by its id, as MLflow shows it.", found=f"no run {which}") from error
    return str(find_version(client, target, which).run_id)
