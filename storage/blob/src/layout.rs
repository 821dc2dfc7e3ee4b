//! The form of a blob's file; the crate's page describes it.

use std::ops::Range;

/// The bytes of content that one checksum covers.
pub(crate) const BLOCK: u64 = 64 * 1024;
/// Length, checksum, magic.
pub(crate) const FOOTER: usize = 16;
const MAGIC: &[u8; 4] = b"TGB1";

/// The largest content: 5 GiB, which is S3's limit for a single upload. Larger objects are lists of
/// parts.
pub const MAX_BLOB: u64 = 5 * 1024 * 1024 * 1024;

/// Sums the blocks of a content that arrives in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct BlockSums {
    done: Vec<u32>,
    current: u32,
    length: u64,
}

impl BlockSums {
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = (BLOCK - self.length % BLOCK) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.current = crc32c::crc32c_append(self.current, now);
            self.length += now.len() as u64;
            if self.length.is_multiple_of(BLOCK) {
                self.done.push(std::mem::take(&mut self.current));
            }
            bytes = later;
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// What follows the content in the file, and the checksum in it.
    pub(crate) fn finish(mut self) -> (Vec<u8>, u32) {
        if !self.length.is_multiple_of(BLOCK) {
            self.done.push(self.current);
        }
        let mut tail: Vec<u8> = self.done.iter().flat_map(|sum| sum.to_be_bytes()).collect();
        tail.extend_from_slice(&self.length.to_be_bytes());
        let checksum = crc32c::crc32c(&tail);
        tail.extend_from_slice(&checksum.to_be_bytes());
        tail.extend_from_slice(MAGIC);
        (tail, checksum)
    }
}

/// How many bytes follow a content of this length.
pub(crate) fn tail_len(length: u64) -> u64 {
    length.div_ceil(BLOCK) * 4 + FOOTER as u64
}

/// The block checksums in a tail, if it is the one of a content with this length and checksum.
pub(crate) fn read_tail(tail: &[u8], length: u64, checksum: u32) -> Result<Vec<u32>, &'static str> {
    let (summed, footer) = tail.split_at_checked(tail.len().wrapping_sub(8)).ok_or("the footer is cut off")?;
    let (sums, stored_length) = summed.split_last_chunk::<8>().ok_or("the footer is cut off")?;
    if footer[4..] != MAGIC[..] {
        return Err("the footer has another magic");
    }
    if *stored_length != length.to_be_bytes() {
        return Err("the length is another");
    }
    if footer[..4] != checksum.to_be_bytes() || crc32c::crc32c(summed) != checksum {
        return Err("the checksum of the checksums is another");
    }
    let (sums, []) = sums.as_chunks::<4>() else { return Err("the list of checksums is cut off") };
    Ok(sums.iter().map(|sum| u32::from_be_bytes(*sum)).collect())
}

/// The whole blocks, as a range of the content, that cover a range of it.
pub(crate) fn covering_blocks(range: &Range<u64>, length: u64) -> Range<u64> {
    range.start / BLOCK * BLOCK..range.end.next_multiple_of(BLOCK).min(length)
}

/// Whether whole blocks that begin at `start` of the content have their checksums.
pub(crate) fn blocks_hold(bytes: &[u8], start: u64, sums: &[u32]) -> bool {
    let first = (start / BLOCK) as usize;
    bytes.chunks(BLOCK as usize).zip(&sums[first..]).all(|(block, sum)| crc32c::crc32c(block) == *sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_does_not_depend_on_how_the_content_arrived() {
        let content: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
        let whole = sums(&[&content]);
        let (a, b) = content.split_at(70_000);
        assert_eq!(sums(&[a, b]), whole);
        assert_eq!(sums(&content.chunks(999).collect::<Vec<_>>()), whole);
        assert_eq!(whole.0.len() as u64, tail_len(200_000));
        assert_eq!(read_tail(&whole.0, 200_000, whole.1).map(|sums| sums.len()), Ok(4));
    }

    fn sums(pieces: &[&[u8]]) -> (Vec<u8>, u32) {
        let mut sums = BlockSums::default();
        pieces.iter().for_each(|piece| sums.push(piece));
        sums.finish()
    }

    #[test]
    fn every_damage_to_the_tail_is_found() {
        let (tail, checksum) = sums(&[&[7; 65_537]]);
        for at in 0..tail.len() {
            let mut damaged = tail.clone();
            damaged[at] ^= 1;
            assert!(read_tail(&damaged, 65_537, checksum).is_err(), "damage at {at}");
            assert!(read_tail(&tail[..at], 65_537, checksum).is_err(), "cut at {at}");
        }
        assert!(read_tail(&tail, 65_536, checksum).is_err());
        assert!(read_tail(&tail, 65_537, checksum ^ 1).is_err());
    }

    #[test]
    fn the_layout_has_golden_bytes() {
        let (tail, _) = sums(&[b"hello"]);
        assert_eq!(tidegate_record::testing::to_hex(&tail), "9a71bb4c000000000000000560860a3c54474231");
    }

    #[test]
    fn blocks_cover_ranges() {
        assert_eq!(covering_blocks(&(0..1), 100), 0..100);
        assert_eq!(covering_blocks(&(65_536..65_537), 200_000), 65_536..131_072);
        assert_eq!(covering_blocks(&(65_535..65_537), 100_000), 0..100_000);
    }
}
