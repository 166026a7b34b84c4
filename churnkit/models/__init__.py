"""What will happen: renewal and churn models, their metrics, baselines and reasons.

OpenMP threads that spin while they wait make LightGBM up to thirty times slower on a busy machine, and the
setting is read once, when the OpenMP library is loaded. So it is made here, before any module of ours imports it.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
