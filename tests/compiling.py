"""What tests ask of XLA: quick programs, and what users get where that is judged. Imported before jax, which it must not load."""

from importlib import metadata

QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_parallel_codegen_split_count": 1,
}
USERS = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_parallel_codegen_split_count": 32,
}
"""XLA's own defaults."""

if tuple(map(int, metadata.version("jaxlib").split(".")[:2])) < (0, 11):  # later ones have no such choice, and abort when asked
    QUICK["xla_cpu_use_fusion_emitters"] = False
    USERS["xla_cpu_use_fusion_emitters"] = True


def as_flags(options: dict[str, int]) -> str:
    """Options as ``XLA_FLAGS`` has them."""
    return " ".join(f"--{name}={str(value).lower()}" for name, value in options.items())
