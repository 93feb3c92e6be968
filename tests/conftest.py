"""A stricter world than users have: no silent rank promotion, warnings are errors (pyproject), two CPU devices."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
os.environ.setdefault("MPLBACKEND", "agg")

import jax

jax.config.update("jax_numpy_rank_promotion", "raise")
