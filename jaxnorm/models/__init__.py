"""The networks. Each is handed its norm as a field and never asks which one it has.

``MODELS`` maps a name to a module class; every class takes ``num_classes``, ``norm``, ``activation``, ``dot_general`` and its own sizes,
and is called ``model(x, train=..., lengths=None) -> logits``.
"""

from jaxnorm.models.add_norm import PLACEMENTS, AddNorm
from jaxnorm.models.cnn import CNN
from jaxnorm.models.mlp import MLP
from jaxnorm.models.observe import observe
from jaxnorm.models.products import ACTIVATIONS, matrix_product
from jaxnorm.models.rnn import GRU, LSTM
from jaxnorm.models.transformer import Transformer

MODELS = {"mlp": MLP, "cnn": CNN, "lstm": LSTM, "gru": GRU, "transformer": Transformer}

__all__ = ["ACTIVATIONS", "CNN", "GRU", "LSTM", "MLP", "MODELS", "PLACEMENTS", "AddNorm", "Transformer", "matrix_product", "observe"]
