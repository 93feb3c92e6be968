"""What do small batches, ghost batches and batches of one class do to different norms, each at its best learning rate?

Command:  python -m jaxnorm.experiments.batch_size [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 4 norms x 8 batch sizes and 10 arms more, each at 7 learning rates x 24 seeds) on 2 cores
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "batch_size")

if __name__ == "__main__":
    sys.exit(main())
