//! MD5, which entity tags and SQS's answers are made of: the one hash here that cannot be done on several cores or by
//! instructions of its own, so that it bounds how fast one body can come in.
//!
//! Why not the `md-5` crate, which the tests compare this with: each of the 64 steps of a block waits for the one before
//! it, so what counts is how many additions stand between them. Compilers add constants last, which puts one more
//! there than needed. Here the constants come from where the compiler cannot see them, and are added to the block's
//! words while the step before is still on its way; and the second round adds its two halves, which have no bit in
//! common, one after the other, because only one of them has to wait. Together a third faster (805 against 605 MB/s
//! on the machine of `docs/benchmarks.md`; 64 steps of four to five cycles would be 820).
//!
//! MD5 is broken as a proof of origin. It is used where AWS's protocols demand it, and for nothing else.

use std::hint::black_box;

/// The bytes that are worked in at once.
const BLOCK: usize = 64;

/// The integer parts of 2³² |sin i|, of i from 1 to 64.
static CONSTANTS: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// A hash in the making.
#[derive(Clone)]
pub struct Md5 {
    state: [u32; 4],
    /// All bytes so far.
    length: u64,
    /// Those that do not fill a block yet: the first `length % 64`.
    begun: [u8; BLOCK],
}

impl Default for Md5 {
    fn default() -> Md5 {
        Md5 { state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476], length: 0, begun: [0; BLOCK] }
    }
}

/// The MD5 of bytes that are at hand.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    let mut hash = Md5::new();
    hash.update(bytes);
    hash.finish()
}

impl Md5 {
    /// Of nothing yet.
    pub fn new() -> Md5 {
        Md5::default()
    }

    /// The next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let begun = self.begun_len();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if begun > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - begun));
            self.begun[begun..begun + now.len()].copy_from_slice(now);
            bytes = later;
            if begun + now.len() < BLOCK {
                return;
            }
            compress(&mut self.state, &[self.begun]);
        }
        let (blocks, rest) = bytes.as_chunks();
        compress(&mut self.state, blocks);
        self.begun[..rest.len()].copy_from_slice(rest);
    }

    /// The hash of all bytes.
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8).to_le_bytes();
        // A one bit, zeros up to the end of a block but for eight bytes, and in these the number of bits.
        let mut end = [0; 2 * BLOCK];
        end[0] = 0x80;
        let zeros_end = (2 * BLOCK - 8 - 1 - self.begun_len()) % BLOCK + 1;
        end[zeros_end..zeros_end + 8].copy_from_slice(&bits);
        self.update(&end[..zeros_end + 8]);
        let mut hash = [0; 16];
        for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_le_bytes();
        }
        hash
    }

    fn begun_len(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }
}

fn compress(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
    let constants = black_box(&CONSTANTS);
    for block in blocks {
        compress_one(state, block, constants);
    }
}

/// RFC 1321, section 3.4.
#[inline(always)]
fn compress_one(state: &mut [u32; 4], block: &[u8; BLOCK], constants: &[u32; 64]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let known = Known { words: &words, constants };
    // Not every profile unrolls a loop over these, and one that is not unrolled costs a quarter.
    let mut v = *state;
    v = first_four(v, known, 0);
    v = first_four(v, known, 4);
    v = first_four(v, known, 8);
    v = first_four(v, known, 12);
    v = second_four(v, known, 16);
    v = second_four(v, known, 20);
    v = second_four(v, known, 24);
    v = second_four(v, known, 28);
    v = third_four(v, known, 32);
    v = third_four(v, known, 36);
    v = third_four(v, known, 40);
    v = third_four(v, known, 44);
    v = fourth_four(v, known, 48);
    v = fourth_four(v, known, 52);
    v = fourth_four(v, known, 56);
    v = fourth_four(v, known, 60);
    for (word, change) in state.iter_mut().zip(v) {
        *word = word.wrapping_add(change);
    }
}

/// What of a step does not depend on the steps before it.
#[derive(Clone, Copy)]
struct Known<'a> {
    words: &'a [u32; 16],
    constants: &'a [u32; 64],
}

