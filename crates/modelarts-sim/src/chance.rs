//! Reproducible randomness: suffixes of generated names, and the dice of faults.
//!
//! The same seed gives the same run, so a failure found by chance can be replayed. It is not, and
//! need not be, hard to predict.

/// A splitmix64 generator.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// A generator that repeats itself for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True with the given probability; 0 never, 1 always.
    pub fn hits(&mut self, probability: f64) -> bool {
        // 53 bits fill the mantissa exactly, so the quotient lies in [0, 1).
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let dice = (self.bits() >> 11) as f64 / (1u64 << 53) as f64;
        dice < probability
    }

    /// Five letters and digits as at the end of generated names.
    pub fn suffix(&mut self) -> String {
        const ALPHABET: &[u8; 32] = b"bcdfghjklmnpqrstvwxz2456789aeiou";
        let mut bits = self.bits();
        (0..5)
            .map(|_| {
                let letter = ALPHABET[usize::from((bits & 31) as u8)];
                bits >>= 5;
                char::from(letter)
            })
            .collect()
    }

    /// 32 hexadecimal digits.
    pub fn hex32(&mut self) -> String {
        format!("{:016x}{:016x}", self.bits(), self.bits())
    }

    /// A UUID-shaped text.
    pub fn uuid(&mut self) -> String {
        let h = self.hex32();
        format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }
}
