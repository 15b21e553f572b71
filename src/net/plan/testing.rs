//! Random networks and inputs for the tests of inference and training.

use crate::net::architecture::Architecture;
use crate::net::plan::reference::{Network, Planes};
use crate::net::state::{StateDict, Tensor};

/// Uniform in −1..1, from a splitmix64.
pub fn numbers(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// A random network with gains near 1 and weights of a size that keeps activations near 1.
pub fn random_state(base_width: usize) -> StateDict {
    let (mut state, mut next) = (StateDict::default(), numbers(1));
    for (name, shape) in (Architecture { base_width }).tensors() {
        let count: usize = shape.iter().product();
        let size = if shape.len() == 4 { (6.0 / (count / shape[0]) as f32).sqrt() } else { 0.2 };
        let near_one = name.ends_with("running_var") || shape.len() == 1 && name.ends_with("weight");
        let centre = if near_one { 1.0 } else { 0.0 };
        let data = (0..count).map(|_| centre + size * next()).collect();
        state.insert(name, Tensor { shape, data });
    }
    state
}

/// A network with input and targets.
pub struct Problem {
    pub state: StateDict,
    pub size: [usize; 3],
    pub input: Vec<f32>,
    pub targets: Vec<f32>,
}

/// A random network of this width, and a random batch.
pub fn problem(base_width: usize, size: [usize; 3]) -> Problem {
    let (mut next, [batch, height, width]) = (numbers(2), size);
    let input = (0..batch * 3 * height * width).map(|_| 2.0 * next()).collect();
    let targets = (0..batch * height * width).map(|_| if next() > 0.4 { 1.0 } else { 0.0 }).collect();
    Problem { state: random_state(base_width), size, input, targets }
}

/// The same network and input in f64.
pub fn reference(problem: &Problem, training: bool) -> (Network, Planes) {
    let architecture = problem.state.architecture().unwrap();
    let tensors = architecture.tensors().into_iter().map(|(name, _)| {
        let data = problem.state.get(&name).unwrap().data.iter().map(|&v| f64::from(v)).collect();
        (name, data)
    });
    let [batch, height, width] = problem.size;
    let input = Planes { size: [batch, 3, height, width], data: problem.input.iter().map(|&v| f64::from(v)).collect() };
    (Network { tensors: tensors.collect(), training }, input)
}
