"""Normalization layers, drop-in for ``flax.linen``, and the table by which experiments build them.

A new norm is one file and one line in ``NORMS``:

>>> sorted(NORMS)
['batch', 'group', 'instance', 'layer', 'none', 'rms']
>>> type(NORMS["rms"](train=True, epsilon=1e-5)).__name__
'RMSNorm'
"""

from jaxnorm.norms.batch import BatchNorm, momentum_for_batch_size
from jaxnorm.norms.group import GroupNorm, InstanceNorm
from jaxnorm.norms.identity import NoNorm
from jaxnorm.norms.layer import LayerNorm, RMSNorm
from jaxnorm.norms.table import Norm

NORMS: dict[str, Norm] = {
    "batch": Norm(BatchNorm, "BatchNorm", removes_bias=True, couples_examples=True),
    "layer": Norm(LayerNorm, "LayerNorm"),
    "rms": Norm(RMSNorm, "RMSNorm"),
    "group": Norm(GroupNorm, "GroupNorm"),
    "instance": Norm(InstanceNorm, "InstanceNorm", removes_bias=True),
    "none": Norm(NoNorm, "no norm"),
}
"""Every norm by the name that protocols and the command line use."""

__all__ = [
    "NORMS",
    "BatchNorm",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "NoNorm",
    "Norm",
    "RMSNorm",
    "momentum_for_batch_size",
]
