"""Where claims come from: the documents, by key."""

CLASSIC, ONE_LAYER, AXES, BENEFITS, ADD_NORM, BEYOND = "classic", "one_layer", "axes", "benefits", "add_norm", "beyond"

SOURCES = {
    CLASSIC: "The classic comparison: an MLP with Adam, BatchNorm and LayerNorm, batch sizes 16 and 128",
    ONE_LAYER: "The one-hidden-layer comparison: SGD, BatchNorm, LayerNorm and no norm",
    AXES: "Feature and batch axis: what BatchNorm and LayerNorm normalize over, and what suits what",
    BENEFITS: "Why BatchNorm: what it does for a network without it",
    ADD_NORM: "BatchNorm, LayerNorm and AddNorm: residual connections and norms in Transformers",
    BEYOND: "Beyond these documents: claims of papers",
}
"""Key to title, in the order of the claims page."""
