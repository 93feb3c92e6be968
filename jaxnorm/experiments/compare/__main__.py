"""Does the choice of norm change how a network trains, and does the batch size matter to it?

Command:  python -m jaxnorm.experiments.compare [PROTOCOL.toml] [--flag value ...]
Time:     seconds for the default (digits, 2 norms x 2 batch sizes x 32 seeds); minutes for MNIST; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "compare")

if __name__ == "__main__":
    sys.exit(main())
