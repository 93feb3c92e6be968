"""What do norms and residual connections do to training and accuracy as a network grows deeper?

Command:  python -m jaxnorm.experiments.depth [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 4 norms x 4 placements x 3 depths x 16 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "depth")

if __name__ == "__main__":
    sys.exit(main())
