use super::*;
use crate::net::plan::testing::{problem, reference};

#[test]
fn logits_match_pytorch_on_every_instruction_set() {
    let (_, weights) = crate::net::read_model(include_bytes!("../../../../models/open.safetensors")).unwrap();
    let check = include_bytes!("../../../../tests/data/forward-check.safetensors");
    let floats = StateDict::from_safetensors(check).unwrap();
    let file = safetensors::SafeTensors::deserialize(check).unwrap();
    let rgb = file.tensor("drawn_rgb").unwrap();
    let drawn: Vec<_> = rgb.data().iter().map(|&v| (f32::from(v) / 255.0 - 0.5) / 0.25).collect();
    let get = |name| &floats.get(name).unwrap().data;
    for isa in Isa::available() {
        let plan = InferencePlan::compile(isa, &weights).unwrap();
        let cases = [(get("input"), [2, 48, 64], "logits"), (&drawn, [1, 192, 320], "drawn_logits")];
        for (input, size, expected) in cases {
            let mut out = vec![f32::NAN; size.iter().product()];
            plan.forward(input, size, &mut Workspace::new(), &mut out);
            assert_within(&out, get(expected), isa.name());
        }
    }
}

#[track_caller]
fn assert_within(got: &[f32], expected: &[f32], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let worst = got.iter().zip(expected).map(|(g, e)| (g - e).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{what}: largest difference {worst}");
}

#[test]
fn logits_match_the_f64_reference_for_any_width_and_size() {
    for (base_width, size) in [(8, [2, 16, 16]), (16, [1, 32, 48]), (24, [1, 16, 80]), (64, [1, 16, 32])] {
        let problem = problem(base_width, size);
        let (network, input) = reference(&problem, false);
        let expected: Vec<f32> = network.forward(&input).data.iter().map(|&v| v as f32).collect();
        for isa in Isa::available() {
            let plan = InferencePlan::compile(isa, &problem.state).unwrap();
            let mut out = vec![f32::NAN; expected.len()];
            plan.forward(&problem.input, size, &mut Workspace::new(), &mut out);
            assert_within(&out, &expected, &format!("width {base_width} {size:?} {}", isa.name()));
        }
    }
}

#[test]
fn threads_workspace_and_batch_change_no_bit() {
    let problem = problem(16, [3, 64, 48]);
    let plan = InferencePlan::compile(Isa::available()[0], &problem.state).unwrap();
    let mut workspace = Workspace::new();
    // Memory that holds values of another size.
    let mut other = vec![0.0; 80 * 96];
    plan.forward(&vec![1e9; 3 * 80 * 96], [1, 80, 96], &mut workspace, &mut other);
    let mut expected = vec![0.0; 3 * 64 * 48];
    for (image, logits) in problem.input.chunks(3 * 64 * 48).zip(expected.chunks_mut(64 * 48)) {
        plan.forward(image, [1, 64, 48], &mut workspace, logits);
    }
    for threads in [1, 2, 3, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut logits = vec![f32::NAN; expected.len()];
        pool.install(|| plan.forward(&problem.input, problem.size, &mut workspace, &mut logits));
        assert!(logits == expected, "{threads} threads");
    }
}

#[test]
fn an_empty_batch_is_no_work() {
    let plan = InferencePlan::compile(Isa::available()[0], &problem(8, [0, 16, 16]).state).unwrap();
    plan.forward(&[], [0, 16, 16], &mut Workspace::new(), &mut []);
}

#[test]
#[should_panic(expected = "no multiple of 16")]
fn refuses_sides_that_are_no_multiple() {
    let plan = InferencePlan::compile(Isa::available()[0], &problem(8, [0, 16, 16]).state).unwrap();
    plan.forward(&[0.0; 3 * 8 * 16], [1, 8, 16], &mut Workspace::new(), &mut [0.0; 8 * 16]);
}
