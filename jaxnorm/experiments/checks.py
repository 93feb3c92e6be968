"""Settings that cannot be meant, found before anything is compiled: one sentence each."""

import ast
import math
import re
from collections.abc import Collection, Sequence
from typing import Any

from jaxnorm.config import Output, Training, TunedStudy
from jaxnorm.experiments.command_line import UsageError, nearest, shortened
from jaxnorm.stats.rule import DecisionRule

LARGEST_SEED = 2**32 - 1
SMALLEST, LARGEST = 1e-30, 1e30
"""Bounds of what stays finite and positive in float32 arithmetic."""
OWN_NORM = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)(?P<options>\(.*\))?", re.DOTALL)


def flag(name: str) -> str:
    """The command-line spelling of a field: ``--learning-rate``."""
    return "--" + name.replace("_", "-")


def check_values(config: Training) -> None:
    """Check what needs no data and no jax. Raises ``UsageError``."""
    check_positive(config, "seeds", "epochs", "norm_momentum_batch_size")
    for name in ("learning_rate", "init_scale", "epsilon"):
        value = getattr(config, name)
        require(SMALLEST <= value <= LARGEST, name, value, f"give a positive number, from {SMALLEST:g} to {LARGEST:g}")
    for name in ("sgd_momentum", "norm_momentum"):
        require(0 <= getattr(config, name) < 1, name, getattr(config, name), "give a number from 0 to below 1")
    require(0 <= config.weight_decay <= LARGEST, "weight_decay", config.weight_decay, "give 0 or a positive number")
    require(0 <= config.first_seed <= LARGEST_SEED, "first_seed", config.first_seed, f"seeds run from 0 to {LARGEST_SEED}")
    most = LARGEST_SEED + 1 - config.first_seed
    require(config.seeds <= most, "seeds", config.seeds, f"from seed {config.first_seed} on there are {most}")
    without_effect = config.sgd_momentum != 0 and config.optimizer != "sgd"
    require(not without_effect, "sgd_momentum", config.sgd_momentum, "it has an effect with --optimizer sgd only; leave it out")
    check_distinct(config, "norms")
    contradictory = isinstance(config, Output) and config.quiet and config.verbose
    require(not contradictory, "quiet", "--verbose", "they exclude each other; leave one of them out")


def check_rule(rule: DecisionRule) -> None:
    """Check the margins. Raises ``UsageError``."""
    require(0 <= rule.accuracy_margin < 1, "accuracy_margin", rule.accuracy_margin, "give a fraction from 0 to below 1")
    require(0 <= rule.loss_margin < 1, "loss_margin", rule.loss_margin, "give a fraction from 0 to below 1")
    loss = rule.convergence_loss
    require(math.isfinite(loss) and loss > 0, "convergence_loss", loss, "give a positive number of nats")


def check_positive(config: object, *names: str) -> None:
    """Check that whole numbers, or all in a list of them, are at least 1. Raises ``UsageError``."""
    for name in names:
        value = getattr(config, name)
        for number in value if isinstance(value, tuple) else (value,):
            require(number >= 1, name, number, "give a whole number of at least 1")


def check_at_most(config: object, name: str, limit: str) -> None:
    """Check that a number, or all in a list of them, are at most what another field says. Raises ``UsageError``."""
    value, most = getattr(config, name), getattr(config, limit)
    for number in value if isinstance(value, tuple) else (value,):
        require(number <= most, name, number, f"give at most {flag(limit)} {most}, or raise that")


def is_own(norm: str) -> bool:
    """Whether the name is that of a norm outside the table: ``package.module:Class``."""
    return ":" in norm


def check_norms(norms: Sequence[str], known: Collection[str], *, flag: str = "--norms") -> None:
    """Check that every norm stands in the table, or is named as a custom one. Raises ``UsageError`` with what to write instead."""
    for norm in norms:
        if is_own(norm):
            parse_own(norm)
        elif norm not in known:
            own = " A custom norm is written package.module:Class." if "." in norm else ""
            raise UsageError(f"{flag} {norm} is not a norm; {nearest(norm, list(known))}{own}")
    _require_distinct_names([norm for norm in norms if is_own(norm)])


