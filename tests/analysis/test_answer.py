"""The two sentences at the head of a report."""

import dataclasses

import numpy as np
import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.answer import answer
from jaxnorm.analysis.plans import simulated_plans
from jaxnorm.analysis.summary import Difference, Estimate
from jaxnorm.experiments.compare.study import CompareConfig

N = 16
MEASURES = ("train_loss", "test_accuracy")
NAMES = ("LayerNorm", "BatchNorm")


def _difference(
    mean: float,
    *,
    p: float = 0.001,
    beyond: float = 0.001,
    within: float = 1.0,
    sides: tuple[str, str] | None = NAMES,
    levels: tuple[float, float] | None = None,
    margin: float = 0.05,
    where: str = "",
    measure: str = "train_loss",
) -> Difference:
    """Shown to exceed the margin."""
    estimate = Estimate(mean, mean - 0.01, mean + 0.01, N)
    values = [mean] * N
    return Difference("a − b", {}, measure, estimate, p, p, margin, values, sides, levels, where, p_beyond=max(p, beyond), p_within=within)


def _small(mean: float, **settings) -> Difference:
    """Not zero, and shown to be smaller than the margin."""
    return _difference(mean, beyond=1.0, within=0.001, **settings)


def _both(**differences: Difference | list[Difference]) -> list[Difference]:
    """Subjects to differences, in both measures, the same numbers in each."""
    lists = {subject: each if isinstance(each, list) else [each] for subject, each in differences.items()}
    return [
        dataclasses.replace(each, measure=measure, subject=f"the {subject}")
        for measure in MEASURES
        for subject, listed in lists.items()
        for each in listed
    ]


def _first(differences: list[Difference]) -> str:
    """The first of two sentences."""
    first, second = answer(differences, MEASURES)
    assert first.startswith("The final training loss ")
    assert second.startswith("The test accuracy ")
    return first.removeprefix("The final training loss ")


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_answer_has_a_sentence_on_each_measure_however_much_is_varied(number):
    first, second = answer(_both(**{f"thing {index}": _difference(0.2) for index in range(number)}), MEASURES)
    assert first.startswith("The final training loss is higher (worse) with LayerNorm than with BatchNorm (by 0.200 nats [0.190, 0.210])")
    assert second.startswith("The test accuracy is higher (better) with LayerNorm than with BatchNorm (by 20.0 points [19.0, 21.0])")
    assert first.count("[") == second.count("[") == 1
    assert first.count("(0.20 nats higher with LayerNorm than with BatchNorm)") == number - 1
    assert second.count("(20 points higher with LayerNorm than with BatchNorm)") == number - 1
    assert first.count("also changes with") == second.count("also changes with") == (number > 1)
    assert second.endswith(f"; n = {N}.")


def test_answer_tells_shown_from_uncertain_from_negligible_from_open():
    size, edge = _difference(-0.2, where="c"), _difference(0.055, beyond=0.4)
    said = _first(_both(norm=_small(0.02), size=size, depth=edge, order=_difference(0.3, p=0.2)))
    changes, perhaps, hardly, undecided = said.split("; ")
    assert changes == "is lower (better) with LayerNorm than with BatchNorm for c (by 0.200 nats [0.190, 0.210])"
    assert perhaps == "it changes, perhaps by less than the margin, with the depth (0.055 nats higher with LayerNorm than with BatchNorm)"
    assert hardly == "it hardly changes with the norm"
    assert undecided == "it is open whether it changes with the order (0.30 nats observed)."


def test_answer_says_hardly_only_where_every_difference_is_shown_to_be_small():
    unclear = _difference(-0.06, p=0.2)
    assert "hardly" not in answer(_both(norm=[_small(0.02), unclear]), MEASURES)[0]
    assert _first(_both(norm=[_small(0.02, p=0.5), _small(0.01, p=0.5)])).startswith("hardly changes with the norm (largest: ")


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (_small(0.02), "The final training loss hardly changes with the norm (a − b, +0.020 nats [0.010, 0.030], margin 0.050 nats)."),
        (
            _difference(0.055, beyond=0.4),
            "The final training loss is higher (worse) with LayerNorm than with BatchNorm (by 0.055 nats [0.045, 0.065]; once "
            "corrected, not shown to exceed the margin of 0.050 nats).",
        ),
        (
            _difference(0.3, p=0.07),
            "It is open whether the final training loss changes with the norm (a − b, +0.300 nats [0.290, 0.310], adjusted p = 0.070).",
        ),
    ],
)
def test_answer_says_why_a_difference_does_not_count(difference, said):
    assert answer(_both(norm=difference), MEASURES)[0] == said


def test_answer_joins_what_is_open():
    said = answer(_both(norm=[_difference(0.3, p=0.07)] * 2, size=_difference(0.1, p=0.5)), MEASURES)[0]
    listed = "the norm (largest: a − b, +0.300 nats [0.290, 0.310], adjusted p = 0.070) or the size (0.10 nats observed)"
    assert said == f"It is open whether the final training loss changes with {listed}."


def test_answer_tells_every_place_and_what_both_sides_are_at():
    places = [
        _difference(0.3, where="c", levels=(0.8, 0.5)),
        _difference(0.2, where="d", levels=(0.7, 0.5)),
        _difference(-0.1, where="e", levels=(0.4, 0.5)),
        _small(0.01, p=0.5, where="f"),
        _difference(-0.4, p=0.2, where="g"),
    ]
    assert _first(_both(norm=places)) == (
        "is higher (worse) with LayerNorm than with BatchNorm for c (by 0.300 nats [0.290, 0.310]: 0.800 against 0.500) and for d (0.700 "
        "against 0.500), but lower (better) for e (by 0.100 nats [0.090, 0.110]: 0.400 against 0.500), about the same for f, undecided for "
        "g."
    )


