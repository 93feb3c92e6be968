"""What tests ask of XLA: quick programs, and what users get where that is judged. Imported before jax, which it must not load."""

from jaxnorm.xla import QUICK, Options

DEFAULTS: Options = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_parallel_codegen_split_count": 32,
    "xla_cpu_use_fusion_emitters": True,
}
USERS = {name: DEFAULTS[name] for name in QUICK}
"""XLA's own defaults."""


def as_flags(options: Options) -> str:
    """Options as ``XLA_FLAGS`` has them."""
    return " ".join(f"--{name}={str(value).lower()}" for name, value in options.items())
