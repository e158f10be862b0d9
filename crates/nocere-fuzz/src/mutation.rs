//! Mutations that depend on a number only, for runs without libFuzzer.

/// Bytes that parsers stumble over.
const TOKENS: [&[u8]; 28] = [
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\t",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{}",
    b"[]",
    b"[[[[[[[[",
    b"{\"a\":",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"NaN",
    b"\xcc\x88",
    b"\xe2\x80\x8b",
    b"\xf0\x9f\x98\x80",
    b"</think>",
    b"<think>",
    b"== ",
    b"%%",
];

/// Longest input that a mutation makes, in bytes.
const LONGEST: usize = 64 * 1024;

/// A source of numbers that only depends on its seed (xorshift64*; Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 if `end` is.
    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end.max(1)
    }
}

/// The `number`-th mutation of `seed`. `other` is another seed, of which parts are taken.
pub fn mutated(seed: &[u8], other: &[u8], number: u64) -> Vec<u8> {
    let mut numbers = Numbers(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    numbers.next();
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(6) {
        mutate(&mut bytes, other, &mut numbers);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len() + 1);
    let end = at + numbers.below((bytes.len() - at).min(64) + 1);
    match numbers.below(7) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << numbers.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = numbers.next() as u8;
            }
        }
        2 => {
            bytes.drain(at..end);
        }
        3 => {
            let part = bytes[at..end].repeat(1 + numbers.below(8));
            bytes.splice(at..at, part);
        }
        4 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            bytes.splice(at..at, token.iter().copied());
        }
        5 => {
            let from = numbers.below(other.len() + 1);
            let to = from + numbers.below((other.len() - from).min(256) + 1);
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        _ => bytes.truncate(at),
    }
}
