"""Instruments that train at several learning rates and choose the best of them on networks that they do not report."""

import dataclasses

from jaxnorm.config.training import Study


@dataclasses.dataclass(frozen=True, kw_only=True)
class TunedStudy(Study):
    """What such an instrument is told."""

    learning_rates: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    """Step sizes to train at; the best is chosen among them."""

    tuning_seeds: int = 8
    """Number of further networks, per arm and learning rate, on which the best rate is chosen; their seeds follow the reported ones."""

    @property
    def tuning_seed_numbers(self) -> range:
        """The seeds that the best rates are chosen on."""
        return range(self.seed_numbers.stop, self.seed_numbers.stop + self.tuning_seeds)