def _require_distinct_names(own: Sequence[str]) -> None:
    """Reports call custom norms by the names of their classes, and their options."""
    by_name: dict[str, str] = {}
    for norm in own:
        name = norm.rpartition(":")[2]
        if by_name.setdefault(name, norm) != norm:
            raise UsageError(f"--norms {by_name[name]} and {norm} would both be called {name} in reports; rename one of the classes.")


def parse_own(norm: str) -> tuple[str, str, dict[str, Any]]:
    """Module, class and options of ``package.module:Class(option=value)``. Raises ``UsageError`` on another form."""
    match = OWN_NORM.fullmatch(norm)
    if match is None or match["module"].endswith(".py"):
        module, _, attribute = norm.partition(":")
        meant = module.removesuffix(".py").strip("./").replace("/", ".")
        raise UsageError(
            f"--norms {norm} is not of the form package.module:Class; did you mean {meant or 'module'}:{attribute or 'Class'}?"
        )
    return match["module"], match["name"], _literal_options(norm, match["options"] or "()")


def _literal_options(norm: str, text: str) -> dict[str, Any]:
    """The options between the brackets: literals that can be hashed, and written in a title."""
    try:
        call = ast.parse(f"_{text}", mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or call.args or ":" in text:
            raise ValueError(text)
        options = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
        if len(options) < len(call.keywords):
            raise ValueError(text)
        hash(tuple(options.values()))
        return options
    except (SyntaxError, ValueError, TypeError, RecursionError) as error:
        allowed = "numbers, texts without a colon, True, False, None or tuples of these"
        raise UsageError(f"--norms {norm} has options that are not understood; write Class(name=value, ...) with {allowed}.") from error


def batch_flag(config: Training) -> str:
    """The flag of the batch size: some instruments have several sizes, some have one."""
    return flag("batch_sizes" if hasattr(config, "batch_sizes") else "batch_size")


def check_batch_size(config: Training, size: int, num_examples: int, dataset: str) -> None:
    """Check that a batch fits into the training set. Raises ``UsageError``."""
    if size > num_examples:
        allowed = f"is larger than the training set: {dataset} has {num_examples} training examples; give at most that"
        raise UsageError(f"{batch_flag(config)} {size} {allowed}.")


def require(condition: bool, name: str, value: object, remedy: str) -> None:
    """Raise ``UsageError`` that names a setting, unless ``condition``."""
    if not condition:
        raise UsageError(f"{flag(name)} {shortened(str(value))} is not possible; {remedy}.")


def check_hidden(sizes: Sequence[int]) -> None:
    """Check that a network has hidden layers. Raises ``UsageError``."""
    if not sizes:
        raise UsageError("--hidden-sizes is empty, and only hidden layers have norms; give at least one size.")


def check_distinct(config: object, *names: str) -> None:
    """Check that lists name something, and nothing twice. Raises ``UsageError``."""
    for name in names:
        _require_distinct(name, getattr(config, name))


def _require_distinct(name: str, values: Sequence[object]) -> None:
    if not values:
        raise UsageError(f"{flag(name)} is empty; name at least one.")
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{flag(name)} names {value} twice; name each once.")


def check_tuning(config: TunedStudy) -> None:
    """Check the learning rates, that the shared one is among them, and the tuning seeds. Raises ``UsageError``."""
    check_positive(config, "tuning_seeds")
    check_grid(config, "learning_rates", "learning_rate")
    if config.tuning_seed_numbers[-1] > LARGEST_SEED:
        raise UsageError(f"--tuning-seeds {config.tuning_seeds} would go beyond the last seed, {LARGEST_SEED}; give fewer, or lower seeds.")


def check_grid(config: object, grid: str, shared: str) -> None:
    """Check that a grid holds positive numbers, each once, and one value that the run needs. Raises ``UsageError``."""
    check_distinct(config, grid)
    values, needed = getattr(config, grid), getattr(config, shared)
    for value in values:
        require(SMALLEST <= value <= LARGEST, grid, f"{value:g}", f"give positive numbers up to {LARGEST:g}")
    if needed not in values:
        given = " ".join(f"{value:g}" for value in values)
        raise UsageError(f"{flag(shared)} {needed:g} is not among {flag(grid)} {given}; give one of these, or add it.")
