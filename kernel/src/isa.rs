//! Run-time choice of the instruction set: proof tokens, detection, `HAIRLINE_ISA`, and the one dispatcher.

use std::fmt;
use std::sync::OnceLock;

use crate::simd::Simd;

/// Proof that this processor has AVX-512F; only [`Avx512::detect`] makes one.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx512(());

/// Proof that this processor has AVX2 and FMA; only [`Avx2Fma::detect`] makes one.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx2Fma(());

/// The fallback that runs on every processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portable;

#[cfg(target_arch = "x86_64")]
impl Avx512 {
    /// Returns the token when the processor and the operating system support AVX-512F.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && Avx2Fma::detect().is_some()).then_some(Self(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx2Fma {
    /// Returns the token when the processor and the operating system support AVX2 and FMA.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

impl Portable {
    /// Always succeeds; the counterpart of the detecting constructors.
    pub fn detect() -> Option<Self> {
        Some(Self)
    }
}

/// An algorithm written once over [`Simd`] and run with the features of one instruction set.
///
/// `run` must be `#[inline(always)]`, so that its body is compiled inside the `#[target_feature]` shell.
pub trait Algorithm {
    /// What the algorithm returns.
    type Output;
    /// Runs the algorithm with the vectors of `S`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2Fma),
    /// Whatever the compiler makes of plain arrays.
    Portable(Portable),
    /// AVX-512's register tiles on plain arrays, so that they are tested on every machine.
    #[cfg(test)]
    WideTiles,
}

/// `HAIRLINE_ISA` names an instruction set that does not exist or that this processor lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsaError {
    asked: String,
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here: Vec<_> = Isa::available().into_iter().map(Isa::name).collect();
        write!(
            f,
            "HAIRLINE_ISA={:?} is not possible here: the choices are avx512, avx2 and portable, and this processor has {}",
            self.asked,
            here.join(", ")
        )
    }
}

impl std::error::Error for IsaError {}

impl Isa {
    /// Every instruction set that this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(Avx512::detect().map(Self::Avx512));
            all.extend(Avx2Fma::detect().map(Self::Avx2));
        }
        all.extend(Portable::detect().map(Self::Portable));
        #[cfg(test)]
        all.push(Self::WideTiles);
        all
    }

    /// The name that `HAIRLINE_ISA` uses.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable(_) => "portable",
            #[cfg(test)]
            Self::WideTiles => "wide-tiles",
        }
    }

    /// Picks the instruction set called `name`, or the fastest where `name` is `None`.
    ///
    /// # Errors
    /// When the name is unknown or the processor lacks the instruction set.
    pub fn choose(name: Option<&str>) -> Result<Self, IsaError> {
        let all = Self::available();
        match name {
            None => Ok(all[0]),
            Some(name) => {
                let found = all.into_iter().find(|isa| isa.name() == name);
                found.ok_or_else(|| IsaError { asked: name.to_owned() })
            }
        }
    }

    /// The instruction set of this process: `HAIRLINE_ISA` where it is set, else the fastest. Read once.
    ///
    /// # Errors
    /// As [`Isa::choose`].
    pub fn from_env() -> Result<Self, IsaError> {
        static CHOICE: OnceLock<Result<Isa, IsaError>> = OnceLock::new();
        let choose = || {
            let asked = std::env::var_os("HAIRLINE_ISA").map(|v| v.to_string_lossy().into_owned());
            Self::choose(asked.as_deref())
        };
        CHOICE.get_or_init(choose).clone()
    }

    /// Runs an algorithm with this instruction set.
    #[inline]
    pub fn run<A: Algorithm>(self, algorithm: A) -> A::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(token) => {
                // SAFETY: the token proves that the processor has AVX-512F, AVX2 and FMA.
                unsafe { run_avx512(algorithm, token) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(token) => {
                // SAFETY: the token proves that the processor has AVX2 and FMA.
                unsafe { run_avx2(algorithm, token) }
            }
            Self::Portable(token) => algorithm.run(token),
            #[cfg(test)]
            Self::WideTiles => algorithm.run(crate::simd::WideTiles),
        }
    }
}

// The features of each shell are those that its token's `detect` checks.

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn run_avx512<A: Algorithm>(algorithm: A, token: Avx512) -> A::Output {
    algorithm.run(token)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<A: Algorithm>(algorithm: A, token: Avx2Fma) -> A::Output {
    algorithm.run(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_name_can_be_chosen() {
        for isa in Isa::available() {
            assert_eq!(Isa::choose(Some(isa.name())), Ok(isa));
        }
        assert_eq!(Isa::choose(None).ok(), Isa::available().first().copied());
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_choices() {
        for name in ["", "AVX2", "sse"] {
            let message = Isa::choose(Some(name)).unwrap_err().to_string();
            assert!(message.contains("avx512, avx2 and portable"), "{message}");
            assert!(message.contains(&format!("{name:?}")), "{message}");
        }
    }
}
