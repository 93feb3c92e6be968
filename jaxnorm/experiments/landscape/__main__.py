"""Does BatchNorm smooth the loss landscape?

Command:  python -m jaxnorm.experiments.landscape [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 4 norms x 16 seeds x 30 epochs) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "landscape")

if __name__ == "__main__":
    sys.exit(main())
