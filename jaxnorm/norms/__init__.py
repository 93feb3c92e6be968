"""Normalization layers, drop-in for ``flax.linen``, and the table by which experiments build them.

A new norm is one file and one line in ``NORMS``:

>>> sorted(NORMS)
['batch', 'dyt', 'ghost', 'group', 'instance', 'layer', 'layer_all', 'noisy', 'none', 'renorm', 'rms', 'scale']
>>> type(NORMS["rms"](train=True, epsilon=1e-5)).__name__
'RMSNorm'
"""

from jaxnorm.norms.batch import BatchNorm, momentum_for_batch_size
from jaxnorm.norms.dyt import DyT
from jaxnorm.norms.folding import fold_batch_norm
from jaxnorm.norms.ghost import GhostBatchNorm
from jaxnorm.norms.group import GroupNorm, InstanceNorm
from jaxnorm.norms.identity import NoNorm
from jaxnorm.norms.layer import LayerNorm, RMSNorm
from jaxnorm.norms.noisy import NoisyBatchNorm
from jaxnorm.norms.population import reestimate_statistics
from jaxnorm.norms.renorm import BatchRenorm, Ramp, renorm_schedule
from jaxnorm.norms.scale_norm import ScaleNorm
from jaxnorm.norms.table import Norm
from jaxnorm.norms.weight import WeightStandardization, standardize_kernel

NORMS: dict[str, Norm] = {
    "batch": Norm(BatchNorm, removes_bias=True, couples_examples=True),
    "ghost": Norm(GhostBatchNorm, removes_bias=True, couples_examples=True),
    "renorm": Norm(BatchRenorm, removes_bias=True, couples_examples=True),
    "noisy": Norm(NoisyBatchNorm, removes_bias=True, couples_examples=True),
    "layer": Norm(LayerNorm),
    "layer_all": Norm(GroupNorm, options={"num_groups": 1}),
    "rms": Norm(RMSNorm),
    "scale": Norm(ScaleNorm),
    "group": Norm(GroupNorm, options={"fewer_groups": True}),
    "instance": Norm(InstanceNorm, removes_bias=True),
    "dyt": Norm(DyT),
    "none": Norm(NoNorm),
}
"""Every norm by the name that protocols and the command line use.

"layer" has its statistics over the last axis, as in Linen and in Transformers; "layer_all" over all axes but the batch's, as in Wu & He's
figure of it for images, which is GroupNorm with one group. On ``(B, D)`` they are the same layer. "group" has 32 groups as in Linen, or
as many below 32 as divide the channels.
"""

__all__ = [
    "NORMS",
    "BatchNorm",
    "BatchRenorm",
    "DyT",
    "GhostBatchNorm",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "NoNorm",
    "NoisyBatchNorm",
    "Norm",
    "RMSNorm",
    "Ramp",
    "ScaleNorm",
    "WeightStandardization",
    "fold_batch_norm",
    "momentum_for_batch_size",
    "reestimate_statistics",
    "renorm_schedule",
    "standardize_kernel",
]
