"""Training: pure functions of one replica, and one line outside that makes many of them.

It is handed a module, an optimizer and arrays, and knows nothing of norms, data sets or verdicts.
"""

from jaxnorm.training.decay import decay_mask
from jaxnorm.training.landscape import make_landscape_probe
from jaxnorm.training.loop import Probe, Train, make_train, no_probe
from jaxnorm.training.optimizers import OPTIMIZERS
from jaxnorm.training.order import Order, fixed, shuffled, sorted_by_class
from jaxnorm.training.probes import make_probe
from jaxnorm.training.replicas import Group, History, Programs, compile_programs, gather, make_mesh, run_groups, run_replicas
from jaxnorm.training.shift import ParameterGroup, make_gradient_probe, make_input_probe
from jaxnorm.training.state import Data, Replica, Split, TrainState
from jaxnorm.training.step import MakeOptimizer

__all__ = [
    "OPTIMIZERS",
    "Data",
    "Group",
    "History",
    "MakeOptimizer",
    "Order",
    "ParameterGroup",
    "Probe",
    "Programs",
    "Replica",
    "Split",
    "Train",
    "TrainState",
    "compile_programs",
    "decay_mask",
    "fixed",
    "gather",
    "make_gradient_probe",
    "make_input_probe",
    "make_landscape_probe",
    "make_mesh",
    "make_probe",
    "make_train",
    "no_probe",
    "run_groups",
    "run_replicas",
    "shuffled",
    "sorted_by_class",
]
