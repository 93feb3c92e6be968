"""Residual connection and norm around any sublayer, in the orders that Transformers know."""

from collections.abc import Callable

import flax.linen as nn
from jaxtyping import Array, Bool, Float

from jaxnorm.norms import Norm
from jaxnorm.norms.calling import call_norm

PLACEMENTS = ("post", "pre", "sandwich", "none")


class AddNorm(nn.Module):
    """Residual connection and norm around a sublayer F.

    ============  =========================  =====================  =================================================
    placement     with residual              without                reference
    ============  =========================  =====================  =================================================
    ``post``      ``norm(x + F(x))``         ``norm(F(x))``         Vaswani et al. 2017, arXiv:1706.03762, section 3.1
    ``pre``       ``x + F(norm(x))``         ``F(norm(x))``         Xiong et al. 2020, arXiv:2002.04745, table 1
    ``sandwich``  ``x + norm(F(norm(x)))``   ``norm(F(norm(x)))``   Ding et al. 2021, arXiv:2105.13290, section 2.4
    ``none``      ``x + F(x)``               ``F(x)``
    ============  =========================  =====================  =================================================

    By the residual the gradient reaches x beside the sublayer: for ``y = x + F(x)``, ``dL/dx = dL/dy (1 + dF/dx)``. With ``post`` the
    norm's own derivative stands between blocks; with ``pre`` and ``sandwich`` nothing does, x grows from block to block, and a network of
    such blocks needs one more norm before its output.

    The norm before F is called ``norm_in`` and the norm after it ``norm_out``.

    Attributes:
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      placement: one of ``PLACEMENTS``.
      residual: whether x is added.

    >>> import jax, jax.numpy as jnp
    >>> from jaxnorm.norms import NORMS
    >>> block, x = AddNorm(NORMS["layer"], "sandwich"), jnp.ones((2, 3))
    >>> jax.tree.map(jnp.shape, block.init(jax.random.key(0), x, jnp.sin, train=True))
    {'params': {'norm_in': {'bias': (3,), 'scale': (3,)}, 'norm_out': {'bias': (3,), 'scale': (3,)}}}
    """

    norm: Norm
    placement: str = "post"
    residual: bool = True

    def __post_init__(self) -> None:
        """Raise ``ValueError`` on an unknown placement."""
        if self.placement not in PLACEMENTS:
            raise ValueError(f"placement {self.placement!r} is none of {', '.join(PLACEMENTS)}")
        super().__post_init__()

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "B ... D"],
        sublayer: Callable[[Array], Array],
        *,
        train: bool,
        mask: Bool[Array, "B ... D"] | None = None,
    ) -> Float[Array, "B ... D"]:
        """The block's output, of the shape of ``x``.

        Args:
          x: the block's input.
          sublayer: F, which keeps the shape. Its modules must have been made by the caller: those made inside would become parts of this.
          train: whether norms use the statistics of the batch.
          mask: handed to the norms; broadcasts to x, and is true where an element counts.
        """
        before, after = self.placement in ("pre", "sandwich"), self.placement in ("post", "sandwich")
        y = sublayer(call_norm(self.norm(train=train, name="norm_in"), x, mask) if before else x)
        if self.residual and self.placement == "post":
            y = x + y
        if after:
            y = call_norm(self.norm(train=train, name="norm_out"), y, mask)
        return x + y if self.residual and self.placement != "post" else y
