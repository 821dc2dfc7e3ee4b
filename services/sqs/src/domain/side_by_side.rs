//! MD5 of several texts at once (RFC 1321).
//!
//! Each step of a digest needs the one before, so a single text takes as long as it takes. Texts that have nothing to
//! do with each other go side by side in the processor's vectors: ten of 1 KiB in the time of two or three.

/// So many side by side: room for a whole batch. The compiler makes vectors of it, whichever the processor has.
const LANES: usize = 12;

/// A word of each.
type Words = [u32; LANES];

const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The integer part of 2³² × |sin(step + 1)|.
static SINES: [u32; 64] = [
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

/// Whether that is faster than one after the other: it takes as long as the longest of them would take three times.
pub(super) fn pays(texts: &[&[u8]]) -> bool {
    let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
    texts.len() > 3 && texts.iter().map(|text| text.len()).sum::<usize>() > 3 * longest
}

/// Their digests, in their order.
pub(super) fn digests(texts: &[&[u8]]) -> Vec<[u8; 16]> {
    texts.chunks(LANES).flat_map(side_by_side).collect()
}

fn side_by_side(texts: &[&[u8]]) -> Vec<[u8; 16]> {
    let mut padded: Vec<Padded<'_>> = texts.iter().map(|text| Padded::new(text)).collect();
    let mut digests = vec![[0; 16]; padded.len()];
    let mut state = START.map(|word| [word; LANES]);
    let mut words = [[0; LANES]; 16];
    let mut missing = padded.len();
    while missing > 0 {
        for (lane, text) in padded.iter_mut().enumerate() {
            // One that has ended goes on with what lies there, and nobody looks.
            let Some(block) = text.next() else { continue };
            for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
                word[lane] = u32::from_le_bytes(*bytes);
            }
        }
        compress(&mut state, &words);
        for (lane, text) in padded.iter_mut().enumerate() {
            if !text.ends_now() {
                continue;
            }
            for (bytes, word) in digests[lane].as_chunks_mut().0.iter_mut().zip(&state) {
                *bytes = word[lane].to_le_bytes();
            }
            missing -= 1;
        }
    }
    digests
}

/// A text with what belongs behind it: a bit, zeros, and its length.
struct Padded<'a> {
    whole: std::slice::Iter<'a, [u8; 64]>,
    end: [[u8; 64]; 2],
    /// How much of the end is still to come; nothing once its digest has been taken.
    left: Option<usize>,
}

impl<'a> Padded<'a> {
    fn new(text: &'a [u8]) -> Padded<'a> {
        let (whole, rest) = text.as_chunks();
        let blocks = if rest.len() < 56 { 1 } else { 2 };
        let mut end = [[0; 64]; 2];
        // The last block is always the second.
        let bytes = &mut end.as_flattened_mut()[64 * (2 - blocks)..];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes[rest.len()] = 0x80;
        let bits = (text.len() as u64).wrapping_mul(8);
        bytes[64 * blocks - 8..].copy_from_slice(&bits.to_le_bytes());
        Padded { whole: whole.iter(), end, left: Some(blocks) }
    }

    fn next(&mut self) -> Option<&[u8; 64]> {
        let left = self.left.as_mut()?;
        if let Some(block) = self.whole.next() {
            return Some(block);
        }
        *left = left.checked_sub(1)?;
        Some(&self.end[1 - *left])
    }

    /// Whether its last block was the one before.
    fn ends_now(&mut self) -> bool {
        self.left.take_if(|left| *left == 0).is_some()
    }
}

fn compress(state: &mut [Words; 4], words: &[Words; 16]) {
    let before = *state;
    round(state, words, 0, |step| step, |b, c, d| d ^ (b & (c ^ d)));
    round(state, words, 1, |step| 5 * step + 1, |b, c, d| c ^ (d & (b ^ c)));
    round(state, words, 2, |step| 3 * step + 5, |b, c, d| b ^ c ^ d);
    round(state, words, 3, |step| 7 * step, |b, c, d| c ^ (b | !d));
    for (now, before) in state.iter_mut().flatten().zip(before.iter().flatten()) {
        *now = now.wrapping_add(*before);
    }
}

/// Sixteen steps. Step `n` takes the word at `place(n)` and mixes by `mix`.
#[inline(always)]
fn round(
    state: &mut [Words; 4],
    words: &[Words; 16],
    round: usize,
    place: impl Fn(usize) -> usize,
    mix: impl Fn(u32, u32, u32) -> u32,
) {
    let [mut a, mut b, mut c, mut d] = *state;
    let take = |a: &mut Words, b: &Words, c: &Words, d: &Words, step: usize| {
        let (word, sine, shift) = (&words[place(step) % 16], SINES[16 * round + step], SHIFTS[round][step % 4]);
        for lane in 0..LANES {
            let sum = a[lane].wrapping_add(mix(b[lane], c[lane], d[lane])).wrapping_add(word[lane]).wrapping_add(sine);
            a[lane] = b[lane].wrapping_add(sum.rotate_left(shift));
        }
    };
    for step in [0, 4, 8, 12] {
        take(&mut a, &b, &c, &d, step);
        take(&mut d, &a, &b, &c, step + 1);
        take(&mut c, &d, &a, &b, step + 2);
        take(&mut b, &c, &d, &a, step + 3);
    }
    *state = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::{Digest, Md5};

    #[test]
    fn each_digest_is_its_texts_own() {
        let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for lengths in [vec![0], (0..=130).collect(), vec![1000, 3, 64, 500], vec![55, 56, 63, 64, 119, 120, 127, 128]]
        {
            let texts: Vec<&[u8]> = lengths.iter().map(|&length: &usize| &text[1000 - length..]).collect();
            let expected: Vec<[u8; 16]> = texts.iter().map(|text| Md5::digest(text).into()).collect();
            assert_eq!(digests(&texts), expected, "{lengths:?}");
        }
    }

    #[test]
    fn few_texts_and_texts_beside_a_long_one_are_taken_one_by_one() {
        let (short, long) = (&[0; 100][..], &[0; 10_000][..]);
        assert!(!pays(&[]) && !pays(&[short; 3]) && pays(&[short; 4]) && pays(&[long; 10]));
        let mut beside = [short; 10];
        beside[4] = long;
        assert!(!pays(&beside));
    }
}
