"""What counts as a difference, and as converged."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """How a difference becomes a finding. Fixed before the run, stored with it."""

    accuracy_margin: float = 0.005
    """Differences of accuracy below this fraction are negligible (0.005 is half a percentage point)."""

    loss_margin: float = 0.05
    """Differences of loss (or of a curve's noise) below this fraction of the compared arms' mean are negligible."""

    convergence_loss: float = 0.2
    """Training loss, in nats, at which a network counts as converged."""
