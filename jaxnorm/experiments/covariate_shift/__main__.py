"""Does BatchNorm reduce internal covariate shift, and keep nonlinearities out of saturation?

Command:  python -m jaxnorm.experiments.covariate_shift [PROTOCOL.toml] [--flag value ...]
Time:     about a minute for the default (digits, 3 norms x 3 nonlinearities x 16 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import functools
import sys

from jaxnorm.experiments.launch import launch

main = functools.partial(launch, "covariate_shift")

if __name__ == "__main__":
    sys.exit(main())
