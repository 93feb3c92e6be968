"""The two sentences at the head of a report, and the one that counts its verdicts."""

import dataclasses

import numpy as np
import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.answer import DETAILED, answer, count_verdicts
from jaxnorm.analysis.plans import simulated_plans
from jaxnorm.analysis.summary import Difference, Estimate, Word
from jaxnorm.config import CompareConfig

N = 16
MEASURES = ("train_loss", "test_accuracy")
NAMES = ("LayerNorm", "BatchNorm")


def _difference(
    measure: str,
    mean: float,
    *,
    p: float = 0.001,
    beyond: float = 0.001,
    within: float = 1.0,
    sides: tuple[str, str] | None = NAMES,
    margin: float = 0.05,
    label: str = "a − b",
) -> Difference:
    estimate = Estimate(mean, mean - 0.01, mean + 0.01, N)
    return Difference(label, {}, measure, estimate, p, p, margin, [mean] * N, sides=sides, p_beyond=max(p, beyond), p_within=within)


def _small(mean: float, **settings) -> Difference:
    """Not zero, and shown to be smaller than the margin."""
    return _difference("", mean, beyond=1.0, within=0.001, **settings)


def _both(**differences: Difference | list[Difference]) -> dict[str, list[Difference]]:
    """Subjects to differences in both measures, the same numbers in each."""
    lists = {subject: each if isinstance(each, list) else [each] for subject, each in differences.items()}
    return {
        f"the {subject}": [dataclasses.replace(each, measure=measure) for measure in MEASURES for each in listed]
        for subject, listed in lists.items()
    }


def _first(varied: dict[str, list[Difference]]) -> str:
    """The first of two sentences."""
    first, second = answer(varied, MEASURES, 10).split(". ")
    assert second.startswith("The test accuracy ")
    return first


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_answer_has_two_sentences_however_much_is_varied(number):
    said = answer(_both(**{f"thing {index}": _difference("train_loss", 0.2) for index in range(number)}), MEASURES, 10)
    assert said.count(". ") == 1
    assert said.startswith("The final training loss changes with the thing 0 (a − b, +0.200 nats [0.190, 0.210], better for BatchNorm)")
    assert said.endswith(f"; n = {N}.")
    assert said.count("[") == 2 * min(number, DETAILED)
    assert said.count("up to +0.20 nats, better for BatchNorm than for LayerNorm)") == max(number - DETAILED, 0)
    assert said.count("up to +20 points, better for LayerNorm than for BatchNorm)") == max(number - DETAILED, 0)


def test_answer_tells_shown_from_uncertain_from_negligible_from_not_shown():
    size, edge = _difference("", -0.2, label="c"), _difference("", 0.055, beyond=0.4)
    said = _first(_both(norm=_small(0.02), size=size, depth=edge, order=_difference("", 0.3, p=0.2)))
    changes, somewhat, hardly, unshown = said.split("; it ")
    assert changes == "The final training loss changes with the size (c, −0.200 nats [−0.210, −0.190], better for LayerNorm)"
    assert somewhat == "changes, to an extent still open, with the depth (+0.055 nats)"
    assert hardly == "hardly changes with the norm (+0.020 nats)"
    assert unshown == "is not shown to change with the order"


def test_answer_says_hardly_only_where_every_difference_is_shown_to_be_small():
    unclear = _difference("", -0.06, p=0.2, label="c")
    assert "hardly" not in _first(_both(norm=[_small(0.02), unclear]))
    assert _first(_both(norm=[_small(0.02), unclear])).endswith(
        "changes, to an extent still open, with the norm (largest: c, −0.060 nats [−0.070, −0.050], the margin is 0.050 nats)"
    )
    assert _first(_both(norm=[_small(0.02, p=0.5), _small(0.01, p=0.5)])).startswith("The final training loss hardly changes with the norm")


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (_small(0.02), "hardly changes with the norm (a − b, +0.020 nats [0.010, 0.030], the margin is 0.050 nats)"),
        (
            _difference("", 0.055, beyond=0.4),
            "changes, to an extent still open, with the norm (a − b, +0.055 nats [0.045, 0.065], the margin is 0.050 nats)",
        ),
        (
            _difference("", 0.3, p=0.07),
            "is not shown to change with the norm (a − b, +0.300 nats [0.290, 0.310], adjusted p = 0.070)",
        ),
    ],
)
def test_answer_says_why_a_difference_does_not_count(difference, said):
    assert _first(_both(norm=difference)) == f"The final training loss {said}"


