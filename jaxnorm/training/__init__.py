"""Training: pure functions of one replica, and one line outside that makes many of them.

It is handed a module, an optimizer and arrays, and knows nothing of norms, data sets or verdicts.
"""

from jaxnorm.training.decay import decay_mask
from jaxnorm.training.loop import Probe, Train, make_train, no_probe
from jaxnorm.training.optimizers import OPTIMIZERS
from jaxnorm.training.order import Order, fixed, shuffled, sorted_by_class
from jaxnorm.training.probes import make_probe
from jaxnorm.training.replicas import History, Programs, compile_programs, make_mesh, run_replicas
from jaxnorm.training.state import Data, Replica, Split, TrainState

__all__ = [
    "OPTIMIZERS",
    "Data",
    "History",
    "Order",
    "Probe",
    "Programs",
    "Replica",
    "Split",
    "Train",
    "TrainState",
    "compile_programs",
    "decay_mask",
    "fixed",
    "make_mesh",
    "make_probe",
    "make_train",
    "no_probe",
    "run_replicas",
    "shuffled",
    "sorted_by_class",
]
