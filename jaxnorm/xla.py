"""What the compiler is asked for. Without jax, so that it can be told before jax is loaded."""

from importlib import metadata

Options = dict[str, bool | int | str]

FAST: Options = {"xla_cpu_prefer_vector_width": "512"}
"""Of programs that run long on a CPU. XLA prefers vectors of 256 bits even where the processor has 512: full width makes an Adam update at
batch size 16 a fifth faster."""
QUICK: Options = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""Of programs that hardly run, in smoke runs and tests: compiled on a CPU in a third of the time, without most optimizations."""

if tuple(map(int, metadata.version("jaxlib").split(".")[:2])) < (0, 11):  # later ones have no such choice, and abort when asked
    QUICK["xla_cpu_use_fusion_emitters"] = False
