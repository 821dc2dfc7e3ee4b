//! Functions of numbers. What is no number has no answer.

use crate::expression::finite;
use crate::value::Value;

fn map(values: &[Value], function: fn(f64) -> f64) -> Value {
    finite(values[0].number().map(function))
}

/// What became of a count since it was `values[1]`.
pub(super) fn difference(values: &[Value]) -> Value {
    let (Some(now), Some(before)) = (values[0].number(), values[1].number()) else { return Value::Missing };
    let words = match (now == 0.0, before == 0.0) {
        (_, true) => "New".to_owned(),
        (true, false) => "Disappeared".to_owned(),
        (false, false) => format!("{:+.0}%", (now - before) / before * 100.0),
    };
    Value::Text(words)
}

pub(super) fn abs(values: &[Value]) -> Value {
    map(values, f64::abs)
}

pub(super) fn ceil(values: &[Value]) -> Value {
    map(values, f64::ceil)
}

pub(super) fn floor(values: &[Value]) -> Value {
    map(values, f64::floor)
}

pub(super) fn log(values: &[Value]) -> Value {
    map(values, f64::ln)
}

pub(super) fn sqrt(values: &[Value]) -> Value {
    map(values, f64::sqrt)
}

pub(super) fn round(values: &[Value]) -> Value {
    let digits = values.get(1).map_or(Some(0.0), Value::number);
    let scaled = |number: f64| {
        let scale = 10_f64.powf(digits?.clamp(0.0, 15.0).trunc());
        Some((number * scale).round() / scale)
    };
    finite(values[0].number().and_then(scaled))
}

pub(super) fn greatest(values: &[Value]) -> Value {
    finite(values.iter().filter_map(Value::number).reduce(f64::max))
}

pub(super) fn least(values: &[Value]) -> Value {
    finite(values.iter().filter_map(Value::number).reduce(f64::min))
}

pub(super) fn to_number(values: &[Value]) -> Value {
    finite(values[0].number())
}

pub(super) fn to_int(values: &[Value]) -> Value {
    map(values, f64::trunc)
}

/// The distance of two places on earth, given as latitudes and longitudes in degrees, in kilometres.
pub(super) fn haversine(values: &[Value]) -> Value {
    const EARTH_KM: f64 = 6371.0;
    let radians = |at: usize| values[at].number().map(f64::to_radians);
    let distance = || {
        let (lat_a, lon_a, lat_b, lon_b) = (radians(0)?, radians(1)?, radians(2)?, radians(3)?);
        let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
        let chord = half(lat_a, lat_b) + lat_a.cos() * lat_b.cos() * half(lon_a, lon_b);
        Some(2.0 * EARTH_KM * chord.sqrt().asin())
    };
    finite(distance())
}
