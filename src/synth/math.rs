//! Elementary functions from IEEE additions and multiplications alone.
//!
//! `f32::sin` and its relatives call the platform's libm, whose last bits differ
//! between systems. The polynomials here (folded Taylor series, atanh series for the
//! logarithm) give the same bits everywhere; relative error is below 1e-5.

use std::f32::consts::{FRAC_PI_2, LN_2, LOG2_E, SQRT_2, TAU};

/// Sine of an angle in radians.
pub fn sin(angle: f32) -> f32 {
    let turns = angle / TAU;
    let turns = turns - turns.round();
    let folded = if turns > 0.25 {
        0.5 - turns
    } else if turns < -0.25 {
        -0.5 - turns
    } else {
        turns
    };
    let a = folded * TAU;
    let s = a * a;
    a * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362_880.0))))
}

/// Cosine of an angle in radians.
pub fn cos(angle: f32) -> f32 {
    sin(angle + FRAC_PI_2)
}

/// Natural exponential.
pub fn exp(x: f32) -> f32 {
    exp2(x * LOG2_E)
}

/// Two to the power `x`, clamped to the normal range of `f32`.
pub fn exp2(x: f32) -> f32 {
    let x = x.clamp(-126.0, 126.0);
    let whole = x.floor();
    let f = x - whole;
    let poly = 1.0
        + f * (LN_2 + f * (0.240_226_5 + f * (0.055_504_1 + f * (0.009_618_1 + f * (0.001_333_4 + f * 0.000_154_7)))));
    poly * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

/// Base-two logarithm of a positive, normal number.
pub fn log2(x: f32) -> f32 {
    let bits = x.max(f32::MIN_POSITIVE).to_bits();
    let mut exponent = (bits >> 23) as i32 - 127;
    let mut mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    if mantissa > SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let s = t * t;
    let series = t * (1.0 + s * (1.0 / 3.0 + s * (0.2 + s * (1.0 / 7.0 + s / 9.0))));
    exponent as f32 + 2.0 * LOG2_E * series
}

/// `base` to the power `exponent`; 0 for a base that is not positive.
pub fn pow(base: f32, exponent: f32) -> f32 {
    if base <= 0.0 { 0.0 } else { exp2(exponent * log2(base)) }
}

/// Hermite step from 0 at `low` to 1 at `high`; `low` may exceed `high`.
pub fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Linear interpolation from `a` at 0 to `b` at 1.
pub fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_std() {
        for i in -2000..2000 {
            let x = i as f32 * 0.01;
            assert!((sin(x) - x.sin()).abs() < 1e-5, "sin {x}");
            assert!((exp(x * 0.5) / (x * 0.5).exp() - 1.0).abs() < 2e-5, "exp {x}");
        }
        for i in 1..2000 {
            let x = i as f32 * 0.013;
            assert!((log2(x) - x.log2()).abs() < 1e-5, "log2 {x}");
            assert!((pow(x, 0.45) / x.powf(0.45) - 1.0).abs() < 2e-5, "pow {x}");
        }
    }
}
