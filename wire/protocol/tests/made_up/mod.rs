//! A source of values that a seed determines: any shape can be read from it.

use bytes::Bytes;
use tidegate_protocol::schema::{Kind, ListSchema, Location, MapSchema, StructSchema};
use tidegate_protocol::{DecodeError, Reader};
use tidegate_types::Timestamp;

/// How deeply structures nest: some hold themselves.
const MAX_DEPTH: usize = 5;

pub struct MadeUp {
    state: u64,
    /// The next member of each structure that is open.
    open: Vec<usize>,
    /// Where the outermost structure's member at hand travels.
    location: Location,
    /// How many entries the lists and maps that are open still have.
    left: Vec<usize>,
}

impl MadeUp {
    pub fn new(seed: u64) -> MadeUp {
        MadeUp { state: seed | 1, open: Vec::new(), location: Location::Body, left: Vec::new() }
    }

    /// Below `bound`, which is not zero.
    fn draw(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % bound
    }

    fn text(&mut self, letters: &[char], least: u64) -> String {
        let length = least + self.draw(12);
        (0..length).map(|_| letters[self.draw(letters.len() as u64) as usize]).collect()
    }

    fn in_body(&self) -> bool {
        matches!(self.location, Location::Body | Location::Payload) || self.open.len() > 1
    }

    fn enter(&mut self) {
        // Outside the body there are no empty lists: they are absent.
        let least = u64::from(!self.in_body());
        let entries = if self.open.len() >= MAX_DEPTH { 0 } else { least + self.draw(3) };
        self.left.push(entries as usize);
    }

    fn more(&mut self) -> bool {
        match self.left.pop() {
            Some(left) if left > 0 => {
                self.left.push(left - 1);
                true
            }
            _ => false,
        }
    }
}

impl Reader for MadeUp {
    fn begin_struct(&mut self, _: &'static StructSchema) -> Result<(), DecodeError> {
        self.open.push(0);
        Ok(())
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        let depth = self.open.len();
        loop {
            let Some(next) = self.open.last().copied() else { unreachable!("a structure is open") };
            let Some(member) = schema.members.get(next) else {
                self.open.pop();
                return Ok(None);
            };
            self.open[depth - 1] += 1;
            // A path has all its labels. A structure far down has no more below it.
            let is_label = matches!(member.location, Location::Uri(_));
            let is_deep = depth >= MAX_DEPTH && matches!(member.schema.kind, Kind::Struct(_));
            if is_label || (!is_deep && self.draw(3) > 0) {
                if depth == 1 {
                    self.location = member.location;
                }
                return Ok(Some(next));
            }
        }
    }

    fn begin_list(&mut self, _: &'static ListSchema) -> Result<(), DecodeError> {
        self.enter();
        Ok(())
    }

    fn next_element(&mut self) -> Result<bool, DecodeError> {
        Ok(self.more())
    }

    fn begin_map(&mut self, _: &'static MapSchema) -> Result<(), DecodeError> {
        self.enter();
        Ok(())
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        Ok(self.more().then(|| self.text(&['a', 'b', 'c', '-'], 1)))
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        const ANY: [char; 14] = ['a', 'Z', '0', ' ', '/', '+', '%', '&', '=', '"', '\\', '\n', 'ü', '😀'];
        const VISIBLE: [char; 8] = ['a', 'Z', '0', '"', ',', '\\', '%', ';'];
        Ok(match self.location {
            Location::Header(_) | Location::Headers(_) if !self.in_body() => self.text(&VISIBLE, 1),
            Location::Uri(_) | Location::Payload if !self.in_body() || self.open.len() == 1 => self.text(&ANY, 1),
            _ => self.text(&ANY, 0),
        })
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        Ok(self.draw(2) == 1)
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        // A status is one.
        Ok(if self.location == Location::StatusCode { 200 } else { self.draw(1 << 32) as u32 as i32 })
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        Ok(self.draw(1 << 40) as i64 - (1 << 39))
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        Ok(self.draw(1 << 40) as f64 / 1024.0)
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        let length = 1 + self.draw(20);
        Ok((0..length).map(|_| self.draw(256) as u8).collect())
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        let seconds = self.draw(4_000_000_000);
        let millis = if self.in_body() { self.draw(1000) } else { 0 };
        Ok(Timestamp::from_millis(seconds * 1000 + millis))
    }
}
