//! What is known of the FIFO queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::faults::Faults;

/// Every group, by its name.
#[derive(Debug)]
pub struct Ledger {
    faults: Arc<Faults>,
    groups: Mutex<BTreeMap<String, Group>>,
}

/// A group: its messages are numbered from 0, and one producer owns it.
#[derive(Debug, Default)]
struct Group {
    messages: Vec<Message>,
    /// The last message that came in this round: the next must lie behind it.
    last_in_round: Option<usize>,
    /// Messages received and not yet handed to a delete: while there are any, the group is locked.
    held: usize,
    /// The last sequence number that came, with its message.
    last_sequence: Option<(usize, u128)>,
}

#[derive(Debug, Default)]
struct Message {
    acknowledged: bool,
    /// The id that the acknowledgement or a receive gave; it never changes.
    id: Option<String>,
    deletion: Deletion,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Deletion {
    #[default]
    None,
    InDoubt,
    Acknowledged,
}

/// A message as it came.
#[derive(Debug)]
pub struct Received<'a> {
    /// The group, as the server says.
    pub group: &'a str,
    /// The message's number, from its body.
    pub number: usize,
    /// The message's id.
    pub id: &'a str,
    /// The server's sequence number.
    pub sequence: u128,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(faults: Arc<Faults>) -> Ledger {
        Ledger { faults, groups: Mutex::default() }
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server was started anew and every lease has run out.
    pub fn new_round(&self) {
        for group in self.groups().values_mut() {
            group.last_in_round = None;
            group.held = 0;
        }
    }

    /// The number to send next: one whose send is in doubt again, or else a new one.
    pub fn sending(&self, group: &str) -> usize {
        let mut groups = self.groups();
        let group = groups.entry(group.to_owned()).or_default();
        match group.messages.last() {
            Some(last) if !last.acknowledged => {}
            _ => group.messages.push(Message::default()),
        }
        group.messages.len() - 1
    }

    /// The last number whose send was acknowledged.
    pub fn last_acknowledged(&self, group: &str) -> Option<usize> {
        self.groups().get(group)?.messages.iter().rposition(|message| message.acknowledged)
    }

    /// A send was acknowledged with this id: the first of the message, or a repeated one.
    pub fn sent(&self, group: &str, number: usize, id: &str) {
        let mut groups = self.groups();
        let Some(message) = groups.get_mut(group).and_then(|group| group.messages.get_mut(number)) else { return };
        message.acknowledged = true;
        self.same_id(message, group, number, id);
    }

    fn same_id(&self, message: &mut Message, group: &str, number: usize, id: &str) {
        match &message.id {
            Some(known) if known != id => {
                self.faults.note(format!(
                    "message {number} of group {group} is there twice, as {known} and as {id}: not deduplicated"
                ));
            }
            Some(_) => {}
            None => message.id = Some(id.to_owned()),
        }
    }

    /// One receive brought these messages, in this order.
    pub fn received(&self, batch: &[Received<'_>]) {
        let mut groups = self.groups();
        let held_before: BTreeMap<String, usize> =
            groups.iter().map(|(name, group)| (name.clone(), group.held)).collect();
        for came in batch {
            let (name, number) = (came.group, came.number);
            let Some(group) = groups.get_mut(name).filter(|group| number < group.messages.len()) else {
                self.faults.note(format!("message {number} of group {name}, which nobody sent"));
                continue;
            };
            if held_before.get(name).is_some_and(|held| *held > 0) {
                self.faults
                    .note(format!("message {number} of group {name} came while another consumer held the group"));
            }
            self.in_order(group, came);
            self.same_id(&mut group.messages[number], name, number, came.id);
            group.last_in_round = Some(number);
            group.last_sequence = Some((number, came.sequence));
            group.held += 1;
        }
    }

    fn in_order(&self, group: &Group, came: &Received<'_>) {
        let (name, number) = (came.group, came.number);
        if group.messages[number].deletion == Deletion::Acknowledged {
            self.faults.note(format!("message {number} of group {name} came back after its deletion was acknowledged"));
        }
        if let Some(last) = group.last_in_round
            && number <= last
        {
            self.faults.note(format!("message {number} of group {name} came after {last}"));
            return;
        }
        let from = group.last_in_round.map_or(0, |last| last + 1);
        if let Some(passed) = (from..number).find(|passed| group.messages[*passed].deletion == Deletion::None) {
            self.faults.note(format!("message {number} of group {name} came before {passed}, which is not deleted"));
        }
        if let Some((last, sequence)) = group.last_sequence
            && (number > last) != (came.sequence > sequence)
            && number != last
        {
            self.faults.note(format!("the sequence numbers of {last} and {number} in group {name} are not in order"));
        }
    }

    /// Messages of a group are about to be deleted.
    pub fn deleting(&self, group: &str, numbers: &[usize]) {
        if let Some(group) = self.groups().get_mut(group) {
            for number in numbers {
                group.messages[*number].deletion = Deletion::InDoubt;
                group.held = group.held.saturating_sub(1);
            }
        }
    }

    /// Their deletion was acknowledged.
    pub fn deleted(&self, group: &str, numbers: &[usize]) {
        if let Some(group) = self.groups().get_mut(group) {
            for number in numbers {
                group.messages[*number].deletion = Deletion::Acknowledged;
            }
        }
    }

    /// After the queue was drained: whatever was acknowledged must have come and been deleted.
    pub fn audit(&self) {
        for (name, group) in self.groups().iter() {
            for (number, message) in group.messages.iter().enumerate() {
                if message.acknowledged && message.deletion == Deletion::None {
                    self.faults.note(format!("message {number} of group {name} is lost: acknowledged and never seen"));
                }
            }
        }
    }

    /// For the record.
    pub fn summary(&self) -> String {
        let groups = self.groups();
        let messages = groups.values().flat_map(|group| &group.messages);
        let acknowledged = messages.filter(|message| message.acknowledged).count();
        format!("FIFO: {acknowledged} sends acknowledged in {} groups, in order and once", groups.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(messages: usize) -> Ledger {
        let ledger = Ledger::new(Arc::new(Faults::default()));
        for _ in 0..messages {
            let number = ledger.sending("g");
            ledger.sent("g", number, &number.to_string());
        }
        ledger
    }

    fn receive(ledger: &Ledger, numbers: &[usize]) -> bool {
        let ids: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let came = |(index, number): (usize, &usize)| Received {
            group: "g",
            number: *number,
            id: &ids[index],
            sequence: *number as u128,
        };
        ledger.received(&numbers.iter().enumerate().map(came).collect::<Vec<_>>());
        ledger.faults.verdict().is_ok()
    }

    #[test]
    fn a_group_comes_in_order_and_without_gaps() {
        for (numbers, sound) in
            [(&[0, 1, 2][..], true), (&[1], false), (&[0, 2], false), (&[1, 0], false), (&[0, 0], false)]
        {
            assert_eq!(receive(&ledger(3), numbers), sound, "{numbers:?}");
        }
    }

    #[test]
    fn a_deletion_in_doubt_allows_both_and_a_certain_one_only_one() {
        for (certain, next, sound) in [(false, 0, true), (false, 1, true), (true, 0, false), (true, 1, true)] {
            let ledger = ledger(3);
            receive(&ledger, &[0]);
            ledger.deleting("g", &[0]);
            if certain {
                ledger.deleted("g", &[0]);
            }
            ledger.new_round();
            assert_eq!(receive(&ledger, &[next]), sound, "{certain} {next}");
        }
    }

    #[test]
    fn a_held_group_is_locked_and_a_second_id_is_a_duplicate() {
        let held = ledger(2);
        assert!(receive(&held, &[0]));
        assert!(!receive(&held, &[1]));
        let twice = ledger(1);
        twice.sent("g", 0, "another");
        assert!(twice.faults.verdict().is_err());
    }
}
