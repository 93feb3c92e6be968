"""Array aliases and the table of axis letters that every shape comment and signature uses.

======  ==========================================  ======  =====================================
letter  axis                                        letter  axis
======  ==========================================  ======  =====================================
``S``   seed (replica)                              ``T``   time (position in a sequence)
``E``   epoch                                       ``D``   features
``I``   iteration (update) within an epoch          ``A``   attention heads
``B``   batch                                       ``K``   classes
``N``   data set                                    ``G``   groups of channels
``H``   image height, ``W`` width, ``C`` channels   ``L``   layers
======  ==========================================  ======  =====================================

Results stacked over seeds lead with S, then E, I, B, and carry the letters as a suffix: ``accuracy_SE``.
"""

import numpy as np
from jaxtyping import Array, Float, Int, UInt8

Inputs = UInt8[Array | np.ndarray, "N ..."] | Int[Array | np.ndarray, "N T"]
Labels = Int[Array | np.ndarray, "N *T"]
Logits = Float[Array, "B *T K"]
Scalar = Float[Array | np.ndarray, ""]
