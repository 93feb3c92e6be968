"""The networks. Each is handed its norm as a field and never asks which one it has.

``MODELS`` maps a name to a module class; every class takes ``num_classes``, ``norm``, ``activation`` and its own sizes.
"""

from jaxnorm.models.mlp import ACTIVATIONS, MLP, matrix_product

MODELS = {"mlp": MLP}

__all__ = ["ACTIVATIONS", "MLP", "MODELS", "matrix_product"]
