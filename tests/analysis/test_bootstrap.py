"""Laws of the bootstrap intervals: against scipy, against resampling itself, and why the level is expanded."""

import numpy as np
import pytest
from scipy import stats

from jaxnorm.analysis import bootstrap
from jaxnorm.analysis.bootstrap import RESAMPLES, RNG_SEED, bca_interval, expanded_tail, studentised_interval

ROUNDING = 1e-10


def _samples(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    return np.stack([rng.normal(size=n), rng.exponential(size=n), rng.standard_t(3, size=n)])


@pytest.mark.parametrize("n", [16, 40])
@pytest.mark.parametrize("tail", [0.025, 0.01])
def test_bca_interval_equals_scipys(n, tail):
    samples = _samples(n)
    theirs = stats.bootstrap(
        (samples,), np.mean, axis=-1, n_resamples=RESAMPLES, confidence_level=1 - 2 * tail, rng=np.random.default_rng(RNG_SEED)
    ).confidence_interval
    low, high = bca_interval(samples, tail)
    np.testing.assert_allclose(low, theirs.low, rtol=ROUNDING)
    np.testing.assert_allclose(high, theirs.high, rtol=ROUNDING)


def test_bca_interval_of_discrete_values_equals_scipys():
    """Sums of whole numbers are exact, so that scipy finds ties between resampled means where there are some."""
    sample = np.random.default_rng(0).integers(-2, 4, 16) * 1.0
    theirs = stats.bootstrap((sample,), np.mean, n_resamples=RESAMPLES, rng=np.random.default_rng(RNG_SEED)).confidence_interval
    assert tuple(map(float, bca_interval(sample, 0.025))) == pytest.approx((theirs.low, theirs.high), rel=ROUNDING)


def test_studentised_interval_equals_resampling_itself():
    sample = _samples(12)[1]
    drawn = sample[np.random.default_rng(RNG_SEED).integers(0, 12, (RESAMPLES, 12))]
    error = stats.sem(sample)
    t = np.sort((drawn.mean(axis=1) - sample.mean()) / stats.sem(drawn, axis=1))
    low_t, high_t = t[round(0.025 * (RESAMPLES + 1)) - 1], t[round(0.975 * (RESAMPLES + 1)) - 1]
    expected = (sample.mean() - high_t * error, sample.mean() - low_t * error)
    assert tuple(map(float, studentised_interval(sample, 0.025))) == pytest.approx(expected, rel=ROUNDING)


def test_studentised_interval_is_unbounded_where_resamples_often_agree():
    low, high = studentised_interval([0.0, 0.0, 0.0, 1.0], 0.025)
    assert np.isfinite(low)
    assert high == np.inf


@pytest.mark.parametrize("n", [2, 5, 40])
def test_expanded_tail_makes_up_for_the_bootstraps_narrowness(n):
    """A normal interval from the standard deviation that divides by n, as the bootstrap's does, is Student's at the expanded tail."""
    narrow = -stats.norm.ppf(expanded_tail(n, 0.95)) * np.sqrt((n - 1) / n)
    assert narrow == pytest.approx(stats.t.ppf(0.975, n - 1), rel=1e-6)


@pytest.mark.parametrize("interval", [bca_interval, studentised_interval])
def test_intervals_do_not_depend_on_blocks_or_on_constant_rows(interval, monkeypatch):
    samples = np.concatenate([_samples(16), np.full((1, 16), 0.1)])
    whole = interval(samples, 0.025)
    monkeypatch.setattr(bootstrap, "MAX_ELEMENTS", RESAMPLES)
    np.testing.assert_allclose(interval(samples, 0.025), whole, rtol=ROUNDING)
    assert whole[0][3] == whole[1][3] == 0.1
    assert np.shape(interval(samples.reshape(2, 2, 16), 0.025)[0]) == (2, 2)
    np.testing.assert_allclose(interval(samples[0], 0.025), np.array(whole)[:, 0], rtol=ROUNDING)
