"""Which norm suits which architecture, when each pair has its best learning rate, and when all share one?

Command:  python -m jaxnorm.experiments.architectures [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 3 norms x 4 architectures x 6 learning rates x 24 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "architectures")

if __name__ == "__main__":
    sys.exit(main())