def test_answer_tells_apart_what_is_set_against_what():
    other, third = ("RMSNorm", "BatchNorm"), ("no norm", "BatchNorm")
    several = [
        _small(0.01, sides=third, where="c"),
        _difference(-0.2, sides=other, where="c", levels=(0.3, 0.5)),
        _difference(0.3, where="c"),
        _difference(0.1, sides=third, p=0.3, where="d"),
    ]
    assert _first(_both(norm=several)) == (
        "is higher (worse) with LayerNorm than with BatchNorm for c (by 0.300 nats [0.290, 0.310]); it is lower (better) with RMSNorm than "
        "with BatchNorm for c (0.300 against 0.500); it is about the same with no norm as with BatchNorm for c, undecided for d."
    )


def test_a_difference_beyond_the_margin_goes_before_a_larger_one_that_is_not_shown_to_be():
    said = _first(_both(norm=[_difference(0.3, beyond=0.2, where="c"), _difference(0.2, where="d")] * 4))
    assert said.startswith("is higher (worse) with LayerNorm than with BatchNorm for d (by 0.200 nats [0.190, 0.210]), to name the largest")


def test_answer_leaves_out_a_measure_of_which_nothing_is_listed():
    (said,) = answer([dataclasses.replace(_difference(0.2), subject="the norm")], MEASURES)
    assert said.startswith("The final training loss ")


def test_answer_names_the_largest_each_way_of_many_comparisons():
    many = [_difference(0.1 + 0.01 * index, where=str(index)) for index in range(6)]
    up = "is higher (worse) with LayerNorm than with BatchNorm for 5 (by 0.150 nats [0.140, 0.160])"
    assert "to name" not in _first(_both(norm=many))
    assert _first(_both(norm=[*many, _small(0.01)])) == f"{up}, to name the largest of 7 comparisons (1 about the same)."
    down = "but lower (better) with RMSNorm than with BatchNorm for x (by 0.060 nats [0.050, 0.070])"
    either = [*many, _difference(-0.06, where="x", sides=("RMSNorm", "BatchNorm"))]
    assert _first(_both(norm=either)) == f"{up}, {down}, to name the largest each way of 7 comparisons."


def test_answer_says_in_brief_by_how_much_each_way():
    both = [_difference(0.3, where="c"), _difference(0.2, where="d")]
    up = "at most 0.30 nats higher with LayerNorm than with BatchNorm for c"
    assert f"the norm ({up})" in _first(_both(a=_difference(1.0), norm=both))
    either = [*both, _difference(-0.1, where="e")]
    assert f"the norm ({up}, but 0.10 nats lower for e)" in _first(_both(a=_difference(1.0), norm=either))
    edge = [*both, _difference(-0.1, beyond=0.3, where="e")]
    assert "but 0.10 nats lower for e, not shown to exceed the margin)" in _first(_both(a=_difference(1.0), norm=edge))
    named = _both(a=_difference(1.0), b=both)
    named = [dataclasses.replace(each, subject="LayerNorm in place of BatchNorm") if each.where else each for each in named]
    assert "it also changes with LayerNorm in place of BatchNorm (at most 0.30 nats higher for c)" in _first(named)
    unshown = [_difference(0.3, p=0.5)] * 2
    assert "it is open whether it changes with the norm (up to 0.30 nats observed)" in _first(_both(a=_difference(1.0), norm=unshown))


@pytest.mark.parametrize(("measure", "word"), [("train_loss", "better"), ("train_loss_area", "faster"), ("input_drift", "less shift")])
def test_answer_calls_a_direction_by_what_it_means(measure, word):
    (said,) = answer([dataclasses.replace(_difference(-0.2, measure=measure), subject="the norm")], [measure])
    assert f" is lower ({word}) with LayerNorm than with BatchNorm" in said


@pytest.mark.parametrize(("factor", "direction"), [(0.3, "lower (faster)"), (3.0, "higher (slower)")])
def test_answer_says_in_whose_favour_a_difference_is(factor, direction):
    def effect(arm, losses):
        return losses * (factor if arm.norm == "layer" else 1.0)

    first, _ = summarise_compare(CompareConfig(batch_sizes=(16,), seeds=16, epochs=6), effect=effect).answer
    assert first.startswith(f"The area under the training loss is {direction} with LayerNorm than with BatchNorm for batch size 16 (by ")
    assert " against " in first
    assert "the batch size (" not in first  # which was not varied


def test_answer_admits_too_few_seeds_and_that_nothing_was_varied():
    assert summarise_compare(CompareConfig(seeds=4, epochs=2)).answer[-1].endswith("; 4 seeds could not have shown any difference.")
    alone = summarise_compare(CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=2, epochs=1)).answer
    assert alone == ["Nothing was varied, so there is nothing to compare."]


@pytest.mark.parametrize("name", simulated_plans())
def test_answers_of_all_instruments_speak_of_everything_varied_on_listed_measures(name):
    plan = simulated_plans()[name]
    assert set(plan.answer_measures) <= set(plan.measures)
    told = {subject: contrasts for subject, contrasts in plan.contrasts.items() if subject and contrasts}
    assert all(contrast.sides for contrasts in told.values() for contrast in contrasts)
    differences = [
        dataclasses.replace(
            _difference(float(np.random.default_rng(index).normal()), sides=contrast.sides, where=contrast.where),
            measure=measure,
            subject=subject,
        )
        for measure in plan.answer_measures
        for subject, contrasts in told.items()
        for index, contrast in enumerate(contrasts)
    ]
    sentences = answer(differences, plan.answer_measures)
    assert len(sentences) == 2
    assert all(subject in sentence for sentence in sentences for subject in list(told)[1:])
