"""Laws of the summary as a whole."""

import time

import msgspec
import numpy as np
import pytest
from analysis.synthetic import NUM_CLASSES, make_frame, summarise_compare

from jaxnorm.analysis.contrasts import of_arms
from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.plan import MAIN_MEASURES
from jaxnorm.analysis.summary import Summary
from jaxnorm.experiments.batch_size.study import BatchSizeRateArm
from jaxnorm.experiments.compare.study import CompareConfig

SECONDS_FOR_THE_DEFAULT_RUN = 1.5


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise_compare(CompareConfig(seeds=32, epochs=10))


def test_summary_survives_json_exactly(summary, tmp_path):
    path = tmp_path / "summary.json"
    path.write_bytes(summary.to_json())
    assert Summary.load(path) == summary
    path.write_text("{}")
    with pytest.raises(msgspec.ValidationError):
        Summary.load(path)


def test_summary_does_not_depend_on_row_order(summary):
    config = CompareConfig(seeds=32, epochs=10)
    shuffled = make_frame(config).sample(frac=1, random_state=0)
    assert summarise_compare(config, shuffled) == summary


def test_differences_follow_from_the_arms(summary):
    assert len(summary.differences) == 5 * len(MAIN_MEASURES)
    by_seed = {arm.key: arm.by_seed for arm in summary.arms}
    for difference in summary.differences:
        expected = sum(weight * np.array(by_seed[key][difference.measure]) for key, weight in difference.weights.items())
        np.testing.assert_allclose(difference.by_seed, expected, rtol=1e-12, atol=1e-15)
        assert difference.estimate.mean == pytest.approx(np.mean(difference.by_seed))
        assert difference.estimate.low < difference.estimate.mean < difference.estimate.high
        assert difference.p_adjusted >= difference.p_value


def test_margins_are_absolute_for_accuracies_and_relative_for_the_rest(summary):
    means = {arm.key: arm.measures for arm in summary.arms}
    for difference in summary.differences:
        relative = 0.05 * np.mean([means[key][difference.measure].mean for key in difference.weights])
        assert difference.margin == pytest.approx(0.005 if MEASURES[difference.measure].absolute_margin else relative)


def test_pairing_makes_differences_sharper_than_arms(summary):
    """Arms share their seeds' luck, so a difference has a smaller interval than either arm."""
    difference = next(d for d in summary.differences if d.measure == "train_loss" and set(d.weights) == {"layer-16", "batch-16"})
    arm = summary.arms[0].measures["train_loss"]
    assert difference.estimate.high - difference.estimate.low < 0.8 * (arm.high - arm.low)


def test_diverged_seeds_are_counted_and_capped():
    def diverge(arm, loss):
        loss[3], loss[5] = np.nan, np.inf
        return loss if arm.norm == "batch" else make_clean(loss)

    def make_clean(loss):
        loss[3], loss[5] = 0.1, 0.1
        return loss

    summary = summarise_compare(CompareConfig(seeds=8, epochs=5, first_seed=10), effect=diverge)
    batch, layer = summary.arms[0], summary.arms[2]
    assert (batch.diverged, layer.diverged) == ([13, 15], [])
    assert set(batch.diverged) <= set(batch.unconverged)
    assert batch.by_seed["train_loss"][3] == pytest.approx(np.log(NUM_CLASSES))
    assert all(estimate.n == 8 for estimate in batch.measures.values())
    assert b"null" not in msgspec.json.encode([arm.by_seed for arm in summary.arms])


def test_identical_arms_give_zero_differences_and_no_verdict_of_difference():
    def same(arm, loss):
        return np.broadcast_to(np.linspace(0.5, 0.1, 10), loss.shape)

    summary = summarise_compare(CompareConfig(seeds=32, epochs=10), effect=same)
    losses = [d for d in summary.differences if d.measure in ("train_loss", "train_loss_area")]
    assert all((d.estimate.mean, d.estimate.low, d.estimate.high, d.p_value) == (0.0, 0.0, 0.0, 1.0) for d in losses)
    assert {verdict.claim: verdict.word for verdict in summary.verdicts if verdict.claim in ("A1", "A2", "A8")} == dict.fromkeys(
        ("A1", "A2", "A8"), "equivalent"
    )


@pytest.mark.parametrize("seeds", [1, 2, 4])
@pytest.mark.parametrize("epochs", [1, 2, 5])
@pytest.mark.parametrize(("norms", "sizes"), [(("mine",), (16,)), (("batch", "layer"), (16, 128)), (("layer", "batch", "none"), (64,))])
def test_small_runs_of_any_design_are_summarised(seeds, epochs, norms, sizes):
    config = CompareConfig(norms=norms, batch_sizes=sizes, seeds=seeds, epochs=epochs)
    summary = summarise_compare(config)
    assert msgspec.json.decode(summary.to_json(), type=Summary) == summary
    assert ("validation_noise" in summary.arms[0].measures) == (epochs >= 4)
    assert (summary.arms[0].measures["train_loss"].low is None) == (seeds == 1)
    assert all(len(arm.curves["train_loss"].mean) == epochs for arm in summary.arms)
    assert all(verdict.word in ("unresolved", "equivalent") for verdict in summary.verdicts)


def test_default_run_is_summarised_quickly():
    config = CompareConfig(seeds=32, epochs=10)
    frame = make_frame(config)
    began = time.perf_counter()
    summarise_compare(config, frame)
    assert time.perf_counter() - began < SECONDS_FOR_THE_DEFAULT_RUN


def test_contrasts_say_what_both_sides_have_in_common():
    arms = [BatchSizeRateArm(norm, 32, 0, "mixed", "best") for norm in ("batch", "layer")]
    assert of_arms(*arms).where == "batch size 32, best rate"
    arms = [BatchSizeRateArm("batch", size, 0, "sorted", "best") for size in (32, 64)]
    assert of_arms(*arms).where == "BatchNorm, sorted batches, best rate"


def test_sides_are_called_by_names_that_readers_know():
    arms = [BatchSizeRateArm("batch", 32, 0, order, "best") for order in ("sorted", "mixed")]
    assert of_arms(*arms).sides == ("sorted batches", "shuffled batches")
    arms = [BatchSizeRateArm(norm, size, 0, "mixed", "best") for norm, size in (("batch", 32), ("layer", 64))]
    assert of_arms(*arms).sides == ("BatchNorm at batch size 32", "LayerNorm at batch size 64")
