//! The buckets of the histograms, each from what the measured thing usually takes to its deadline.

use prometheus_client::metrics::histogram::Histogram;

/// A pass without a call to the cloud takes milliseconds; one at its deadline a minute.
pub(super) fn pass_histogram() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    ])
}

/// The request deadline is 30 seconds; with all that surrounds it, a minute at most.
pub(super) fn call_histogram() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0])
}
