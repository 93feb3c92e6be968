"""Training: pure functions of one replica, and one line outside that makes many of them.

It is handed a module, an optimizer and arrays, and knows nothing of norms, data sets or verdicts.
"""

from jaxnorm.training.decay import decay_mask
from jaxnorm.training.loop import Train, make_train
from jaxnorm.training.optimizers import OPTIMIZERS
from jaxnorm.training.replicas import History, Programs, compile_programs, make_mesh, run_replicas
from jaxnorm.training.state import Data, Replica, Split, TrainState

__all__ = [
    "OPTIMIZERS",
    "Data",
    "History",
    "Programs",
    "Replica",
    "Split",
    "Train",
    "TrainState",
    "compile_programs",
    "decay_mask",
    "make_mesh",
    "make_train",
    "run_replicas",
]
