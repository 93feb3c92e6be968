"""The two sentences at the head of a report, and the one that counts its verdicts."""

import dataclasses

import numpy as np
import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.answer import answer, count_verdicts
from jaxnorm.analysis.plans import simulated_plans
from jaxnorm.analysis.summary import Difference, Estimate, Word
from jaxnorm.config import CompareConfig

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
    margin: float = 0.05,
    where: str = "",
    measure: str = "train_loss",
) -> Difference:
    """Shown to exceed the margin."""
    estimate = Estimate(mean, mean - 0.01, mean + 0.01, N)
    values = [mean] * N
    return Difference("a − b", {}, measure, estimate, p, p, margin, values, sides, where, p_beyond=max(p, beyond), p_within=within)


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
    assert first.startswith("The final training loss is higher (worse) by 0.200 nats [0.190, 0.210] with LayerNorm than with BatchNorm")
    assert second.startswith("The test accuracy is higher (better) by 20.0 points [19.0, 21.0] with LayerNorm than with BatchNorm")
    assert first.count("[") == second.count("[") == 1
    assert first.count("(0.20 nats, better with BatchNorm)") == second.count("(20 points, better with LayerNorm)") == number - 1
    assert first.count("also changes with") == second.count("also changes with") == (number > 1)
    assert second.endswith(f"; n = {N}.")


def test_answer_tells_shown_from_uncertain_from_negligible_from_not_shown():
    size, edge = _difference(-0.2, where="c"), _difference(0.055, beyond=0.4)
    said = _first(_both(norm=_small(0.02), size=size, depth=edge, order=_difference(0.3, p=0.2)))
    changes, perhaps, hardly, unshown = said.split("; it ")
    assert changes == "is lower (better) by 0.200 nats [0.190, 0.210] with LayerNorm than with BatchNorm (c)"
    assert perhaps == "changes, perhaps by less than the margin, with the depth (0.055 nats, better with BatchNorm)"
    assert hardly == "hardly changes with the norm"
    assert unshown == "is not shown to change with the order (0.30 nats observed)."


def test_answer_says_hardly_only_where_every_difference_is_shown_to_be_small():
    unclear = _difference(-0.06, p=0.2)
    assert "hardly" not in _first(_both(norm=[_small(0.02), unclear]))
    assert _first(_both(norm=[_small(0.02, p=0.5), _small(0.01, p=0.5)])).startswith("hardly changes with the norm (largest: ")


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (_small(0.02), "hardly changes with the norm (a − b, +0.020 nats [0.010, 0.030], the margin is 0.050 nats)."),
        (
            _difference(0.055, beyond=0.4),
            "is higher (worse) by 0.055 nats [0.045, 0.065] with LayerNorm than with BatchNorm; corrected for all comparisons, it is open "
            "whether this exceeds the margin of 0.050 nats.",
        ),
        (_difference(0.3, p=0.07), "is not shown to change with the norm (a − b, +0.300 nats [0.290, 0.310], adjusted p = 0.070)."),
    ],
)
def test_answer_says_why_a_difference_does_not_count(difference, said):
    assert _first(_both(norm=difference)) == said


def test_answer_joins_what_is_not_shown():
    said = _first(_both(norm=[_difference(0.3, p=0.07)] * 2, size=_difference(0.1, p=0.5)))
    listed = "the norm (largest: a − b, +0.300 nats [0.290, 0.310], adjusted p = 0.070) or the size (0.10 nats observed)"
    assert said == f"is not shown to change with {listed}."


def test_answer_tells_the_largest_difference_each_way_and_how_many_comparisons_count():
    one_way = [_difference(0.3), _difference(0.2), _small(0.01), _difference(-0.4, p=0.2)]
    up = "is higher (worse) by up to 0.300 nats [0.290, 0.310] with LayerNorm than with BatchNorm"
    assert _first(_both(norm=one_way)) == f"{up}; beyond the margin in 2 of 4 comparisons."
    assert _first(_both(norm=one_way[:2])).endswith("; beyond the margin in both comparisons.")
    either = [*one_way, _small(-0.02, where="c")]
    down = "but lower (better) by 0.020 nats [0.010, 0.030] (c)"
    assert _first(_both(norm=either)) == f"{up}, {down}; beyond the margin in 2 of 5 comparisons."
    assert "the norm (up to 0.30 nats, either way; in 2 of 5)" in _first(_both(a=_difference(1.0), norm=either))


def test_answer_says_in_brief_where_and_in_how_many_comparisons():
    both = [_difference(0.3, where="c"), _difference(0.2, where="d")]
    assert "the norm (up to 0.30 nats, better with BatchNorm; in both)" in _first(_both(a=_difference(1.0), norm=both))
    some = [_difference(0.3, where="c"), _small(0.01, p=0.5)]
    assert "the norm (0.30 nats, better with BatchNorm; c; in 1 of 2)" in _first(_both(a=_difference(1.0), norm=some))
    unshown = [_difference(0.3, p=0.5)] * 2
    assert "not shown to change with the norm (up to 0.30 nats observed)" in _first(_both(a=_difference(1.0), norm=unshown))


def test_answer_names_other_sides_and_does_not_say_the_same_place_twice():
    ends = [_difference(0.3, where="c"), _difference(-0.2, where="c", sides=("RMSNorm", "BatchNorm"))]
    assert _first(_both(norm=ends)).startswith(
        "is higher (worse) by 0.300 nats [0.290, 0.310] with LayerNorm than with BatchNorm (c), but lower (better) by 0.200 nats "
        "[0.190, 0.210] with RMSNorm than with BatchNorm; "
    )


@pytest.mark.parametrize(("measure", "word"), [("train_loss", "better"), ("train_loss_area", "faster"), ("input_drift", "less shift")])
def test_answer_calls_a_direction_by_what_it_means(measure, word):
    lead, other = (dataclasses.replace(_difference(-0.2, measure=measure), subject=subject) for subject in ("the norm", "the size"))
    (said,) = answer([lead, other], [measure])
    assert f" is lower ({word}) by " in said
    assert f", {word} with LayerNorm)" in said


@pytest.mark.parametrize(("factor", "direction"), [(0.3, "lower (faster)"), (3.0, "higher (slower)")])
def test_answer_says_in_whose_favour_a_difference_is(factor, direction):
    def effect(arm, losses):
        return losses * (factor if arm.norm == "layer" else 1.0)

    first, _ = summarise_compare(CompareConfig(batch_sizes=(16,), seeds=16, epochs=6), effect=effect).answer
    assert first.startswith(f"The area under the training loss is {direction} by ")
    assert " with LayerNorm than with BatchNorm (batch size 16)" in first
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


def test_verdicts_are_counted_in_a_sentence():
    verdict = summarise_compare(CompareConfig(seeds=4, epochs=2)).verdicts[0]
    words: list[tuple[str, Word]] = [("A8", "holds"), ("A1", "contradicted"), ("A3", "contradicted"), ("A5", "unresolved")]
    few = [dataclasses.replace(verdict, claim=claim, word=word) for claim, word in words]
    assert count_verdicts(few) == "Of 4 claims, 1 holds (A8), 2 are contradicted (A1, A3), 1 is unresolved (A5)."
    assert [count_verdicts(few[:1]), count_verdicts(few[-1:])] == ["The one claim, A8, holds.", "The one claim, A5, is unresolved."]
