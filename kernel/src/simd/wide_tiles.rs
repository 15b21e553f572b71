//! The portable vectors with as many in a register tile as AVX-512 has: for tests on machines without it.

use super::{Lanes, Simd};
use crate::isa::Portable;

/// See [`crate::isa::Isa::WideTiles`].
#[derive(Clone, Copy)]
pub struct WideTiles;

type V = <Portable as Simd>::V;

macro_rules! delegate {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(self, $($arg: $type),*) -> $result { Portable.$name($($arg),*) })*
    };
}

impl Simd for WideTiles {
    type V = V;

    const TILE: usize = 14;

    delegate! {
        splat(x: f32) -> V;
        load(from: &Lanes) -> V;
        store(v: V, to: &mut Lanes) -> ();
        add(a: V, b: V) -> V;
        sub(a: V, b: V) -> V;
        mul(a: V, b: V) -> V;
        div(a: V, b: V) -> V;
        mul_add(a: V, b: V, c: V) -> V;
        max(a: V, b: V) -> V;
        min(a: V, b: V) -> V;
        select_gt(a: V, b: V, yes: V, no: V) -> V;
        exp2_whole(n: V) -> V;
        sum(v: V) -> f32;
    }
}
