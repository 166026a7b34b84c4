"""Renewal and churn models: LightGBM, calibrated on later data, as scikit-learn estimators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from churnkit.models.columns import Columns, Floats, as_frame, check_labels, refuse_audit_columns
from churnkit.models.doubts import doubts
from churnkit.models.evaluation.base_rates import BaseRates
from churnkit.models.evaluation.baselines import Baselines
from churnkit.models.evaluation.verdict import UNJUDGED, Mark
from churnkit.models.given import given_dates, given_people, given_specs
from churnkit.models.schedule import Recipe, Rows, due_days, train
from churnkit.models.trees import DEEPEST, gains, raw_scores, threads
from churnkit.panel import catalog
from churnkit.panel.feature import Feature

Vector = npt.NDArray[np.float64]


class _BookModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What both models share. See :class:`RenewalModel`."""

    target: ClassVar[Literal["renewal", "churn", "cancellation"]] = "renewal"
    direction: ClassVar[int] = 1
    event: ClassVar[str] = ""

    def __init__(
        self, *, n_estimators: int = 600, learning_rate: float = 0.08, num_leaves: int = 8, max_depth: int = 8,
        min_child_samples: int = 100, feature_fraction: float = 0.6, bagging_fraction: float = 0.8,
        reg_lambda: float = 5.0, max_bin: int = 127, early_stopping_rounds: int = 30, monotone: bool = True,
        calibration: str = "auto", refit: bool = True, min_events: int = 50, random_state: int = 0,
        n_jobs: int | None = 1,
    ) -> None:  # fmt: skip
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_child_samples = min_child_samples
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.reg_lambda = reg_lambda
        self.max_bin = max_bin
        self.early_stopping_rounds = early_stopping_rounds
        self.monotone = monotone
        self.calibration = calibration
        self.refit = refit
        self.min_events = min_events
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, *, cutoff: Any = None, groups: Any = None,
            features: Iterable[Feature] | None = None) -> _BookModel:  # fmt: skip
        """Train the trees, then the calibration.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_features)
            Numbers, and texts, pandas categories or truth values as categories. Missing values are allowed.
        y : array-like of shape (n_rows,), 0 or 1, none missing
        cutoff : array-like of dates of shape (n_rows,), optional
            Calibrates on a period later than the trees' training.
        groups : array-like of shape (n_rows,), optional
            Customers: one customer's rows are never on both sides of a random split.
        features : iterable of Feature, optional
            What the columns are, ``panel.features``: known signs, reason groups and texts, of declared and own features
            too. The standard features by name if None.

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If X, y, cutoff, groups or features cannot be read as above.
        ContractError
            CLS28, if there are fewer than `min_events` rows of the rarer class.
        LeakageError
            If a column is for audits only (gender, vulnerable); a name that speaks of one is warned of.
        """
        columns = Columns.learn(X)
        refuse_audit_columns(columns.names)
        n = len(as_frame(X))
        target = check_labels(y, n, min_events=self.min_events)
        dates, people, specs = given_dates(cutoff, n), given_people(groups, n), given_specs(features)
        matrix = columns.matrix(X)
        lead = self._lead(columns, matrix)
        rows = Rows(matrix, target, lead, people, due_days(dates, lead))
        done = train(self.recipe(columns, specs), rows)
        self.columns_, self.features_ = columns, specs
        self.booster_, self.calibrator_ = done.booster, done.calibrator
        self.n_estimators_, self.calibrated_on_ = done.rounds, done.on
        self.baselines_ = Baselines.learn(matrix, target, columns=columns, gain=gains(self.booster_), cutoff=dates)
        self.categories_ = dict(columns.categories)
        self.base_rate_ = float(target.mean())
        self.base_rates_ = BaseRates.learn(target, people=people, cutoff=dates, lead=lead)
        self.mark_: Mark = UNJUDGED
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = len(columns.names)
        if columns.named:
            self.feature_names_in_ = np.array(columns.names, dtype=object)
        return self

    def predict_proba(self, X: Any) -> Vector:
        """Return calibrated probabilities of class 0 and class 1, shape (n_rows, 2).

        Raises
        ------
        UsageError
            If a training column is missing or of another kind; all of them are named.
        """
        check_is_fitted(self, "booster_")
        matrix = self.columns_.matrix(X)
        one = self.calibrator_.predict(self._scores(matrix), self._lead(self.columns_, matrix))
        return np.column_stack([1.0 - one, one])

    def predict_interval(self, X: Any) -> pd.DataFrame:
        """Return the 95 % interval of the calibrated probability of class 1.

        It is the calibration's sampling error, customers as units: how well later rows tell how often rows of such a
        score come true. It holds for all rows alike scored together, not for one customer's own unknown chance, and the
        trees' own error is not in it. NaN without calibration.

        Returns
        -------
        DataFrame of shape (n_rows, 2): ``low`` and ``high``, indexed like X
        """
        check_is_fitted(self, "booster_")
        matrix = self.columns_.matrix(X)
        low, high = self.calibrator_.interval(self._scores(matrix), self._lead(self.columns_, matrix))
        return pd.DataFrame({"low": low, "high": high}, index=X.index if isinstance(X, pd.DataFrame) else None)

    def judged(self, by: Any) -> _BookModel:
        """Take over the mark of an evaluation or a backtest on later rows; everything downstream repeats it.

        Parameters
        ----------
        by : Evaluation or Backtest

        Returns
        -------
        self
        """
        check_is_fitted(self, "booster_")
        self.mark_ = by.mark
        return self

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """Return the likelier class, shape (n_rows,)."""
        likelier = (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)
        return np.asarray(self.classes_)[likelier]

    def raw_score(self, X: Any) -> Vector:
        """Return the trees' log-odds of class 1 before calibration, shape (n_rows,): what contributions sum to."""
        check_is_fitted(self, "booster_")
        return self._scores(self.columns_.matrix(X))

    def unsure(self, X: Any) -> pd.Series[bool]:
        """Mark the rows that lie where training did not: an unseen category, or a number far from those of training.

        Returns
        -------
        Series of bool of shape (n_rows,), indexed like X
            :func:`churnkit.models.doubts.doubts` says which column it is.
        """
        check_is_fitted(self, "booster_")
        index = X.index if isinstance(X, pd.DataFrame) else None
        said = doubts(self.columns_, X, gains(self.booster_))
        return pd.Series([bool(each) for each in said], index=index, name="unsure")

    def describe(self, name: str) -> Feature | None:
        """Return what a column is: the spec given in training, else the standard feature of that name, or None."""
        given = {feature.name: feature for feature in getattr(self, "features_", None) or ()}
        return given.get(name) or catalog.describe(name)

    def recipe(self, columns: Columns, features: tuple[Feature, ...] | None = None) -> Recipe:
        """Return how trees over these columns are trained: LightGBM's own settings, known signs as constraints."""
        known_signs = known_directions(self.target) if features is None else {f.name: f.sign for f in features}
        signs = [0 if n in columns.categories else self.direction * known_signs.get(n, 0) for n in columns.names]
        known = {"monotone_constraints": signs} if self.monotone and any(signs) else {}
        params = {
            "objective": "binary", "metric": "binary_logloss", "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves, "max_depth": min(self.max_depth, DEEPEST) if self.max_depth > 0 else DEEPEST,
            "min_data_in_leaf": self.min_child_samples, "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction, "bagging_freq": 1, "lambda_l2": self.reg_lambda,
            "max_bin": self.max_bin, "seed": self.random_state, "num_threads": threads(self.n_jobs), **known,
        }  # fmt: skip
        return Recipe(params, self.n_estimators, self.early_stopping_rounds, self.calibration, self.refit,
                      self.random_state)  # fmt: skip

    def _scores(self, matrix: Floats) -> Vector:
        return raw_scores(self.booster_, matrix, n_jobs=self.n_jobs)

    @staticmethod
    def _lead(columns: Columns, matrix: Floats) -> Vector | None:
        place = columns.position("lead_days")
        return None if place is None else matrix[:, place].astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn what the model takes: two classes, missing values, categories."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class RenewalModel(_BookModel):
    """Probability that a term is renewed; class 1 is *renewed*.

    LightGBM on the binary log loss without class weights [1]_, monotone where the catalog knows the sign, then a
    monotone calibration (:class:`~churnkit.models.calibration.Calibrator`).

    With cutoffs: trees are trained on rows due before a date, stopped early on the rows due after it (about the latest
    quarter), and calibrated on those. Then the trees are trained once more, with that many rounds, on **all** rows
    (`refit`): the latest period is the one most like the future, and holding it back costs more accuracy than it
    earns. The calibrator keeps what it learnt from trees that had not seen its rows (slope, shape, shift by
    lead); only its level is set again on the latest rows, so that drift is not counted twice. A little more data
    can only make the refitted trees less overconfident than the slope allows for.

    Without cutoffs: four folds by group (stratified, if there are no groups) give the calibration's scores, and the
    trees are trained on all rows with the folds' median number of rounds.

    Parameters
    ----------
    n_estimators : int, the largest number of trees
    learning_rate, num_leaves, min_child_samples, feature_fraction, bagging_fraction, reg_lambda, max_bin
        LightGBM's; `max_depth` is at most 16, beyond which exact contributions lose their sum.
    early_stopping_rounds : int
    monotone : bool, use the catalog's known signs
    calibration : {"auto", "isotonic", "sigmoid", "none"}
        ``auto``: isotonic with more than 5,000 outcomes of the rarer class in the calibration rows, else sigmoid.
    refit : bool, train once more on all rows after calibrating on the latest
    min_events : int, rows of the rarer class below which training is refused (CLS28)
    random_state : int
    n_jobs : int or None, threads; None means 1, -1 all

    Attributes
    ----------
    classes_ : array([0, 1])
    feature_names_in_, n_features_in_ : as in scikit-learn
    booster_ : lightgbm.Booster, on internal column names
    calibrator_ : Calibrator
    calibrated_on_ : str, ``later rows`` or ``held-out folds``
    categories_ : dict of str to tuple of str, the position is the code
    features_ : tuple of Feature or None, what training was told of the columns
    n_estimators_ : int, trees in use
    base_rate_ : float, share of class 1 in training; base_rates_ : BaseRates, with its error, last year and leads
    mark_ : Mark, whether the probabilities are fit for money; not before :meth:`judged`
    baselines_ : Baselines, trained on the same rows

    References
    ----------
    .. [1] van den Goorbergh et al. (2022), The harm of class imbalance corrections, JAMIA 29(9).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"waiting": rng.exponential(5, 2000), "line": rng.choice(["home", "motor"], 2000)})
    >>> y = (rng.random(2000) < 1 / (1 + np.exp(-2 + 0.2 * X["waiting"]))).astype(float)
    >>> model = RenewalModel(n_estimators=30).fit(X, y)
    >>> model.predict_proba(X).shape, model.categories_
    ((2000, 2), {'line': ('home', 'motor')})
    """

    target, direction, event = "renewal", 1, "renewed"


class ChurnModel(_BookModel):
    """Probability that a customer in cover leaves; class 1 is *churned*.

    As :class:`RenewalModel`, with the catalog's signs turned round. Snapshots have no lead and their outcome windows
    overlap, so with cutoffs and groups the calibration rows are late snapshots of a third of the customers, and the
    calibration's trees see earlier snapshots of the others. How many trees there are is found with all snapshots of
    the others: the last trees see them all too.

    Examples
    --------
    >>> ChurnModel(num_leaves=7).get_params()["num_leaves"]
    7
    """

    target, direction, event = "churn", -1, "churned"


def known_directions(target: Literal["renewal", "churn", "cancellation"]) -> dict[str, int]:
    """Known directions on the chance of **renewal**, by name, of the features that the target's own catalog has."""
    return {feature.name: feature.sign for feature in catalog.standard_features(target) if feature.sign}
