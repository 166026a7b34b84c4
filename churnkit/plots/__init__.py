"""A result table in, a matplotlib figure out."""

from matplotlib.figure import Figure as Figure

from churnkit.plots.effect import checks as checks
from churnkit.plots.effect import effect_curve as effect_curve
from churnkit.plots.effect import estimates as estimates
from churnkit.plots.effect import index_by_quarter as index_by_quarter
from churnkit.plots.models import beeswarm as beeswarm
from churnkit.plots.models import by_segment as by_segment
from churnkit.plots.models import dependence as dependence
from churnkit.plots.models import gains as gains
from churnkit.plots.models import importance as importance
from churnkit.plots.models import interactions as interactions
from churnkit.plots.models import lift as lift
from churnkit.plots.models import precision_recall as precision_recall
from churnkit.plots.models import reliability as reliability
from churnkit.plots.models import shares as shares
from churnkit.plots.scenario import comparison as comparison
from churnkit.plots.scenario import lever_curve as lever_curve
from churnkit.plots.scenario import waterfall as waterfall
from churnkit.plots.value import lifetime_gains as lifetime_gains
from churnkit.plots.value import survival as survival
from churnkit.plots.value import tornado as tornado
from churnkit.plots.value import value_at_risk as value_at_risk
