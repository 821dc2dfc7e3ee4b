//! Counts what was delivered and what was refused.

use tidegate_ports::Refusal;

const ACCEPTED: &str = "tidegate_deliveries_total";
const REFUSED: &str = "tidegate_delivery_refusals_total";

pub(crate) fn describe() {
    metrics::describe_counter!(
        ACCEPTED,
        "Deliveries that a target accepted, by source and target service. A transaction that ran again counts again."
    );
    metrics::describe_counter!(REFUSED, "Deliveries that were refused, by source and target service and reason.");
}

/// The label of a target that nothing serves: its ARN is a user's text, and labels must be few.
pub(crate) const NOBODY: &str = "none";

pub(crate) fn count(source: String, target: &'static str, outcome: &Result<(), Refusal>) {
    match outcome {
        Ok(()) => metrics::counter!(ACCEPTED, "source" => source, "target" => target).increment(1),
        Err(refusal) => {
            let reason = reason(refusal);
            metrics::counter!(REFUSED, "source" => source, "target" => target, "reason" => reason).increment(1);
        }
    }
}

fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoSuchTarget(_) => "no_such_target",
        Refusal::Denied { .. } => "denied",
        Refusal::TooManyHops { .. } => "too_many_hops",
        Refusal::Unacceptable { .. } => "unacceptable",
        Refusal::Retry(_) => "retry",
    }
}
