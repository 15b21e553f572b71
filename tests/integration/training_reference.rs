//! Training steps on the kernels against candle's own graph and autograd.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, VarBuilder, ops};
use hairline::net::plan::{Batch, Norms, ParameterTable, TrainStep};
use hairline::net::{Architecture, AttentionUNet, StateDict, read_model};
use hairline::training::{AdamW, Update};
use hairline_kernel::isa::Isa;
use hairline_kernel::loss::BceDice;

const ARCHITECTURE: Architecture = Architecture { base_width: 16 };
const SIZE: [usize; 3] = [2, 32, 32];
const STEPS: u64 = 50;
/// Small, because differences of rounding grow along the way, and the faster the longer the steps.
const RATE: f32 = 3e-5;

/// Normalised inputs and targets: a dark stripe on noise, another in every step.
fn samples(step: u64) -> (Vec<f32>, Vec<f32>) {
    let [count, height, width] = SIZE;
    let mut state = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let crack = |image: usize, y: usize, x: usize| (x + y * (image + 1) + step as usize * 5) % 29 < 4;
    let (mut input, mut targets) = (Vec::new(), Vec::new());
    for image in 0..count {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
        let mask: Vec<bool> = pixels.map(|(y, x)| crack(image, y, x)).collect();
        for _ in 0..3 {
            input.extend(mask.iter().map(|&on| if on { -1.0 } else { 0.5 } + 0.6 * noise()));
        }
        targets.extend(mask.iter().map(|&on| if on { 1.0 } else { 0.0 }));
    }
    (input, targets)
}

/// The reference: the network as candle computes it, with its parameters as variables.
struct Reference {
    network: AttentionUNet,
    variables: HashMap<String, Var>,
}

impl Reference {
    fn new(state: &StateDict) -> Result<Self> {
        let mut variables = HashMap::new();
        for (name, tensor) in state.iter() {
            variables.insert(name.to_owned(), Var::from_slice(&tensor.data, tensor.shape.as_slice(), &Device::Cpu)?);
        }
        let tensors = variables.iter().map(|(name, variable)| (name.clone(), variable.as_tensor().clone())).collect();
        let network = AttentionUNet::new(ARCHITECTURE, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))?;
        Ok(Self { network, variables })
    }

    /// The loss and the flat gradient of candle's autograd.
    fn step(&self, table: &ParameterTable, input: &[f32], targets: &[f32]) -> Result<(f64, Vec<f32>)> {
        let [count, height, width] = SIZE;
        let input = Tensor::from_slice(input, (count, 3, height, width), &Device::Cpu)?;
        let targets = Tensor::from_slice(targets, (count, 1, height, width), &Device::Cpu)?;
        let logits = self.network.forward_t(&input, true)?;
        let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
        let bce = ((logits.relu()? - (&logits * &targets)?)? + softplus)?.mean_all()?;
        let probabilities = ops::sigmoid(&logits)?;
        let both = ((&probabilities * &targets)?.sum_all()? * 2.0)?;
        let union = (probabilities.sum_all()? + targets.sum_all()?)?;
        let loss = (bce + (1.0 - ((both + 1.0)? / (union + 1.0)?)?)?)?;
        let gradients = loss.backward()?;
        let mut flat = vec![0.0; table.parameter_count()];
        for (name, range) in table.iter() {
            let gradient = gradients.get(self.variables[name].as_tensor()).expect("every parameter has a gradient");
            flat[range].copy_from_slice(&gradient.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok((f64::from(loss.to_scalar::<f32>()?), flat))
    }

    fn set(&self, table: &ParameterTable, parameters: &[f32]) -> Result<()> {
        for (name, range) in table.iter() {
            let variable = &self.variables[name];
            variable.set(&Tensor::from_slice(&parameters[range], variable.shape(), &Device::Cpu)?)?;
        }
        Ok(())
    }
}

#[test]
fn fifty_losses_are_those_of_the_reference_graph() {
    let (_, state) = read_model(include_bytes!("../../models/research.safetensors")).unwrap();
    let reference = Reference::new(&state).unwrap();
    let mut network = TrainStep::new(Isa::from_env().unwrap(), ARCHITECTURE);
    let (mut ours, _) = network.table.flatten(&state).unwrap();
    let (mut theirs, mut gradient) = (ours.clone(), vec![0.0; ours.len()]);
    let mut adams = [AdamW::new(ours.len()), AdamW::new(ours.len())];
    let decayed = vec![true; ours.len()];
    let mut first = 0.0;
    for step in 0..STEPS {
        let (input, targets) = samples(step);
        let batch = Batch { input: &input, size: SIZE };
        let loss = (&BceDice::default(), targets.as_slice());
        let result = network.run(&ours, Norms::Batch, batch, loss, &mut gradient);
        let (expected, expected_gradient) = reference.step(&network.table, &input, &targets).unwrap();
        let relative = (result.loss - expected).abs() / expected;
        println!("step {step}: {expected:.5}, apart by {relative:.1e}");
        assert!(relative < 1e-3, "step {step}: {} and {expected}", result.loss);
        if step == 0 {
            first = expected;
            let length =
                |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            let apart = length(&mut gradient.iter().zip(&expected_gradient).map(|(a, b)| a - b));
            let whole = length(&mut expected_gradient.iter().copied());
            assert!(apart < 1e-3 * whole, "the gradients are {apart} apart, of {whole}");
        }
        let update = Update { count: step + 1, rate: RATE, decay: 0.01 };
        adams[0].update(&mut ours, &gradient, &decayed, update);
        adams[1].update(&mut theirs, &expected_gradient, &decayed, update);
        reference.set(&network.table, &theirs).unwrap();
        if step + 1 == STEPS {
            assert!(expected < first * 0.9, "it learns: {first} {expected}");
        }
    }
}
