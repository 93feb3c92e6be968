"""What a smoke run leaves out, in one line."""

from jaxnorm.experiments.command_line import to_dict


def describe_cut(config: object, shortened: object) -> str:
    """``quick run: seeds 4 instead of 32, epochs 2 instead of 10``: every setting that the smoke run changes."""
    given, kept = to_dict(config), to_dict(shortened)
    cut = [
        f"{name.replace('_', ' ')} {_listed(kept[name])} instead of {_listed(given[name])}" for name in given if kept[name] != given[name]
    ]
    return f"quick run: {', '.join(cut) or 'nothing is cut'}"


def _listed(value: object) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in values)
