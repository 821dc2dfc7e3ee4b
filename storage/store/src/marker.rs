//! The last acknowledged commit, in a file of its own.
//!
//! Each group of commits is noted in it after its sync, and the notes are synced once a second. So
//! after a kill it is exact, and after a cut of power up to a second old, which only makes it a weaker
//! bound: it never names a commit that was not synced.
//!
//! It is written in place, into three slots by turns: while one is being synced the next one takes the
//! notes, and the one before stays as it is on the disk, whatever is torn of the others.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use parking_lot::Mutex;

use crate::platform::{read_exact_at, write_all_at};
use crate::{OpenError, Sequence};

/// Slots lie in different blocks of the disk.
const SLOT_BYTES: u64 = 4096;

/// Releases up to 0.1 know the first two only.
const SLOTS: u64 = 3;

pub(crate) struct Marker {
    file: File,
    notes: Mutex<Notes>,
}

struct Notes {
    /// What is noted.
    sequence: Sequence,
    /// What was noted when the file was last synced.
    saved: Sequence,
    slot: u64,
}

impl Marker {
    pub(crate) fn create(dir: &Path, acknowledged: Sequence) -> io::Result<()> {
        let file = File::create(dir.join("MARKER"))?;
        file.set_len(SLOTS * SLOT_BYTES)?;
        write_all_at(&file, &encode(acknowledged), 0)?;
        file.sync_all()
    }

    pub(crate) fn open(dir: &Path) -> Result<Marker, OpenError> {
        let failed = |source| OpenError::Io { what: "opening the MARKER file", source };
        let file = OpenOptions::new().read(true).write(true).open(dir.join("MARKER")).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() < SLOTS * SLOT_BYTES {
            file.set_len(SLOTS * SLOT_BYTES).map_err(failed)?;
        }
        let mut newest: Option<(Sequence, u64)> = None;
        for slot in 0..SLOTS {
            let mut bytes = [0; 12];
            read_exact_at(&file, &mut bytes, slot * SLOT_BYTES).map_err(failed)?;
            if let Some(sequence) = decode(&bytes)
                && newest.is_none_or(|(other, _)| sequence > other)
            {
                newest = Some((sequence, slot));
            }
        }
        let Some((sequence, slot)) = newest else {
            return Err(OpenError::Corrupt { what: "all slots of the MARKER file are damaged".to_owned() });
        };
        let notes = Notes { sequence, saved: sequence, slot: (slot + 1) % SLOTS };
        Ok(Marker { file, notes: Mutex::new(notes) })
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.notes.lock().sequence
    }

    /// Notes that everything up to `sequence` has been synced. It takes about a microsecond.
    pub(crate) fn note(&self, sequence: Sequence) -> io::Result<()> {
        let mut notes = self.notes.lock();
        if sequence > notes.sequence {
            write_all_at(&self.file, &encode(sequence), notes.slot * SLOT_BYTES)?;
            notes.sequence = sequence;
        }
        Ok(())
    }

    /// Makes durable what is noted. Notes go on meanwhile.
    pub(crate) fn save(&self) -> io::Result<()> {
        {
            let mut notes = self.notes.lock();
            if notes.saved == notes.sequence {
                return Ok(());
            }
            notes.saved = notes.sequence;
            notes.slot = (notes.slot + 1) % SLOTS;
        }
        self.file.sync_data()
    }
}

fn encode(sequence: Sequence) -> [u8; 12] {
    let number = sequence.0.to_be_bytes();
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&number);
    bytes[8..].copy_from_slice(&crc32c::crc32c(&number).to_be_bytes());
    bytes
}

fn decode(bytes: &[u8; 12]) -> Option<Sequence> {
    let (number, sum) = bytes.split_first_chunk::<8>()?;
    // A slot of zeros was never written; its checksum would be that of zeros, which is not zero.
    (crc32c::crc32c(number).to_be_bytes() == *sum).then_some(Sequence(u64::from_be_bytes(*number)))
}
