"""What do small batches, ghost batches and batches of one class do to different norms, each at its best learning rate?

Command:  python -m jaxnorm.experiments.batch_size [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 4 norms x 8 batch sizes and 10 arms more, each at 7 learning rates x 24 seeds) on 2 cores
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import BatchSizeConfig
from jaxnorm.experiments.checks import check_at_most, check_distinct, check_positive, check_tuning
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch

SIZES = ("batch_sizes", "ghost_sizes", "ghost_batch_size", "sorted_batch_size", "reference_batch_size", "max_examples", "width")


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("batch_size", BatchSizeConfig, arguments, check)


def check(config: BatchSizeConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, *SIZES)
    check_distinct(config, "batch_sizes", "ghost_sizes")
    check_tuning(config)
    check_ghosts(config)
    for name in ("batch_sizes", "ghost_batch_size"):
        check_at_most(config, name, "max_examples")
    for norm in config.norms:
        if not config.sizes_of(norm):
            raise UsageError(f"--batch-sizes 1 leaves --norms {norm} without an arm: it takes means over several examples; add 2 or more.")
    if config.sorted_batch_size == 1 or config.sorted_batch_size not in config.batch_sizes:
        sizes = " ".join(str(size) for size in config.batch_sizes)
        raise UsageError(
            f"--sorted-batch-size {config.sorted_batch_size} is compared with shuffled batches as large, of 2 examples or more; "
            f"give one of --batch-sizes {sizes}, or add it there."
        )


def check_ghosts(config: BatchSizeConfig) -> None:
    """Check that ghost batches can be cut. Raises ``UsageError``."""
    if "ghost" in config.norms:
        raise UsageError("--norms ghost is not possible here; it is compared at several --ghost-sizes anyway: leave it out.")
    for size in config.ghost_sizes:
        if size == 1 or config.ghost_batch_size % size:
            raise UsageError(
                f"--ghost-sizes {size} is not possible; give divisors of --ghost-batch-size {config.ghost_batch_size} above 1."
            )


if __name__ == "__main__":
    sys.exit(main())
