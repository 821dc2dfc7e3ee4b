use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{AccountId, Region, Timestamp};

use crate::outgoing::Diagnosis;

/// A line of the mailbox's list. Its position is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryRecord {
    pub id: String,
    /// The `From` header as people write it; without one, the envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    pub subject: String,
    pub size: u64,
    pub at: Timestamp,
    pub account: AccountId,
    pub region: Region,
}

/// A mail. Its id is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageRecord {
    /// Where its [`EntryRecord`] is.
    pub position: u64,
    pub account: AccountId,
    pub region: Region,
    pub envelope_from: String,
    pub recipients: Vec<String>,
    pub configuration_set: Option<String>,
    pub tags: Vec<(String, String)>,
    pub trace: Option<String>,
    pub at: Timestamp,
    pub body: Body,
}

/// Where the MIME is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Here.
    Whole(Bytes),
    /// In pieces beside it, this many bytes in all.
    Pieces(u64),
}

/// How far a relay has got with a mail. Its id is its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JourneyRecord {
    /// Attempts so far.
    pub attempts: u32,
    /// Whether the mailbox has let go of the mail, which is kept for the relay alone.
    pub unlisted: bool,
    /// One stop for each recipient, in the envelope's order.
    pub stops: Vec<Stop>,
}

/// How it stands with one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub recipient: String,
    pub state: StopState,
    /// The last answer about it.
    pub diagnosis: String,
    /// Since when: product time.
    pub at: Timestamp,
}

/// Whether a recipient has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopState {
    /// Still to be handed to the relay.
    Waiting,
    /// The relay has taken it over.
    Delivered,
    /// Refused, or given up.
    Bounced,
}

impl JourneyRecord {
    /// A journey that has not begun.
    pub(crate) fn new(recipients: &[String], at: Timestamp) -> JourneyRecord {
        let stop = |recipient: &String| Stop {
            recipient: recipient.clone(),
            state: StopState::Waiting,
            diagnosis: String::new(),
            at,
        };
        JourneyRecord { attempts: 0, unlisted: false, stops: recipients.iter().map(stop).collect() }
    }

    /// Who is still to get it.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let waiting = self.stops.iter().filter(|stop| stop.state == StopState::Waiting);
        waiting.map(|stop| stop.recipient.clone()).collect()
    }

    pub(crate) fn note<'a>(
        &mut self,
        state: StopState,
        at: Timestamp,
        who: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        for (recipient, diagnosis) in who {
            let stop = self.stops.iter_mut().find(|stop| stop.recipient == recipient);
            if let Some(stop) = stop.filter(|stop| stop.state == StopState::Waiting) {
                (stop.state, stop.diagnosis, stop.at) = (state, diagnosis.to_owned(), at);
            }
        }
    }
}

/// A diagnosis as [`JourneyRecord::note`] takes it.
pub(crate) fn noted(diagnosis: &Diagnosis) -> (&str, &str) {
    (&diagnosis.recipient, &diagnosis.diagnostic)
}

fn write_account(to: &mut Writer, account: AccountId, region: &Region) {
    to.varint(account.as_u64());
    to.text(region.as_str());
}

fn read_account(from: &mut Reader<'_>) -> Result<(AccountId, Region), DecodeError> {
    let account = format!("{:012}", from.varint()?).parse().map_err(|_| from.malformed("an account of 13 digits"))?;
    let region = from.str()?.parse().map_err(|_| from.malformed("not a region"))?;
    Ok((account, region))
}

impl Stored for EntryRecord {
    const NAME: &'static str = "mailbox entry";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.id);
        to.text(&self.from);
        to.list(self.to.iter(), |to, one| to.text(one));
        to.text(&self.subject);
        to.varint(self.size);
        to.timestamp(self.at);
        write_account(to, self.account, &self.region);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (id, sender, to) = (from.text()?, from.text()?, from.list(Reader::text)?);
        let (subject, size, at) = (from.text()?, from.varint()?, from.timestamp()?);
        let (account, region) = read_account(from)?;
        Ok(EntryRecord { id, from: sender, to, subject, size, at, account, region })
    }
}

