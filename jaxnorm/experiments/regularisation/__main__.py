"""Does BatchNorm regularise: is its validation loss lower at equal training loss, and does that come from its batches?

Command:  python -m jaxnorm.experiments.regularisation [PROTOCOL.toml] [--flag value ...]
Time:     about a minute for the default (512 digits, 4 kinds of norms x 2 orders x 32 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "regularisation")

if __name__ == "__main__":
    sys.exit(main())
