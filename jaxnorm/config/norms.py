"""What settings know of norms without importing any: their names, and which take statistics over a batch."""

COUPLES = {
    "batch": True,
    "ghost": True,
    "renorm": True,
    "noisy": True,
    "layer": False,
    "layer_all": False,
    "rms": False,
    "scale": False,
    "group": False,
    "instance": False,
    "dyt": False,
    "none": False,
}
"""The norms of the table, and whether each pools statistics over the examples of a batch, and over their padding unless it is masked."""
_custom: dict[str, bool] = {}


def remember_norm(name: str, *, couples: bool) -> None:
    """Say of a custom norm, once it was imported, whether it couples examples; settings that name it then have the arms it can have."""
    _custom[name] = couples


def couples_examples(norm: str) -> bool:
    """Whether the norm couples the examples of a batch in training; of a custom norm that was not imported yet it is not known: False."""
    return COUPLES.get(norm, _custom.get(norm, False))
