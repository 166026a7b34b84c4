"""A matrix becomes plain floats: codes fixed at training, columns matched by name, faults told at once."""

import decimal

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.models.columns import Columns, check_labels, kind_of


@pytest.fixture
def frame():
    return pd.DataFrame({"age": [30, 40, 50], "line": ["motor", "home", None], "web": [True, False, True]})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([1, 2]), "number"),
        (pd.Series([1, None], dtype="Int64"), "number"),
        (pd.Series([decimal.Decimal("1.5"), None], dtype=object), "number"),
        (pd.Series(["a", None]), "category"),
        (pd.Series(["a", 1], dtype=object), "category"),
        (pd.Series([True, False]), "category"),
        (pd.Series([True, None], dtype="boolean"), "category"),
        (pd.Series(pd.Categorical([3, 1])), "category"),
        (pd.Series(pd.to_datetime(["2024-01-01"])), "date"),
        (pd.Series([pd.Timestamp("2024-01-01").date()], dtype=object), "date"),
        (pd.Series(pd.to_timedelta([1], unit="D")), "date"),
        (pd.Series([None, None], dtype=object), "empty"),
        (pd.Series([1j]), "other"),
    ],
)
def test_kind_of(values, kind):
    assert kind_of(values) == kind


def test_codes_go_by_frequency_then_name_and_missing_is_nan(frame):
    columns = Columns.learn(frame)
    assert columns.categories == {"line": ("home", "motor"), "web": ("True", "False")}
    np.testing.assert_array_equal(columns.matrix(frame), [[30, 1, 0], [40, 0, 1], [50, np.nan, 0]])


def test_codes_are_the_same_in_any_language():
    city = pd.Series(["Xian", "Beijing", "Xian", "Chengdu", "Beijing", "Xian"])
    chinese = city.map({"Xian": "西安", "Beijing": "北京", "Chengdu": "成都"})
    codes = [Columns.learn(f).matrix(f) for f in (pd.DataFrame({"city": city}), pd.DataFrame({"city": chinese}))]
    np.testing.assert_array_equal(*codes)


def test_an_ordered_category_keeps_its_order():
    grade = pd.Series(pd.Categorical(["low", "high"], categories=["low", "mid", "high"], ordered=True))
    assert Columns.learn(pd.DataFrame({"grade": grade})).categories == {"grade": ("low", "high")}


def test_columns_are_matched_by_name_and_extra_ones_ignored(frame):
    columns = Columns.learn(frame)
    shuffled = frame.assign(extra=1)[["web", "extra", "line", "age"]]
    np.testing.assert_array_equal(columns.matrix(shuffled), columns.matrix(frame))


def test_the_same_values_in_other_dtypes_give_the_same_codes(frame):
    columns = Columns.learn(frame)
    other = pd.DataFrame({"age": pd.Series([30, 40, 50], dtype="Float64"),
                          "line": pd.Categorical(["motor", "home", None]),
                          "web": np.array([True, False, True], dtype=object)})  # fmt: skip
    np.testing.assert_array_equal(columns.matrix(other), columns.matrix(frame))


def test_an_unseen_category_is_missing_and_marked_but_a_missing_one_is_not(frame):
    columns = Columns.learn(frame)
    new = frame.assign(line=["boat", "home", None])
    assert np.isnan(columns.matrix(new)[0, 1])
    rows, values = columns.unseen_by_column(new)["line"]
    assert (rows.tolist(), values) == ([True, False, False], ["boat"])


def test_all_differences_are_named_at_once(frame):
    wrong = pd.DataFrame({"age": ["x", "y", "z"], "line": [1.0, 2.0, 3.0]})
    with pytest.raises(UsageError) as caught:
        Columns.learn(frame).matrix(wrong)
    assert "missing: web" in str(caught.value)
    assert "age holds category" in str(caught.value)
    assert "line holds number" in str(caught.value)


def test_dates_are_refused_by_name(frame):
    with pytest.raises(UsageError, match=r"dates in born, sold"):
        Columns.learn(frame.assign(born=pd.Timestamp("2000-01-01"), sold=pd.Timestamp("2001-01-01")))


def test_infinity_is_refused_by_name(frame):
    with pytest.raises(UsageError, match="infinity in age"):
        Columns.learn(frame).matrix(frame.assign(age=[1.0, np.inf, 2.0]))


def test_a_column_empty_in_training_says_nothing_later():
    columns = Columns.learn(pd.DataFrame({"a": [1.0], "b": pd.Series([None], dtype=object)}))
    assert np.isnan(columns.matrix(pd.DataFrame({"a": [1.0], "b": [5.0]}))[0, 1])


def test_a_column_empty_at_scoring_is_missing(frame):
    out = Columns.learn(frame).matrix(frame.assign(age=pd.Series([None] * 3, dtype=object)))
    assert np.isnan(out[:, 0]).all()


def test_an_array_is_matched_by_position_and_never_against_names(frame):
    columns = Columns.learn(np.array([[1.0, 2.0]]))
    assert columns.names == ("x0", "x1")
    np.testing.assert_array_equal(columns.matrix(np.array([[3, 4]])), [[3, 4]])
    with pytest.raises(UsageError, match="expecting 2 features"):
        columns.matrix(np.ones((1, 3)))
    with pytest.raises(UsageError, match="matched by name"):
        Columns.learn(frame).matrix(np.ones((1, 3)))


@pytest.mark.parametrize("bad", [np.ones(3), pd.DataFrame(), pd.DataFrame({"a": []}), np.ones((0, 2))])
def test_no_table_no_matrix(bad):
    with pytest.raises(UsageError):
        Columns.learn(bad)


def test_a_name_used_twice_is_refused():
    with pytest.raises(UsageError, match="twice: a"):
        Columns.learn(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_missing_labels_are_counted():
    with pytest.raises(UsageError, match="2 NaN of 4"):
        check_labels([1, 0, np.nan, np.nan], 4, min_events=1)


@pytest.mark.parametrize("bad", [[0, 1, 2], ["a", "b", "a"], [0.5, 1, 0]])
def test_labels_are_0_or_1(bad):
    with pytest.raises(UsageError, match="0 or 1"):
        check_labels(bad, 3, min_events=1)


@pytest.mark.parametrize("good", [[1, 0], [1.0, 0.0], [True, False], pd.Series([1, 0], dtype="Int8")])
def test_labels_of_any_numeric_kind(good):
    assert check_labels(good, 2, min_events=1).tolist() == [1.0, 0.0]


def test_one_class_or_too_few_events_is_cls28():
    with pytest.raises(ContractError, match=r"CLS28.*0 zeros and 3 ones"):
        check_labels([1, 1, 1], 3, min_events=1)
    labels = np.r_[np.ones(100), np.zeros(49)]
    with pytest.raises(ContractError, match=r"CLS28.*at least 50"):
        check_labels(labels, 149, min_events=50)
    assert len(check_labels(labels, 149, min_events=49)) == 149


def test_one_label_per_row():
    with pytest.raises(UsageError, match="2 labels, 3 rows"):
        check_labels([0, 1], 3, min_events=1)