impl Stored for MessageRecord {
    const NAME: &'static str = "mail";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.position(self.position);
        write_account(to, self.account, &self.region);
        to.text(&self.envelope_from);
        to.list(self.recipients.iter(), |to, one| to.text(one));
        to.option(self.configuration_set.as_ref(), |to, name| to.text(name));
        to.list(self.tags.iter(), |to, (name, value)| {
            to.text(name);
            to.text(value);
        });
        to.option(self.trace.as_ref(), |to, trace| to.text(trace));
        to.timestamp(self.at);
        match &self.body {
            Body::Whole(mime) => {
                to.u8(1);
                to.bytes(mime);
            }
            Body::Pieces(size) => {
                to.u8(2);
                to.varint(*size);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let position = from.position()?;
        let (account, region) = read_account(from)?;
        Ok(MessageRecord {
            position,
            account,
            region,
            envelope_from: from.text()?,
            recipients: from.list(Reader::text)?,
            configuration_set: from.option(Reader::text)?,
            tags: from.list(|from| Ok((from.text()?, from.text()?)))?,
            trace: from.option(Reader::text)?,
            at: from.timestamp()?,
            body: match from.u8()? {
                1 => Body::Whole(from.bytes()?),
                2 => Body::Pieces(from.varint()?),
                _ => return Err(from.malformed("a body of an unknown kind")),
            },
        })
    }
}

impl Stored for JourneyRecord {
    const NAME: &'static str = "mail journey";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.u32(self.attempts);
        to.bool(self.unlisted);
        to.list(self.stops.iter(), |to, stop| {
            to.text(&stop.recipient);
            to.u8(match stop.state {
                StopState::Waiting => 0,
                StopState::Delivered => 1,
                StopState::Bounced => 2,
            });
            to.text(&stop.diagnosis);
            to.timestamp(stop.at);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(JourneyRecord {
            attempts: from.u32()?,
            unlisted: from.bool()?,
            stops: from.list(|from| {
                Ok(Stop {
                    recipient: from.text()?,
                    state: match from.u8()? {
                        0 => StopState::Waiting,
                        1 => StopState::Delivered,
                        2 => StopState::Bounced,
                        _ => return Err(from.malformed("an unknown state of a recipient")),
                    },
                    diagnosis: from.text()?,
                    at: from.timestamp()?,
                })
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    fn entry() -> EntryRecord {
        EntryRecord {
            id: "m".to_owned(),
            from: "A <a@x>".to_owned(),
            to: vec!["b@y".to_owned()],
            subject: "é".to_owned(),
            size: 300,
            at: Timestamp::from_millis(5),
            account: "000000000007".parse().unwrap(),
            region: Region::us_east_1(),
        }
    }

    #[test]
    fn golden_bytes() {
        assert_golden("01016d0741203c6140783e010362407902c3a9ac0205070975732d656173742d31", &entry());
        let message = MessageRecord {
            position: 0x0102,
            account: entry().account,
            region: entry().region,
            envelope_from: "a@x".to_owned(),
            recipients: vec!["b@y".to_owned()],
            configuration_set: Some("c".to_owned()),
            tags: vec![("k".to_owned(), "v".to_owned())],
            trace: None,
            at: Timestamp::from_millis(5),
            body: Body::Whole(Bytes::from_static(b"hi")),
        };
        assert_golden(
            "010000000000000102070975732d656173742d3103614078010362407901016301016b0176000501026869",
            &message,
        );
        assert_golden(
            "010000000000000102070975732d656173742d3103614078010362407901016301016b0176000502ac02",
            &MessageRecord { body: Body::Pieces(300), ..message },
        );
        let mut journey = JourneyRecord::new(&["b@y".to_owned(), "c@z".to_owned()], Timestamp::from_millis(5));
        journey.note(StopState::Bounced, Timestamp::from_millis(6), [("c@z", "no")]);
        journey.attempts = 2;
        assert_golden("01020002036240790000050363407a02026e6f06", &journey);
    }

    #[test]
    fn what_is_decided_of_a_recipient_stays() {
        let mut journey = JourneyRecord::new(&["b@y".to_owned(), "c@z".to_owned()], Timestamp::from_millis(5));
        journey.note(StopState::Delivered, Timestamp::from_millis(6), [("c@z", "250")]);
        journey.note(StopState::Bounced, Timestamp::from_millis(7), [("c@z", "550"), ("nobody", "550")]);
        assert_eq!(journey.waiting(), ["b@y"]);
        assert_eq!(journey.stops[1].state, StopState::Delivered);
    }
}
