"""The console script: ``jaxnorm INSTRUMENT [flags]`` runs ``python -m jaxnorm.experiments.INSTRUMENT [flags]``."""

import difflib
import importlib
import sys

INSTRUMENTS = {
    "compare": "BatchNorm, LayerNorm and others in an MLP, at several batch sizes: the main job",
    "depth": "gradients and accuracy as networks grow deeper, with and without residual connections",
    "architectures": "which norm suits which architecture, each pair at its best learning rate and at a shared one",
    "sensitivity": "learning rates and initial scales at which networks learn, with each norm and at each depth",
    "sequences": "accuracy against padding and length spread, with norms that are told of padding and norms that are not",
    "landscape": "how smooth the loss is along the gradient, at equal epochs and at equal training loss",
    "covariate_shift": "whether inputs and gradients of layers shift less, and units saturate less, with a norm",
    "regularisation": "norms at equal training loss on few examples, with and without the noise of batches",
    "batch_size": "small batches, ghost batches and batches of one class, at a fixed, a scaled and the best learning rate",
    "throughput": "networks trained per second, against a plain Flax loop and PyTorch",
    "layers": "rounding errors and costs of single layers, beside flax.linen and PyTorch",
    "coverage": "whether intervals cover, what reports claim where nothing differs, and what so many seeds find",
    "report": "a finished run drawn anew, or several side by side, without training",
    "claims": "every claim with its latest verdict, or the command that would decide it",
    "notebook": "fills the documents with the committed results",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the named instrument; returns its exit status, 2 for a name that is none."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: jaxnorm INSTRUMENT [flags]      (jaxnorm INSTRUMENT --help explains the flags)\n")
        print("\n".join(f"  {name:17s}{purpose}" for name, purpose in INSTRUMENTS.items()))
        return 0
    name, *rest = arguments
    if name not in INSTRUMENTS:
        nearest = difflib.get_close_matches(name, INSTRUMENTS, n=1, cutoff=0)[0]
        print(f"error: {name!r} is no instrument; did you mean {nearest!r}? There are: {', '.join(INSTRUMENTS)}.", file=sys.stderr)
        return 2
    return importlib.import_module(f"jaxnorm.experiments.{name}").main(rest)


if __name__ == "__main__":
    sys.exit(main())