impl Known<'_> {
    #[inline(always)]
    fn of(self, step: usize, word: usize) -> u32 {
        self.words[word % 16].wrapping_add(self.constants[step])
    }
}

#[inline(always)]
fn first_four([a, b, c, d]: [u32; 4], known: Known<'_>, i: usize) -> [u32; 4] {
    let a = first(a, b, c, d, known.of(i, i), 7);
    let d = first(d, a, b, c, known.of(i + 1, i + 1), 12);
    let c = first(c, d, a, b, known.of(i + 2, i + 2), 17);
    let b = first(b, c, d, a, known.of(i + 3, i + 3), 22);
    [a, b, c, d]
}

#[inline(always)]
fn second_four([a, b, c, d]: [u32; 4], known: Known<'_>, i: usize) -> [u32; 4] {
    let a = second(a, b, c, d, known.of(i, 5 * i + 1), 5);
    let d = second(d, a, b, c, known.of(i + 1, 5 * i + 6), 9);
    let c = second(c, d, a, b, known.of(i + 2, 5 * i + 11), 14);
    let b = second(b, c, d, a, known.of(i + 3, 5 * i), 20);
    [a, b, c, d]
}

#[inline(always)]
fn third_four([a, b, c, d]: [u32; 4], known: Known<'_>, i: usize) -> [u32; 4] {
    let a = third(a, b, c, d, known.of(i, 3 * i + 5), 4);
    let d = third(d, a, b, c, known.of(i + 1, 3 * i + 8), 11);
    let c = third(c, d, a, b, known.of(i + 2, 3 * i + 11), 16);
    let b = third(b, c, d, a, known.of(i + 3, 3 * i + 14), 23);
    [a, b, c, d]
}

#[inline(always)]
fn fourth_four([a, b, c, d]: [u32; 4], known: Known<'_>, i: usize) -> [u32; 4] {
    let a = fourth(a, b, c, d, known.of(i, 7 * i), 6);
    let d = fourth(d, a, b, c, known.of(i + 1, 7 * i + 7), 10);
    let c = fourth(c, d, a, b, known.of(i + 2, 7 * i + 14), 15);
    let b = fourth(b, c, d, a, known.of(i + 3, 7 * i + 5), 21);
    [a, b, c, d]
}

#[inline(always)]
fn first(w: u32, x: u32, y: u32, z: u32, known: u32, shift: u32) -> u32 {
    turned((w.wrapping_add(known)).wrapping_add(((y ^ z) & x) ^ z), x, shift)
}

#[inline(always)]
fn second(w: u32, x: u32, y: u32, z: u32, known: u32, shift: u32) -> u32 {
    turned((w.wrapping_add(known).wrapping_add(y & !z)).wrapping_add(x & z), x, shift)
}

#[inline(always)]
fn third(w: u32, x: u32, y: u32, z: u32, known: u32, shift: u32) -> u32 {
    turned((w.wrapping_add(known)).wrapping_add(x ^ (y ^ z)), x, shift)
}

#[inline(always)]
fn fourth(w: u32, x: u32, y: u32, z: u32, known: u32, shift: u32) -> u32 {
    turned((w.wrapping_add(known)).wrapping_add(y ^ (x | !z)), x, shift)
}

#[inline(always)]
fn turned(sum: u32, x: u32, shift: u32) -> u32 {
    sum.rotate_left(shift).wrapping_add(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::md5::Digest;
    use proptest::prelude::{any, prop, proptest};

    fn reference(bytes: &[u8]) -> [u8; 16] {
        ::md5::Md5::digest(bytes).into()
    }

    #[test]
    fn every_length_around_a_block_agrees_with_the_reference() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        for length in 0..bytes.len() {
            assert_eq!(md5(&bytes[..length]), reference(&bytes[..length]), "{length} bytes");
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
            let mut hash = Md5::new();
            pieces.iter().for_each(|piece| hash.update(piece));
            assert_eq!(hash.finish(), reference(&pieces.concat()));
        }
    }
}
