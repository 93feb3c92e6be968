"""How large may the learning rate be, and how far off the initial weights, with each norm and at each depth?

Command:  python -m jaxnorm.experiments.sensitivity [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 3 norms x 3 depths x 13 learning rates x 5 initial scales x 16 seeds: more than 10,000
          networks) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "sensitivity")

if __name__ == "__main__":
    sys.exit(main())
