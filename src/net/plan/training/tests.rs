use super::*;
use crate::net::plan::testing::{Problem, numbers, problem, random_state, reference};

const LOSS: BceDice = BceDice { bce: 1.0, dice: 1.0, smoothing: 1.0 };

struct Outcome {
    result: StepResult,
    logits: Vec<f32>,
    gradient: Vec<f32>,
    table: ParameterTable,
}

fn step(isa: Isa, problem: &Problem, frozen: bool) -> Outcome {
    let architecture = problem.state.architecture().unwrap();
    let mut step = TrainStep::new(isa, architecture);
    let (parameters, running) = step.table.flatten(&problem.state).unwrap();
    let mut gradient = vec![f32::NAN; parameters.len()];
    let norms = if frozen { Norms::Frozen(&running) } else { Norms::Batch };
    let batch = Batch { input: &problem.input, size: problem.size };
    let mut logits = Vec::new();
    // Twice, so that memory that is used again cannot hold zeros by luck.
    step.run(&parameters, norms, batch, (&LOSS, &problem.targets), &mut gradient);
    gradient.fill(f32::NAN);
    let result = step.run_with(&parameters, norms, batch, &mut gradient, |values, out| {
        logits = values.to_vec();
        bce_dice(isa, &LOSS, values, &problem.targets, out)
    });
    Outcome { result, logits, gradient, table: step.table }
}

fn loss_f64(logits: &[f64], targets: &[f32]) -> f64 {
    let mut sums = LossSums { count: logits.len() as f64, ..LossSums::default() };
    for (&x, &t) in logits.iter().zip(targets) {
        let (p, t) = (1.0 / (1.0 + (-x).exp()), f64::from(t));
        let bce = x.max(0.0) - x * t + (-x.abs()).exp().ln_1p();
        sums = sums + LossSums { count: 0.0, bce, probability: p, target: t, both: p * t };
    }
    LOSS.value(&sums)
}

/// Compares, for every parameter tensor and on every instruction set, the gradient along one random direction with finite
/// differences in f64.
fn check_gradient(problem: &Problem, frozen: bool) {
    let outcomes: Vec<_> = Isa::available().into_iter().map(|isa| (isa.name(), step(isa, problem, frozen))).collect();
    let (mut network, input) = reference(problem, !frozen);
    let logits = network.forward(&input).data;
    let loss = loss_f64(&logits, &problem.targets);
    for (isa, outcome) in &outcomes {
        let worst = outcome.logits.iter().zip(&logits).map(|(g, e)| (f64::from(*g) - e).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-3, "{isa}: logits differ by {worst}");
        assert!((outcome.result.loss - loss).abs() < 1e-5, "{isa}: {} {loss}", outcome.result.loss);
    }
    let whole = outcomes[0].1.gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    let mut failures = Vec::new();
    for (name, range) in outcomes[0].1.table.iter() {
        let original = network.tensors[name].clone();
        let mut next = numbers(original.len() as u64);
        let direction: Vec<f64> = original.iter().map(|_| f64::from(next())).collect();
        let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        let mut moved = |by: f64| {
            let values = original.iter().zip(&direction).map(|(v, d)| v + by * d / length).collect();
            network.tensors.insert(name.to_owned(), values);
            loss_f64(&network.forward(&input).data, &problem.targets)
        };
        let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        network.tensors.insert(name.to_owned(), original);
        for (isa, outcome) in &outcomes {
            let gradient = &outcome.gradient[range.clone()];
            let got: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * d / length).sum();
            let size = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            // A direction's derivative may nearly cancel, so the error counts against the whole gradient as well.
            if (got - expected).abs() > 2e-3 * expected.abs() + 2e-4 * size + 5e-6 * whole {
                failures.push(format!("{isa} {name}: {got:.3e}, not {expected:.3e}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn gradient_matches_finite_differences_with_batch_statistics() {
    check_gradient(&problem(8, [2, 32, 32]), false);
}

#[test]
fn gradient_matches_finite_differences_with_frozen_statistics() {
    check_gradient(&problem(8, [1, 16, 32]), true);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let problem = problem(16, [3, 48, 32]);
    let isa = Isa::available()[0];
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| step(isa, &problem, false))
    };
    let one = with(1);
    assert!(one.gradient.iter().all(|g| g.is_finite()));
    for threads in [2, 3, 5] {
        let other = with(threads);
        assert_eq!(one.result, other.result, "{threads} threads");
        assert!(one.logits == other.logits && one.gradient == other.gradient, "{threads} threads");
    }
}

#[test]
fn state_dicts_survive_flattening() {
    let state = random_state(8);
    let table = ParameterTable::new(state.architecture().unwrap());
    let (parameters, statistics) = table.flatten(&state).unwrap();
    assert_eq!(table.unflatten(&parameters, &statistics), state);
}
