"""Whom a contact changes: uplift learnt from an experiment, and judged before it is believed."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import ContractError, UsageError
from churnkit.models.columns import Columns, Floats, refuse_audit_columns
from churnkit.models.qini import Qini, qini
from churnkit.models.trees import raw_scores, threads, train_trees

Vector = npt.NDArray[np.float64]
METHODS = ("shift", "two_model", "transformed_outcome")
FOLDS, LEAST = 5, 50  # rows in each arm
_RECIPE = {"learning_rate": 0.03, "num_leaves": 6, "min_data_in_leaf": 100, "lambda_l2": 50.0, "max_bin": 63}
_ROUNDS = 120
# Of what is added to the average shift: stumps, few and flat, since an experiment tells little about single customers.
_STUMPS = {"learning_rate": 0.1, "num_leaves": 2, "min_data_in_leaf": 400, "lambda_l2": 30.0, "max_bin": 63,
           "min_sum_hessian_in_leaf": 1.0}  # fmt: skip
_FEW = 15
_EDGE = 0.005


class UpliftModel(BaseEstimator):  # type: ignore[misc]
    """Rise of the chance of renewal by one contact, from customers who were contacted or held out at random.

    ``u(x) = P(renewed | x, contacted) - P(renewed | x, held out)``. ``shift`` learns what a contact adds to the
    log-odds, ``y ~ b + (w - e) d(x)`` with w the arm and e its share, from the average on, by a few stumps.
    ``two_model`` learns a model for each arm, on the log-odds beyond what the renewal model said before.
    ``transformed_outcome`` learns ``(y - b)(w - e) / (e (1 - e))``, whose mean is the uplift [1]_. Out of fold it is
    asked whether the model ranks better than chance (the Qini coefficient's 95 % interval lies above 0 [2]_), and
    better than one average shift of everybody's log-odds. Where it does not, that is said, and everybody gets the
    average shift.

    Parameters
    ----------
    method : {"shift", "two_model", "transformed_outcome"}
    random_state : int
    n_jobs : int or None

    Attributes
    ----------
    average_ : float, effect of a contact on the chance of renewal, over all
    qini_ : Qini, out of fold
    out_of_fold_ : array of shape (n_rows,), uplift of each row by a model that did not see its customer; what
        :func:`~churnkit.policy_values` is to be asked with
    better_ : bool, whether ranking by the model is better than at random, and than by the average shift
    treated_, held_out_ : int, rows of each arm

    References
    ----------
    .. [1] Athey, Imbens (2016), Recursive partitioning for heterogeneous causal effects, PNAS 113(27).
    .. [2] Radcliffe (2007), Using control groups to target on predicted lift, Direct Marketing Analytics Journal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"age": rng.integers(20, 80, 4000).astype(float)})
    >>> treated = rng.random(4000) < 0.5
    >>> y = rng.random(4000) < 0.5 + np.where(X["age"] < 35, -0.2, 0.2) * treated
    >>> model = UpliftModel(random_state=0).fit(X, treated, y)
    >>> model.better_, bool((model.predict(X)[X["age"] < 30] < 0).all())
    (True, True)
    """

    def __init__(
        self, method: Literal["shift", "two_model", "transformed_outcome"] = "shift", *, random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:  # fmt: skip
        self.method = method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, treated: Any, y: Any, *, baseline: Any = None, groups: Any = None) -> UpliftModel:
        """Learn from an experiment.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features), what was known before the contact
            Better a dozen features named before the experiment than hundreds, of which some seem to matter by chance.
        treated : array of bool of shape (n_rows,), drawn at random
        y : array of shape (n_rows,), 1 renewed, 0 not
        baseline : array of shape (n_rows,), optional
            Chance of renewal that a model gave before, not learnt from these outcomes; takes noise out.
        groups : array of shape (n_rows,), optional
            Customers: one customer's rows stay in one fold.

        Raises
        ------
        UsageError
            If the method is none, shapes differ or an outcome is neither 0 nor 1.
        ContractError
            If an arm has fewer than 50 rows, or one outcome only.
        """
        arm, label = self._checked(X, treated, y)
        refuse_audit_columns(map(str, X.columns))
        self.columns_ = Columns.learn(X)
        matrix = self.columns_.matrix(X)
        self.with_baseline_, self.offset_ = baseline is not None, float(logit(label[~arm].mean()))
        offset = self._offset(baseline, len(label))
        self.treated_, self.held_out_ = int(arm.sum()), int((~arm).sum())
        self.average_, self.shift_ = _average(label, arm, offset)
        fold = _folds(groups, len(label), self.random_state)
        out = np.zeros(len(label))
        for k in range(FOLDS):
            rest, mine = fold != k, fold == k
            made = self._learn(matrix[rest], arm[rest], label[rest], offset[rest])
            out[mine] = self._uplift(made, matrix[mine], offset[mine])
        self.out_of_fold_ = out
        self.qini_: Qini = qini(out, arm, label, expected=expit(offset), groups=groups, random_state=self.random_state)
        usual = qini(expit(offset + self.shift_) - expit(offset), arm, label, expected=expit(offset), draws=1)
        self.random_ = bool(self.qini_.low <= 0)
        self.better_ = bool(not self.random_ and self.qini_.coefficient > usual.coefficient)
        self.boosters_ = self._learn(matrix, arm, label, offset)
        return self

    def predict(self, X: pd.DataFrame, *, baseline: Any = None) -> Vector:
        """Return the rise of the chance of renewal by one contact, shape (n_rows,); negative where it drives away.

        Raises
        ------
        UsageError
            If a baseline was given to fit and is not given here, or columns differ.
        """
        check_is_fitted(self, "boosters_")
        matrix = self.columns_.matrix(X)
        if (baseline is None) == self.with_baseline_:
            raise UsageError("A baseline is given to fit and to predict, or to neither.", found="one of the two",
                             fix="predict(X, baseline=model.predict_proba(X)[:, 1])")  # fmt: skip
        offset = self._offset(baseline, len(matrix))
        if not self.better_:
            return np.asarray(expit(offset + self.shift_) - expit(offset), dtype=np.float64)
        return self._uplift(self.boosters_, matrix, offset)

    @property
    def text(self) -> str:
        """What was found, in sentences."""
        check_is_fitted(self, "boosters_")
        than = "random" if self.random_ else "by one average shift of the log-odds"
        ranks = f"Ranking by the model is no better than {than}, so everybody gets the average effect"
        if self.better_:
            ranks = "Ranking by the model is better than at random"
        q = self.qini_
        return (f"{self.treated_:,} contacted and {self.held_out_:,} held out: a contact moves renewal by "
                f"{100 * self.average_:+.1f} pp on average. {ranks}: Qini coefficient {q.coefficient:.4f} "
                f"({q.low:.4f} … {q.high:.4f}), out of fold.")  # fmt: skip

    def _checked(self, X: pd.DataFrame, treated: Any, y: Any) -> tuple[npt.NDArray[np.bool_], Vector]:
        if self.method not in METHODS:
            raise UsageError(f"method is {' or '.join(METHODS)}.", found=repr(self.method))
        arm, label = np.asarray(treated, dtype=bool), np.asarray(y, dtype=np.float64)
        if not len(X) == len(arm) == len(label) or not np.isin(label, (0.0, 1.0)).all():
            raise UsageError("X, treated and y have the same rows, and y is 0 or 1.",
                             found=f"{len(X)}, {len(arm)} and {len(label)} rows")  # fmt: skip
        for name, mine in (("contacted", arm), ("held out", ~arm)):
            if mine.sum() < LEAST or not 0 < label[mine].mean() < 1:
                raise ContractError(f"Uplift needs {LEAST} rows in each arm, with both outcomes.",
                                    found=f"{int(mine.sum())} {name}", fix="Pool more lists, or wait.")  # fmt: skip
        return arm, label

    def _offset(self, baseline: Any, rows: int) -> Vector:
        if baseline is None:
            return np.full(rows, self.offset_)
        return np.asarray(logit(np.clip(np.asarray(baseline, dtype=np.float64), _EDGE, 1 - _EDGE)), dtype=np.float64)

    def _learn(self, matrix: Floats, arm: npt.NDArray[np.bool_], y: Vector, offset: Vector) -> tuple[Any, ...]:
        params = {**_RECIPE, "seed": self.random_state, "num_threads": threads(self.n_jobs)}
        if self.method == "two_model":
            return tuple(train_trees({**params, "objective": "binary"}, matrix[mine], y[mine], rounds=_ROUNDS,
                                     offset=offset[mine]) for mine in (arm, ~arm))  # fmt: skip
        share = arm.mean()
        if self.method == "shift":
            params = {**_STUMPS, **{name: params[name] for name in ("seed", "num_threads")}}
            target = _Shift(y, arm - share, offset, self.shift_)
            return (train_trees({**params, "objective": target}, matrix, y, rounds=_FEW),)
        changed = (y - expit(offset)) * (arm - share) / (share * (1 - share))
        return (train_trees({**params, "objective": "regression"}, matrix, changed, rounds=_ROUNDS),)

    def _uplift(self, boosters: tuple[Any, ...], matrix: Floats, offset: Vector) -> Vector:
        found = [raw_scores(each, matrix, n_jobs=self.n_jobs) for each in boosters]
        if self.method == "transformed_outcome":
            return found[0]
        if self.method == "shift":
            return np.asarray(expit(offset + self.shift_ + found[0]) - expit(offset), dtype=np.float64)
        return np.asarray(expit(offset + found[0]) - expit(offset + found[1]), dtype=np.float64)


class _Shift:
    """Gradient and curvature of the likelihood of ``logit P(y) = b + c + (w - e)(shift + d)`` in d, for LightGBM.

    What is learnt of d is orthogonal to what b gets wrong, since w - e has mean 0 whatever x; c puts the level right.
    """

    def __init__(self, y: Vector, lean: Vector, offset: Vector, shift: float) -> None:
        self.y, self.lean, self.start = y, lean, offset + lean * shift
        level = float(y.mean())
        self.start = self.start + brentq(lambda c: float(expit(self.start + c).mean()) - level, -20, 20)

    def __call__(self, scores: Vector, _: Any) -> tuple[Vector, Vector]:
        p = expit(self.start + self.lean * scores)
        return (p - self.y) * self.lean, np.maximum(p * (1 - p) * self.lean**2, 1e-6)


def _average(y: Vector, arm: npt.NDArray[np.bool_], offset: Vector) -> tuple[float, float]:
    """The mean effect, less what chance put into the arms beforehand, and the shift of log-odds that amounts to it."""
    over = y - expit(offset)
    effect = float(over[arm].mean() - over[~arm].mean())

    def gap(shift: float) -> float:
        return float((expit(offset + shift) - expit(offset)).mean()) - effect

    return effect, float(brentq(gap, -12, 12)) if gap(-12) < 0 < gap(12) else 0.0


def _folds(groups: Any, rows: int, seed: int) -> npt.NDArray[np.int64]:
    codes = np.arange(rows) if groups is None else pd.factorize(np.asarray(groups))[0]
    drawn = np.random.default_rng([seed, 32]).permutation(int(codes.max(initial=-1)) + 1) % FOLDS
    return np.asarray(drawn[codes], dtype=np.int64)
