"""What do padding and lengths that vary do to networks with different norms?

Command:  python -m jaxnorm.experiments.sequences [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (generated sequences, 5 kinds of norms x 2 models x 5 kinds of padding x 16 seeds) on 2 cores
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "sequences")

if __name__ == "__main__":
    sys.exit(main())
