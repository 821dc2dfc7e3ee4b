/// The days that a group can be told to keep its events.
pub const RETENTION_DAYS: &[u32] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Whether a group can be told to keep its events for so many days.
pub fn is_retention(days: i32) -> Option<u32> {
    let days = u32::try_from(days).ok()?;
    RETENTION_DAYS.contains(&days).then_some(days)
}