def test_answer_joins_what_is_not_shown():
    said = _first(_both(norm=[_difference("", 0.3, p=0.07)] * 2, size=_difference("", 0.1, p=0.5)))
    assert said == (
        "The final training loss is not shown to change with the norm (largest: a − b, +0.300 nats [0.290, 0.310], adjusted p = 0.070) "
        "or the size"
    )


def test_answer_tells_how_many_comparisons_count_and_both_ends_of_those_that_point_either_way():
    one_way = [_difference("", 0.3), _difference("", 0.2), _small(0.01), _difference("", -0.4, p=0.2)]
    assert _first(_both(norm=one_way)).endswith("(most: a − b, +0.300 nats [0.290, 0.310], better for BatchNorm; 2 of 4 beyond the margin)")
    assert _first(_both(norm=one_way[:2])).endswith("; both beyond the margin)")
    either = [*one_way, _small(-0.02, label="c")]
    assert _first(_both(norm=either)).endswith(
        "(from c, −0.020 nats [−0.030, −0.010], better for LayerNorm, to a − b, +0.300 nats [0.290, 0.310], better for BatchNorm; 2 of 5 "
        "beyond the margin)"
    )
    assert _first(_both(a=_difference("", 1.0), norm=either)).endswith("the norm (from −0.020 to +0.30 nats; 2 of 5 beyond the margin)")


@pytest.mark.parametrize(("factor", "better"), [(0.3, "LayerNorm"), (3.0, "BatchNorm")])
def test_answer_says_in_whose_favour_a_difference_is(factor, better):
    def effect(arm, losses):
        return losses * (factor if arm.norm == "layer" else 1.0)

    said = summarise_compare(CompareConfig(batch_sizes=(16,), seeds=16, epochs=6), effect=effect).answer
    assert said.startswith("The area under the training loss changes with the choice of norm (LayerNorm − BatchNorm at batch size 16, ")
    assert f", better for {better})" in said
    assert "batch size (" not in said  # which was not varied


def test_answer_admits_too_few_seeds_and_that_nothing_was_varied():
    assert summarise_compare(CompareConfig(seeds=4, epochs=2)).answer.endswith("; 4 seeds could not have shown any difference.")
    alone = summarise_compare(CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=2, epochs=1)).answer
    assert alone == "Nothing was varied, so there is nothing to compare."


@pytest.mark.parametrize("name", simulated_plans())
def test_answers_of_all_instruments_are_two_sentences_on_listed_measures(name):
    plan = simulated_plans()[name]
    assert set(plan.answer_measures) <= set(plan.measures)
    told = {subject: contrasts for subject, contrasts in plan.contrasts.items() if subject and contrasts}
    differences = {
        subject: [
            _difference(measure, float(np.random.default_rng(index).normal()), sides=contrast.sides, label=contrast.label)
            for index, contrast in enumerate(contrasts)
            for measure in plan.answer_measures
        ]
        for subject, contrasts in told.items()
    }
    said = answer(differences, plan.answer_measures, 10)
    assert said.count(". The ") == 1
    assert all(said.count(subject) >= 2 for subject in told)


def test_verdicts_are_counted_in_a_sentence():
    verdict = summarise_compare(CompareConfig(seeds=4, epochs=2)).verdicts[0]
    words: list[tuple[str, Word]] = [("A8", "holds"), ("A1", "contradicted"), ("A3", "contradicted"), ("A5", "unresolved")]
    few = [dataclasses.replace(verdict, claim=claim, word=word) for claim, word in words]
    assert count_verdicts(few) == "Of 4 claims, 1 holds (A8), 2 are contradicted (A1, A3), 1 is unresolved (A5)."
