use tidegate_types::Timestamp;

use super::Receipt;

/// The longest time that a message may stay hidden, counted from its receive.
pub const MAX_VISIBILITY_SECONDS: u32 = 43_200;

/// Why a receipt does not allow what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisibilityError {
    /// Not a number of seconds between 0 and [`MAX_VISIBILITY_SECONDS`].
    #[error("a visibility timeout of {0} seconds")]
    OutOfRange(i32),
    /// Together with the time since the receive it would exceed [`MAX_VISIBILITY_SECONDS`].
    #[error("{0} seconds more would exceed the limit since the receive")]
    BeyondLimit(u32),
    /// The message was deleted or has expired; in a FIFO queue it may have been received again since.
    #[error("the message is gone or was received again")]
    Gone,
    /// A FIFO queue's message is not hidden any more.
    #[error("the message is not in flight")]
    NotInFlight,
    /// A FIFO queue's message was visible again since this receipt.
    #[error("the receipt has expired")]
    Expired,
}

/// The part of a message's lease that receipts are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How often it has been received.
    pub receive_count: u32,
    /// Until when it is hidden.
    pub visible_at: Timestamp,
}

/// When a message is visible again that is received, or changed, now.
///
/// # Errors
/// [`VisibilityError::OutOfRange`].
pub fn visibility_deadline(now: Timestamp, seconds: i32) -> Result<Timestamp, VisibilityError> {
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= MAX_VISIBILITY_SECONDS => Ok(now.plus_millis(u64::from(seconds) * 1000)),
        _ => Err(VisibilityError::OutOfRange(seconds)),
    }
}

/// Whether the holder of `receipt` may have the message hidden until `deadline`.
///
/// In a standard queue any receipt will do, as long as the message is there: AWS documents that an old one is refused,
/// and takes it, even when the message is visible again. In a FIFO queue that would let a consumer which has lost a
/// message move it away from under the next one, out of its order.
///
/// # Errors
/// [`VisibilityError`] if not.
pub fn check_visibility_change(
    fifo: bool,
    receipt: &Receipt,
    held: Option<Held>,
    now: Timestamp,
    deadline: Timestamp,
) -> Result<(), VisibilityError> {
    let held = held.ok_or(VisibilityError::Gone)?;
    if fifo && held.receive_count != receipt.receive_count {
        return Err(VisibilityError::Gone);
    }
    if fifo && held.visible_at <= now {
        return Err(VisibilityError::NotInFlight);
    }
    if deadline > receipt.received_at.plus_millis(u64::from(MAX_VISIBILITY_SECONDS) * 1000) {
        let seconds = deadline.since(now).as_secs();
        return Err(VisibilityError::BeyondLimit(u32::try_from(seconds).unwrap_or(u32::MAX)));
    }
    Ok(())
}

/// Whether a change that is allowed puts a visible message back in flight, where only so many may be.
pub fn returns_to_flight(held: Held, now: Timestamp, deadline: Timestamp) -> bool {
    held.visible_at <= now && deadline > now
}

/// Whether the holder of `receipt` may delete the message.
///
/// In a standard queue any receipt will do, however old. In a FIFO queue a receipt that has run out
/// will not: by then another consumer may be working on the message, or on its successors.
///
/// # Errors
/// [`VisibilityError::Expired`].
pub fn check_delete(fifo: bool, receipt: &Receipt, held: Option<Held>, now: Timestamp) -> Result<(), VisibilityError> {
    match held {
        Some(held) if fifo && (held.receive_count != receipt.receive_count || held.visible_at <= now) => {
            Err(VisibilityError::Expired)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    /// The receipt of the second receive, at second 100.
    fn receipt() -> Receipt {
        let received_at = at(100);
        Receipt { queue: 1, generation: 1, position: 1, lane: Vec::new(), receive_count: 2, received_at }
    }

    #[test]
    fn a_change_needs_the_message_and_in_fifo_queues_a_running_lease_of_this_receive() {
        let held = |receive_count, visible_at| Some(Held { receive_count, visible_at: at(visible_at) });
        let limit = 100 + u64::from(MAX_VISIBILITY_SECONDS);
        let beyond = Err(VisibilityError::BeyondLimit(43_191));
        let cases = [
            (held(2, 130), 140, Ok(()), Ok(())),
            (held(2, 130), 110, Ok(()), Ok(())),
            (held(2, 130), limit, Ok(()), Ok(())),
            (held(2, 130), limit + 1, beyond, beyond),
            (held(2, 110), 140, Ok(()), Err(VisibilityError::NotInFlight)),
            (held(3, 130), 140, Ok(()), Err(VisibilityError::Gone)),
            (None, 140, Err(VisibilityError::Gone), Err(VisibilityError::Gone)),
        ];
        for (held, deadline, standard, fifo) in cases {
            let checked =
                [false, true].map(|fifo| check_visibility_change(fifo, &receipt(), held, at(110), at(deadline)));
            assert_eq!(checked, [standard, fifo], "{held:?} at 110 until {deadline}");
        }
    }

    #[test]
    fn only_a_visible_message_that_is_hidden_returns_to_flight() {
        let held = |visible_at| Held { receive_count: 2, visible_at: at(visible_at) };
        for (visible_at, deadline, returns) in
            [(109, 120, true), (110, 111, true), (110, 110, false), (111, 120, false)]
        {
            assert_eq!(returns_to_flight(held(visible_at), at(110), at(deadline)), returns, "{visible_at} {deadline}");
        }
    }

    #[test]
    fn old_receipts_delete_from_standard_queues_only() {
        let held = |receive_count, visible_at| Some(Held { receive_count, visible_at: at(visible_at) });
        for (held, fifo_answer) in [
            (held(2, 130), Ok(())),
            (held(2, 110), Err(VisibilityError::Expired)),
            (held(3, 130), Err(VisibilityError::Expired)),
            (None, Ok(())),
        ] {
            assert_eq!(check_delete(false, &receipt(), held, at(110)), Ok(()));
            assert_eq!(check_delete(true, &receipt(), held, at(110)), fifo_answer, "{held:?}");
        }
    }
}
