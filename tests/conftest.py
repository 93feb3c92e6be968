"""A stricter world than users have: no silent rank promotion, warnings are errors (pyproject), two CPU devices.

It is also a quicker one: programs are compiled without most of XLA's optimizations, in half the time. Tests that judge what users run
compile it by ``helpers.jit_as_for_users``.
"""

import gc
import os

from compiling import as_flags

from jaxnorm.xla import QUICK

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {as_flags(QUICK)}"

import jax

from jaxnorm.report import style

jax.config.update("jax_numpy_rank_promotion", "raise")
gc.set_threshold(100_000, 50, 50)  # tracing makes many small objects; looking for garbage among them takes a tenth of the time
style.RC["savefig.dpi"] = 40  # nobody looks at these
